// What the tests wait for: a condition that must come true, and a call that must fail.
import { setTimeout as sleep } from "node:timers/promises";

const limitMs = 5_000;
const stepMs = 2;

/** Waits for what must come; throws when it does not. */
export async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`never came true: ${condition.toString()}`);
    await sleep(stepMs);
  }
}

/** The error of a call that must fail; an error of its own where it succeeded, which no expectation takes for the right one. */
export async function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => new Error("the call succeeded"),
    (error: unknown) => error,
  );
}
