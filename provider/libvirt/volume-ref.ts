// Names a volume to libvirt's procedures: by its path, or by its pool and its name.
import type { StorageVol } from "node-libvirt";
import type { HostConnection } from "./connection";
import type { CallContext } from "./errors";
import { lookUpPool } from "./pools";
import type { CallOptions, VolumeRef } from "./port";

export const shownRef = (ref: VolumeRef): string => ("path" in ref ? ref.path : `${ref.name} in the pool ${ref.pool}`);

/** What a call about a volume says of itself when it fails. */
export const aboutVolume = (
  doing: string,
  ref: VolumeRef,
  options: CallOptions | undefined,
): CallContext & { options: CallOptions | undefined } => ({ doing, what: `the volume ${shownRef(ref)}`, options });

/** Rejects with "no such volume", or "no such pool" for a volume named by pool. */
export async function lookUpVolume(host: HostConnection, ref: VolumeRef, options: CallOptions | undefined): Promise<StorageVol> {
  const about = aboutVolume("Looking up", ref, options);
  if ("path" in ref) return (await host.call("storageVolLookupByPath", { ...about, args: { path: ref.path } })).vol;
  const pool = await lookUpPool(host, ref.pool, options);
  return (await host.call("storageVolLookupByName", { ...about, args: { pool, name: ref.name } })).vol;
}
