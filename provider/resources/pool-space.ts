// Failures in a pool that is (nearly) full, told as such: by how much space there is, never by the text of an error. Facts -> message.
import { HostError, RefusedError } from "../errors";
import type { Call } from "./resource";

export interface SpaceNeed {
  readonly pool: string;
  /** Bytes that the work has to write. */
  readonly neededBytes: number;
}

const largestUnits = ["GiB", "MiB", "KiB"] as const;
const bytesPer = { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 } as const;

/** A size for people, to a tenth: "3.4 GiB". `formatSize` is exact, and unreadable for odd numbers. */
export function roundSize(bytes: number): string {
  const unit = largestUnits.find((each) => bytes >= bytesPer[each]);
  return unit === undefined ? `${bytes} bytes` : `${Math.round((bytes / bytesPer[unit]) * 10) / 10} ${unit}`;
}

export const spaceReason = ({ pool, neededBytes }: SpaceNeed, availableBytes: number): string =>
  `The pool ${pool} has ${roundSize(availableBytes)} free, and ${roundSize(neededBytes)} are needed: free space there, or take another pool.`;

/** Free bytes as the pool's storage says now; undefined: the pool does not tell. */
export async function freeBytes(pool: string, { services: { libvirt }, signal }: Call): Promise<number | undefined> {
  // Without a rescan libvirt answers what was free when it last looked. A pool with work in it refuses one: then that must do.
  await libvirt.refreshPool(pool, { signal }).catch((error: unknown) => {
    if (!(error instanceof HostError)) throw error;
  });
  const record = await libvirt.findPool(pool, { signal });
  return record?.active === true ? record.availableBytes : undefined;
}

/** For work that takes its space at once: refuses it, at the input that asks for it, before gigabytes are written for nothing. */
export async function requireSpace(need: SpaceNeed, path: string, call: Call): Promise<void> {
  const available = await freeBytes(need.pool, call);
  if (available === undefined || available >= need.neededBytes) return;
  throw new RefusedError([{ path, reason: `is full, for which there is no room. ${spaceReason(need, available)}` }]);
}

/** The error with the space as its explanation, where there is too little of it; else the error as it is. To be asked after what was begun is deleted. */
export async function explainedBySpace(error: unknown, need: SpaceNeed, call: Call): Promise<unknown> {
  if (!(error instanceof HostError)) return error;
  const available = await freeBytes(need.pool, { ...call, signal: new AbortController().signal }).catch(() => undefined);
  if (available === undefined || available >= need.neededBytes) return error;
  return new HostError(error.code, error.libvirtMessage, { ...error.context, wayOut: spaceReason(need, available) });
}
