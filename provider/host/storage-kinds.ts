// Names of file systems (the kernel's) and of pool types (libvirt's) -> the kinds of storage that the planner's rules tell apart.
import type { StorageKind } from "../plan/facts";

export interface KindOfStorage {
  readonly kind: StorageKind;
  /** Other hosts can see it, as libvirt judges it for migration. */
  readonly shared: boolean;
}

const local = (kind: StorageKind): KindOfStorage => ({ kind, shared: false });
const shared = (kind: StorageKind): KindOfStorage => ({ kind, shared: true });

/**
 * By the name in the mount table. What is shared is libvirt's own list (virFileIsSharedFS):
 * https://gitlab.com/libvirt/libvirt/-/blob/v9.0.0/src/util/virfile.c
 */
const byFileSystem: Readonly<Record<string, KindOfStorage>> = {
  // The kernel's ext4 driver serves its elders too.
  ext2: local("ext4"),
  ext3: local("ext4"),
  ext4: local("ext4"),
  xfs: local("xfs"),
  btrfs: local("btrfs"),
  zfs: local("zfs"),
  bcachefs: local("bcachefs"),
  tmpfs: local("tmpfs"),
  ramfs: local("ramfs"),
  overlay: local("overlay"),
  ecryptfs: local("ecryptfs"),
  fuseblk: local("fuse"),
  nfs: shared("nfs"),
  nfs4: shared("nfs"),
  "fuse.glusterfs": shared("fuse"),
  "fuse.quobyte": shared("fuse"),
  // libvirt's word for what is mounted as fuse.glusterfs.
  glusterfs: shared("fuse"),
  // FUSE over a virtual device: what O_DIRECT does is the host's virtiofsd's matter.
  virtiofs: local("fuse"),
  ceph: shared("cephfs"),
  cifs: shared("cifs"),
  smb3: shared("cifs"),
  gfs2: shared("gfs2"),
  ocfs2: shared("ocfs2"),
  gpfs: shared("other"),
  afs: shared("other"),
};

export function kindOfFileSystem(fileSystem: string): KindOfStorage {
  const isFuse = fileSystem === "fuse" || fileSystem.startsWith("fuse.");
  return byFileSystem[fileSystem] ?? local(isFuse ? "fuse" : "other");
}

/** What a pool's volumes are: images in a folder, of which the folder's file system decides, or something that the pool's type tells alone. */
export type PoolStorage = { readonly folder: true } | ({ readonly folder: false } & KindOfStorage);

const device = (kind: KindOfStorage): PoolStorage => ({ folder: false, ...kind });

const byPoolType: Readonly<Record<string, PoolStorage>> = {
  dir: { folder: true },
  fs: { folder: true },
  netfs: { folder: true },
  vstorage: { folder: true },
  logical: device(local("lvm")),
  disk: device(local("block")),
  scsi: device(local("block")),
  mpath: device(local("block")),
  iscsi: device(shared("iscsi")),
  "iscsi-direct": device(shared("iscsi-direct")),
  zfs: device(local("zvol")),
  rbd: device(shared("rbd")),
  gluster: device(shared("other")),
  sheepdog: device(shared("other")),
};

export function storageOfPoolType(type: string): PoolStorage {
  return byPoolType[type] ?? device(local("other"));
}

/** What libvirt itself says of a folder pool's source, for hosts whose mount table cannot be read; "auto" and the like say nothing. */
export function kindOfPoolSource(type: string, sourceFormat: string | undefined): KindOfStorage | undefined {
  if (type === "netfs")
    return sourceFormat === undefined || sourceFormat === "auto" ? shared("nfs") : { ...kindOfFileSystem(sourceFormat), shared: true };
  const known = sourceFormat === undefined ? undefined : byFileSystem[sourceFormat];
  return type === "fs" ? known : undefined;
}
