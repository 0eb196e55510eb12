// The storage part of a pool's facts: what an image that lies directly in the pool's folder shares with it.
import type { StorageFacts } from "../plan/facts";

export function storageOf(facts: StorageFacts): StorageFacts {
  const { kind, path, fileSystem, directIo, source, why, shared, version, zfsDirect, nocow, impassable } = facts;
  return { kind, path, fileSystem, directIo, source, why, shared, version, zfsDirect, nocow, impassable };
}
