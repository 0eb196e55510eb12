// The words of a decision: clauses that name a path, its storage and what is known of it, in one voice for reasons, warnings and problems.
import type { Chain } from "./chain-direct-io";
import type { DiskQuestion, RuleLevel } from "./disk";
import type { StorageFacts, StorageKind } from "./facts";

/** "the disk", "the rule for pool "fast"": who asks at a level. */
export function asker(level: RuleLevel | "default", { disk, chain }: DiskQuestion): string {
  const names = {
    disk: "the disk",
    vm: "the VM",
    pool: `the rule for pool "${disk.pool ?? ""}"`,
    storageKind: `the rule for ${chain[0].kind} storage`,
    host: "the host default",
    default: "nobody",
  } as const satisfies Record<RuleLevel | "default", string>;
  return names[level];
}

/** "/pools/fast/web.qcow2 is on ramfs": one element and its storage. */
export function place(element: StorageFacts): string {
  return `${element.path} is ${storage(element)}`;
}

/** `place` for an element of a disk's chain. Short, with the storage early: a preview cuts long texts. The disk's own path stands beside every reason. */
export function placeInChain(chain: Chain, element: StorageFacts): string {
  return element === chain[0] ? place(element) : `its backing file ${place(element)}`;
}

/** The element's answer about direct I/O with the evidence: "where direct I/O works (an aligned O_DIRECT write worked)". */
export function directIoClause({ directIo, why }: StorageFacts): string {
  const clauses = {
    yes: "where direct I/O works",
    no: "which has no direct I/O",
    unknown: "where nobody could tell whether direct I/O works",
  } as const satisfies Record<StorageFacts["directIo"], string>;
  return why === "" ? clauses[directIo] : `${clauses[directIo]} (${why})`;
}

function storage({ kind, fileSystem }: StorageFacts): string {
  return storageWords[kind] ?? `on ${fileSystem ?? (kind === "other" ? "a file system that nobody could name" : kind)}`;
}

/** Storage that is no file system. */
const storageWords: Readonly<Partial<Record<StorageKind, string>>> = {
  block: "block storage",
  lvm: "LVM storage",
  zvol: "a ZFS volume",
  iscsi: "iSCSI storage",
  rbd: "Ceph RBD storage",
  "iscsi-direct": "an iSCSI LUN that QEMU reaches by itself",
  libnfs: "a file on NFS that QEMU reaches by itself",
  http: "a file on a web server",
  nvme: "an NVMe namespace that QEMU drives by itself",
  vhostuser: "a disk of a vhost-user daemon",
};
