// One path of a backing chain -> what lies there: a volume that libvirt knows, else a file or device of this machine, where the daemon sees the same.
import { dirname } from "node:path";
import type { PoolRecord } from "../libvirt/port";
import { parsePool } from "../xml/pool-xml";
import { parseVolume } from "../xml/storage-xml";
import type { Eyes } from "./eyes";
import { viewOfPool } from "./local-view";
import { mountOfPath } from "./mount-of-path";
import type { Machine } from "./machine";
import { parseImageHeader } from "../plan/image-header";
import { refreshPool } from "./refresh-pool";
import { storageOfPoolType } from "./storage-kinds";

export interface Image {
  readonly format: "raw" | "qcow2" | "other";
  readonly capacityBytes?: number | undefined;
  /** As libvirt or the header names it. */
  readonly backingName?: string | undefined;
  /** What the image says that its backing file is. */
  readonly backingFormat?: Image["format"] | undefined;
}

export type Located =
  | { readonly where: "pool"; readonly pool: string; readonly image: Image }
  /** `device`: of a block device, its numbers. */
  | { readonly where: "here"; readonly image: Image; readonly device?: string | undefined }
  | { readonly where: "nowhere" }
  /** In no pool, and whether what is here is what the daemon sees is not sure. */
  | { readonly where: "unsure" };

export interface Locator {
  readonly eyes: Eyes;
  readonly pools: readonly PoolRecord[];
  readonly signal: AbortSignal | undefined;
}

/** libvirt calls an image with a CD's file system "iso": for QEMU it is raw. */
const formatOf = (word: string): Image["format"] => (word === "qcow2" ? "qcow2" : word === "raw" || word === "iso" ? "raw" : "other");

async function volumeAt({ eyes: { libvirt }, signal }: Locator, path: string): Promise<Located | undefined> {
  const volume = await libvirt.findVolume({ path }, { signal });
  if (volume === undefined) return undefined;
  const { format, backingPath, backingFormat } = parseVolume(volume.xml);
  return {
    where: "pool",
    pool: volume.pool,
    image: {
      format: formatOf(format),
      capacityBytes: volume.capacityBytes,
      backingName: backingPath,
      backingFormat: backingFormat === undefined ? undefined : formatOf(backingFormat),
    },
  };
}

const folderPools = (pools: readonly PoolRecord[]) =>
  pools.flatMap((pool) => {
    const { path, type } = parsePool(pool.xml);
    return pool.active && path !== undefined && storageOfPoolType(type).folder ? [{ pool, path }] : [];
  });

/**
 * Whether a path in no pool means the same here and for the daemon. Proven by a pool on the same mount whose folder is the same on both sides. Where no
 * pool can be compared at all, a daemon at its usual socket that calls the machine by the name it has here is taken for this machine's own.
 */
async function isSameHere({ eyes: { libvirt, machine, meet }, pools, signal }: Locator, path: string): Promise<boolean> {
  if (!libvirt.isLocalSocket) return false;
  const mount = await mountOfPath(machine, path);
  if (mount === undefined || mount.fileSystem === "overlay") return false;
  const folders = folderPools(pools);
  for (const { pool, path: folder } of folders) {
    const poolMount = await mountOfPath(machine, folder);
    if (poolMount?.mountPoint !== mount.mountPoint) continue;
    if ("same" in (await viewOfPool(libvirt, machine, pool, folder, () => refreshPool(libvirt, pool.name, signal)))) return true;
  }
  if (folders.length > 0 || new URL(libvirt.uri).searchParams.has("socket")) return false;
  return (await meet(signal)).identity.hostname === machine.hostname;
}

/** The nearest folder above the path that is there. */
async function nearestFolder(machine: Machine, path: string): Promise<string> {
  const folder = dirname(path);
  return folder === path || (await machine.stat(folder)) !== undefined ? folder : nearestFolder(machine, folder);
}

async function imageHere({ eyes: { machine } }: Locator, path: string): Promise<Located> {
  const [info, head] = await Promise.all([machine.stat(path), machine.readHead(path)]);
  if (info === undefined || info.isFolder) return { where: "nowhere" };
  // Not readable by this user: its format, and so its backing file, stay unknown.
  const header = head === undefined ? { format: "other" as const } : parseImageHeader(head);
  return {
    where: "here",
    image: { capacityBytes: header.format === "raw" && !info.isBlockDevice ? info.sizeBytes : undefined, ...header },
    device: info.isBlockDevice ? info.device : undefined,
  };
}

export async function locateImage(locator: Locator, path: string): Promise<Located> {
  const {
    eyes: { libvirt, machine },
    pools,
    signal,
  } = locator;
  const volume = await volumeAt(locator, path);
  if (volume !== undefined) return volume;
  const owner = folderPools(pools).find((each) => each.path === dirname(path));
  if (owner !== undefined) {
    // A file that was put there since the pool was last read.
    await refreshPool(libvirt, owner.pool.name, signal);
    return (await volumeAt(locator, path)) ?? { where: "nowhere" };
  }
  const info = libvirt.isLocalSocket ? await machine.stat(path) : undefined;
  // Devices are the kernel's, which a local daemon shares.
  if (info?.isBlockDevice === true) return imageHere(locator, path);
  const seen = info === undefined ? await nearestFolder(machine, path) : path;
  if (!(await isSameHere(locator, seen))) return { where: "unsure" };
  return imageHere(locator, path);
}
