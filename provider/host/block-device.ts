// A block device of this machine -> its kind, by what the kernel tells under /sys.
import type { StorageFacts } from "../plan/facts";
import type { Machine } from "./machine";
import type { KindOfStorage } from "./storage-kinds";

const sectorBytes = 512;

export interface BlockDevice extends KindOfStorage {
  /** The kernel's name: "dm-0", "sda". */
  readonly name: string;
  readonly capacityBytes?: number | undefined;
  /** A loop device's file, where the loop driver reads and writes it through the page cache. */
  readonly cachedFile?: string | undefined;
}

/** A loop device takes O_DIRECT in any case, but hands it on to its file only if it was set up so. */
async function cachedFileOf(machine: Machine, folder: string): Promise<string | undefined> {
  const [directIo, file] = await Promise.all([machine.readText(`${folder}/loop/dio`), machine.readText(`${folder}/loop/backing_file`)]);
  return directIo?.trim() === "0" ? file?.trim() : undefined;
}

async function kindOfDevice(machine: Machine, folder: string, name: string): Promise<KindOfStorage> {
  if (name.startsWith("zd")) return { kind: "zvol", shared: false };
  if (name.startsWith("rbd")) return { kind: "block", shared: true };
  if ((await machine.readText(`${folder}/dm/uuid`))?.startsWith("LVM-") === true) return { kind: "lvm", shared: false };
  // An iSCSI disk's place in the device tree goes through its session.
  const place = await machine.readLink(`${folder}/device`);
  const parent = await machine.realPath(`${folder}/device`);
  const isIscsi = [place, parent].some((path) => path !== undefined && /\/session\d+\//.test(path));
  return isIscsi ? { kind: "iscsi", shared: true } : { kind: "block", shared: false };
}

/** `device`: its numbers, "253:0". */
export async function readBlockDevice(machine: Machine, device: string): Promise<BlockDevice> {
  const folder = `/sys/dev/block/${device}`;
  const name = (await machine.realPath(folder))?.split("/").at(-1) ?? device;
  const sectors = await machine.readText(`${folder}/size`);
  return {
    name,
    ...(await kindOfDevice(machine, folder, name)),
    capacityBytes: sectors === undefined ? undefined : Number(sectors) * sectorBytes,
    cachedFile: await cachedFileOf(machine, folder),
  };
}

/** Block devices take O_DIRECT by their nature; nothing is written to one to find out. */
export function blockDeviceFacts(path: string, { kind, shared, name, cachedFile }: BlockDevice): StorageFacts {
  const cached =
    cachedFile === undefined
      ? ""
      : `; the loop driver still reads and writes ${cachedFile} through the page cache (losetup --direct-io=on changes that)`;
  return { kind, shared, path, directIo: "yes", source: "table", why: `${name} is a block device, which takes O_DIRECT${cached}` };
}
