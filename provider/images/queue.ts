// Work on the same thing, one after the other: the second finds what the first has made.

export interface Queue {
  /** The failure of one is not the failure of the next. Rejects with the signal's reason as soon as it ends, also while it waits for its turn. */
  run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

/** Rejects when the signal ends; `stop` forgets it. */
function untilAborted(signal: AbortSignal): { readonly aborted: Promise<never>; readonly stop: () => void } {
  let listener: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    listener = () => reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    if (signal.aborted) listener();
    else signal.addEventListener("abort", listener, { once: true });
  });
  aborted.catch(() => undefined);
  return { aborted, stop: () => signal.removeEventListener("abort", listener) };
}

export function createQueue(): Queue {
  const tails = new Map<string, Promise<unknown>>();
  return {
    async run(key, signal, work) {
      const { aborted, stop } = untilAborted(signal);
      const before = tails.get(key) ?? Promise.resolve();
      const start = () => (signal.aborted ? aborted : work());
      const result = before.then(start, start);
      tails.set(key, result);
      const forget = () => {
        if (tails.get(key) === result) tails.delete(key);
      };
      result.then(forget, forget);
      try {
        await Promise.race([before.catch(() => undefined), aborted]);
      } finally {
        stop();
      }
      return result;
    },
  };
}
