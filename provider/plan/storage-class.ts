// What a kind of storage is to QEMU and libvirt: a file, a device, a network driver of QEMU's own, or something that the host hands through as it is.
import type { StorageKind } from "./facts";

/** `passthrough`: the guest's requests meet no cache and no thread of QEMU's that could be chosen, so that no driver attribute is written at all. */
export type StorageClass = "file" | "device" | "network" | "passthrough";

export const storageClass = {
  block: "device",
  lvm: "device",
  zvol: "device",
  iscsi: "device",
  rbd: "network",
  "iscsi-direct": "network",
  libnfs: "network",
  http: "network",
  nvme: "passthrough",
  vhostuser: "passthrough",
  ext4: "file",
  xfs: "file",
  btrfs: "file",
  zfs: "file",
  bcachefs: "file",
  tmpfs: "file",
  ramfs: "file",
  nfs: "file",
  cephfs: "file",
  gfs2: "file",
  ocfs2: "file",
  cifs: "file",
  fuse: "file",
  overlay: "file",
  ecryptfs: "file",
  other: "file",
} as const satisfies Record<StorageKind, StorageClass>;
