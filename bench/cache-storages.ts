// The storages of the cache benchmark: how each is made on the private host, how qemu-img names its image, and what the observer is asked about it.
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { HostObserver } from "../provider/host/observer";
import type { DiskSource } from "../provider/plan/domain";
import type { StorageFacts } from "../provider/plan/facts";
import { factsOfSource } from "../provider/plan/source-facts";
import { addBlockDevice, addStorage, cephExec, cephUp, iscsiUp, missingFor, nfsUp, removeStorage, virsh } from "../tools/lab/lab";
import type { LabHost, LabPart, StorageKind } from "../tools/lab/lab";

export const imageMiB = 128;
/** A file system keeps room for its own, and btrfs for what copy-on-write has not freed yet. */
const fileSystemMiB = 512;
const MiB = 1024 * 1024;

/** An image that fills its storage's part of the benchmark, from `imageMiB` of data. */
export interface BenchImage {
  /** As qemu-img takes it. */
  readonly name: string;
  /** Where the host's own page cache may hold it: absent where QEMU's drivers go past it. */
  readonly path?: string;
  /** The image, and what lies under it. */
  readonly chain: readonly [StorageFacts, ...StorageFacts[]];
  /** Takes it away again, with its storage; absent where only the end of the host does. */
  readonly remove?: () => Promise<unknown>;
}

export interface BenchStorage {
  readonly name: string;
  readonly needs?: LabPart;
  make(lab: LabHost, observer: HostObserver): Promise<BenchImage>;
}

async function observed(observer: HostObserver, path: string): Promise<BenchImage> {
  const answer = await observer.observeChain(path, { depth: "probe" });
  if (answer === undefined || "needsProbe" in answer) throw new Error(`The observer could not tell of ${path}.`);
  return { name: path, path, chain: answer.facts };
}

const onFileSystem = (kind: StorageKind, needs?: LabPart): BenchStorage => ({
  name: kind,
  ...(needs === undefined ? {} : { needs }),
  make: async (lab, observer) => {
    const name = `cache-${kind}`;
    const folder = await addStorage(lab, name, kind, fileSystemMiB);
    const path = join(folder, "image.raw");
    await newFile(path);
    // The pool proves to the observer that the daemon means the same folder.
    await virsh(lab, "pool-create-as", name, "dir", "--target", folder);
    const remove = async () => {
      await virsh(lab, "pool-destroy", name);
      await removeStorage(lab, name);
    };
    return { ...(await observed(observer, path)), remove };
  },
});

async function newFile(path: string): Promise<void> {
  const file = await open(path, "wx");
  await file.truncate(imageMiB * MiB);
  await file.close();
}

const network = (name: string, source: DiskSource): BenchImage => ({ name, chain: [factsOfSource(source)] });

const loop: BenchStorage = {
  name: "loop device",
  needs: "block",
  make: async (lab, observer) => {
    const device = await addBlockDevice(lab, "cache-loop", imageMiB);
    return { ...(await observed(observer, device)), remove: () => removeStorage(lab, "cache-loop") };
  },
};

const ceph: BenchStorage = {
  name: "Ceph RBD",
  needs: "ceph",
  make: async (lab) => {
    const { monitors, user, key, pool } = await cephUp(lab);
    const image = `${pool}/cache-modes`;
    await cephExec(lab, "rbd", "create", image, "--size", `${imageMiB}M`);
    const places = monitors.map(({ name, port }) => `${name}\\:${port}`).join("\\;");
    const source = { type: "network", protocol: "rbd", name: image, hosts: monitors } as const;
    // As it is after the guest's first flush: until then librbd writes through, and qemu-img's benchmark may come to none.
    const options = [
      `id=${user}`,
      `key=${key}`,
      "auth_supported=cephx\\;none",
      `mon_host=${places}`,
      "rbd_cache_writethrough_until_flush=false",
    ];
    return network(`rbd:${image}:${options.join(":")}`, source);
  },
};

const iscsi: BenchStorage = {
  name: "iSCSI (libiscsi)",
  needs: "iscsi",
  make: async (lab) => {
    const { portal, port, target, lun, user, password } = await iscsiUp(lab, { sizeMiB: imageMiB });
    const source = { type: "network", protocol: "iscsi", name: `${target}/${lun}`, hosts: [{ name: portal, port }] } as const;
    return network(`iscsi://${user}%${password}@${portal}:${port}/${target}/${lun}`, source);
  },
};

const nfs: BenchStorage = {
  name: "NFS (libnfs)",
  needs: "nfs",
  make: async (lab) => {
    const { server, export: folder } = await nfsUp(lab);
    const path = join(folder, "cache-modes.raw");
    await newFile(path);
    return network(`nfs://${server}${path}`, { type: "network", protocol: "nfs", name: path, hosts: [{ name: server }] });
  },
};

export const benchStorages: readonly BenchStorage[] = [
  onFileSystem("ext4"),
  onFileSystem("xfs"),
  onFileSystem("btrfs"),
  onFileSystem("tmpfs"),
  onFileSystem("ramfs"),
  onFileSystem("zfs", "zfs"),
  loop,
  ceph,
  iscsi,
  nfs,
];

/** Why a storage cannot be measured on this machine. */
export const missingForStorage = ({ needs }: BenchStorage): string | undefined => (needs === undefined ? undefined : missingFor(needs));
