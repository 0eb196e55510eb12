// A lock per pool: libvirt serialises work on one pool badly, so this provider does one thing at a time in each.

const tails = new Map<string, Promise<unknown>>();

/** Runs `work` after all earlier work on the same pool of the same host has ended, well or badly. */
export async function poolLock<T>(uri: string, pool: string, work: () => Promise<T>): Promise<T> {
  const key = `${uri}\n${pool}`;
  const before = tails.get(key) ?? Promise.resolve();
  const mine = before.then(work, work);
  const settled = mine.catch(() => undefined);
  tails.set(key, settled);
  try {
    return await mine;
  } finally {
    if (tails.get(key) === settled) tails.delete(key);
  }
}
