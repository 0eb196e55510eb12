// Waits until a domain is in a state: libvirt's events wake it, a poll makes up for events that were lost.
import { CancelledError } from "../errors";
import { Alarm } from "./alarm";
import type { HostConnection } from "./connection";
import { aboutDomain } from "./domain-ref";
import type { CallOptions } from "./port";

const pollMs = 2_000;

export interface WaitOptions extends CallOptions {
  readonly timeoutMs: number;
  readonly isReached: () => Promise<boolean>;
}

/** True when the state is reached, false when the time is over. */
export async function waitForState(host: HostConnection, uuid: string, { timeoutMs, signal, isReached }: WaitOptions): Promise<boolean> {
  const about = aboutDomain("Waiting for", uuid, { signal });
  const endsAt = performance.now() + timeoutMs;
  const alarm = new Alarm();
  const ring = () => alarm.ring();
  // Subscribed before the first look, so that nothing falls between.
  const unsubscribe = await host.onLifecycle((event) => {
    if (event === "missed some" || event.dom.uuid === uuid) ring();
  }, about);
  signal?.addEventListener("abort", ring);
  try {
    for (;;) {
      if (signal?.aborted === true) throw new CancelledError(about);
      if (await isReached()) return true;
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) return false;
      await alarm.sleep(Math.min(leftMs, pollMs));
    }
  } finally {
    signal?.removeEventListener("abort", ring);
    unsubscribe();
  }
}
