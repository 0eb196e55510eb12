// Whether a folder that the daemon names is the same folder here: a local socket alone proves nothing (containers, mount namespaces).
import type { Libvirt, PoolRecord } from "../libvirt/port";
import { readStorageKind } from "./local-storage";
import type { StorageKindFacts } from "./local-storage";
import type { Machine } from "./machine";

/** The folder as this machine sees it, when it is the daemon's; else why that is not sure. */
export type LocalView = { readonly same: StorageKindFacts } | { readonly notSure: string };

async function compare(machine: Machine, path: string, capacityBytes: number): Promise<LocalView> {
  const [known, bytes] = await Promise.all([readStorageKind(machine, path), machine.fileSystemBytes(path)]);
  if (known === undefined || bytes === undefined) return { notSure: `${path} cannot be seen from here` };
  // A container's own file system has the size of the disk below it, which the daemon may see as well.
  if (known.kind === "overlay") return { notSure: `${path} is inside a container's file system here` };
  if (bytes !== capacityBytes) return { notSure: `${path} is another file system here than for the daemon` };
  // Two file systems of the same size to the byte are the same; but nothing at all is a size that only ramfs is known to have.
  if (bytes === 0 && known.kind !== "ramfs") return { notSure: `${path} has no size that could be compared` };
  return { same: known };
}

/**
 * Compares the size of the file system as the daemon tells it with what is here. The daemon's number is as old as the pool's last refresh,
 * so the pool is refreshed before a difference is believed; that reads the storage and changes nothing on it.
 */
export async function viewOfPool(
  libvirt: Libvirt,
  machine: Machine,
  pool: PoolRecord,
  path: string,
  refresh: () => Promise<unknown>,
): Promise<LocalView> {
  if (!libvirt.isLocalSocket) return { notSure: "the host is another machine" };
  const first = await compare(machine, path, pool.capacityBytes);
  if ("same" in first || (await machine.realPath(path)) === undefined) return first;
  await refresh();
  const fresh = await libvirt.findPool(pool.name);
  return fresh === undefined ? first : compare(machine, path, fresh.capacityBytes);
}
