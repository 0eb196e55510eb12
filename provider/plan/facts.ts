// What is known of a host and its storage: the facts that go into a decision. Plain data, kept in the Pulumi state, with nothing in it that moves by itself.

/**
 * Kinds of storage that differ in what a cache mode does on them. Names are the kernel's or libvirt's, but for those that have none of their own there:
 * cephfs (the kernel says "ceph", which people take for RBD), iscsi-direct, libnfs and http (drivers of QEMU's own).
 */
export const storageKinds = [
  "ext4",
  "xfs",
  "btrfs",
  "zfs",
  "bcachefs",
  "tmpfs",
  "ramfs",
  "nfs",
  "cephfs",
  "gfs2",
  "ocfs2",
  "cifs",
  "fuse",
  "overlay",
  "ecryptfs",
  "block",
  "lvm",
  "zvol",
  "iscsi",
  "rbd",
  "iscsi-direct",
  "libnfs",
  "http",
  "nvme",
  "vhostuser",
  "other",
] as const;
export type StorageKind = (typeof storageKinds)[number];

/** Whether O_DIRECT works: `unknown` is an answer of its own, never folded into "no". */
export type DirectIo = "yes" | "no" | "unknown";

/** How an answer was found: a rule of the storage table, an aligned O_DIRECT write, the paused probe domain, or not at all. */
export type DirectIoSource = "table" | "local write" | "probe domain" | "not asked";

/** One place where disk data lies: a pool's folder, an image file, a block device, or what a driver of QEMU's own reaches. */
export interface StorageFacts {
  readonly kind: StorageKind;
  /** The path that was looked at: a folder for pools, a file for images, a device. */
  readonly path: string;
  /** The file system as the kernel names it, with what is known of it: "ext4", "zfs 2.2.3", "fuse.bindfs". Absent where nobody could tell. */
  readonly fileSystem?: string | undefined;
  readonly directIo: DirectIo;
  readonly source: DirectIoSource;
  /** Why the answer is what it is, as a clause: "an aligned O_DIRECT write worked", "QEMU could not open a scratch disk either way: …". */
  readonly why: string;
  /** Whether the storage can be seen by other hosts (NFS, RBD, iSCSI, a cluster file system), as libvirt judges it for migration. */
  readonly shared: boolean;
  /** What the storage table's rows depend on, where known. ZFS: its version ("2.3.1"). btrfs and tmpfs: the host's kernel release ("6.18.0"). */
  readonly version?: string | undefined;
  /** ZFS `direct=` property where known. */
  readonly zfsDirect?: "disabled" | "standard" | "always" | undefined;
  /** btrfs: copy-on-write is off here (nodatacow, chattr +C): of a folder for the files that are made in it, of a file for itself. Absent where nobody could tell. */
  readonly nocow?: boolean | undefined;
  /**
   * Why QEMU's user cannot even reach what lies here, as a clause: "/srv/x has mode 0700, and QEMU's user (64055) may not pass it". Absent where it can, or
   * where nobody could tell.
   */
  readonly impassable?: string | undefined;
}

/** A storage pool of the host. */
export interface PoolFacts extends StorageFacts {
  /** libvirt's pool type: "dir", "fs", "logical", … */
  readonly type: string;
  readonly active: boolean;
}

/** Whether an accelerator may be used by QEMU on this host, and why. */
export interface AcceleratorFacts {
  readonly usable: DirectIo;
  readonly why: string;
}

/** The host's versions and accelerator. */
export interface PlatformFacts {
  /** "9.0.0" */
  readonly libvirtVersion: string;
  /** "7.2.22" */
  readonly qemuVersion: string;
  /** libvirt's name: "x86_64". */
  readonly architecture: string;
  readonly kvm: AcceleratorFacts;
}

/** The platform and its storage. */
export interface HostFacts extends PlatformFacts {
  /** By pool name. */
  readonly pools: Readonly<Record<string, PoolFacts>>;
}
