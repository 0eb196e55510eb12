// The verbs that run at this moment: each ends by itself, by its time limit, by Cancel, or when the engine hangs up.
import { setMaxListeners } from "node:events";
import { CancelledError, type FailureContext } from "../errors";

export interface Limits {
  /** What runs, for the message when it is stopped. */
  readonly context: Pick<FailureContext, "doing" | "what">;
  /** Milliseconds; 0: none. */
  readonly timeoutMs?: number | undefined;
  /** The engine hung up. */
  readonly hangup?: AbortSignal | undefined;
}

export interface RunningVerbs {
  /** Runs `work`; once its signal has ended it has the grace to finish with what it has, then CancelledError is thrown without it. */
  run<Result>(limits: Limits, work: (signal: AbortSignal) => Promise<Result>): Promise<Result>;
  cancelAll(): void;
  /** Resolves when nothing runs any more. */
  settled(): Promise<void>;
}

const msASecond = 1000;
/** setTimeout's largest; a longer limit is none at all in practice (24 days). */
const longestTimeoutMs = 2 ** 31 - 1;

const timeLimitPassed = ({ context, timeoutMs = 0 }: Limits) =>
  new CancelledError({ ...context, wayOut: `The limit was ${timeoutMs / msASecond} s: the resource option customTimeouts sets it.` });

/** Any failure of a stopped verb comes from its being stopped, unless it says more (the closed set of errors). */
const isAbortError = (error: unknown) => error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");

export const createRunningVerbs = (graceMs: number): RunningVerbs => {
  const stops = new Set<() => void>();
  const work = new Set<Promise<unknown>>();

  const run: RunningVerbs["run"] = async (limits, start) => {
    const controller = new AbortController();
    const { signal } = controller;
    // Every libvirt call of the verb listens to it, a dozen at once: no leak, of which node would warn the user.
    setMaxListeners(0, signal);
    const timers: NodeJS.Timeout[] = [];
    const after = (ms: number, action: () => void) => timers.push(setTimeout(action, ms));
    const stop = () => controller.abort(new CancelledError(limits.context));

    const outOfGrace = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => after(graceMs, () => reject(signal.reason as CancelledError)), { once: true });
    });
    if (limits.timeoutMs !== undefined && limits.timeoutMs > 0) {
      after(Math.min(limits.timeoutMs, longestTimeoutMs), () => controller.abort(timeLimitPassed(limits)));
    }
    limits.hangup?.addEventListener("abort", stop, { once: true });
    stops.add(stop);
    try {
      return await Promise.race([start(signal), outOfGrace]);
    } catch (error) {
      throw signal.aborted && isAbortError(error) ? signal.reason : error;
    } finally {
      timers.forEach(clearTimeout);
      stops.delete(stop);
      limits.hangup?.removeEventListener("abort", stop);
    }
  };

  return {
    run: (limits, start) => {
      const running = run(limits, start);
      const settled = running.then(
        () => undefined,
        () => undefined,
      );
      work.add(settled);
      void settled.then(() => work.delete(settled));
      return running;
    },
    cancelAll: () => {
      for (const stop of [...stops]) stop();
    },
    settled: async () => {
      await Promise.all(work);
    },
  };
};
