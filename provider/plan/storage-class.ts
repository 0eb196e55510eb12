// What a kind of storage is to QEMU and libvirt: a file, a device, or a network driver of QEMU's own.
import type { StorageKind } from "./facts";

export type StorageClass = "file" | "device" | "network";

export const storageClass = {
  block: "device",
  lvm: "device",
  zvol: "device",
  iscsi: "device",
  rbd: "network",
  ext4: "file",
  xfs: "file",
  btrfs: "file",
  zfs: "file",
  bcachefs: "file",
  tmpfs: "file",
  ramfs: "file",
  nfs: "file",
  fuse: "file",
  overlay: "file",
  ecryptfs: "file",
  other: "file",
} as const satisfies Record<StorageKind, StorageClass>;
