// The io decision as a table: io x cache, as libvirt and QEMU take it.
import type { DiskQuestion, DiskRequest, HypervisorFacts } from "./disk";
import { planDisk } from "./plan-disk";
import type { HostPolicy } from "./policy";
import { diskQuestion, planOf, problemsOf, ramfs, storage } from "./question.fixture";
import type { IoMode } from "./settings";

interface Row {
  readonly because: string;
  readonly chain?: DiskQuestion["chain"];
  readonly disk?: Partial<DiskRequest>;
  readonly policy?: HostPolicy;
  readonly hypervisor?: Partial<HypervisorFacts>;
  readonly gives: IoMode | "refused";
  readonly warned?: true;
}

const rows: readonly Row[] = [
  { because: "a block device without a cache takes native", chain: [storage({ kind: "block" })], gives: "native" },
  { because: "LVM likewise", chain: [storage({ kind: "lvm" })], gives: "native" },
  { because: "a zvol likewise", chain: [storage({ kind: "zvol" })], gives: "native" },
  { because: "iSCSI likewise", chain: [storage({ kind: "iscsi" })], gives: "native" },
  { because: "a cached block device cannot", chain: [storage({ kind: "block" })], disk: { own: { cache: "writeback" } }, gives: "threads" },
  { because: "sparse files would hold native up", gives: "threads" },
  { because: "so would a base that is a file", chain: [storage({ kind: "lvm" }), storage()], gives: "threads" },
  { because: "RBD submits by itself", chain: [storage({ kind: "rbd" })], disk: { own: { cache: "none" } }, gives: "threads" },
  {
    because: "io means nothing on RBD",
    chain: [storage({ kind: "rbd" })],
    disk: { own: { io: "native" } },
    gives: "threads",
    warned: true,
  },
  {
    because: "threads on RBD is what we say anyway",
    chain: [storage({ kind: "rbd" })],
    disk: { own: { io: "threads" } },
    gives: "threads",
  },
  { because: "QEMU's own initiator submits by itself", chain: [storage({ kind: "iscsi-direct" })], gives: "threads" },
  {
    because: "so does its NFS client",
    chain: [storage({ kind: "libnfs" })],
    disk: { own: { io: "io_uring" } },
    gives: "threads",
    warned: true,
  },
  {
    because: "libvirt takes no io for vhost-user",
    chain: [storage({ kind: "vhostuser" })],
    disk: { own: { io: "native" } },
    gives: "refused",
  },
  { because: "a policy's io is not for NVMe", chain: [storage({ kind: "nvme" })], policy: { io: "threads" }, gives: "native" },
  { because: "native with none is fine", disk: { own: { io: "native", cache: "none" } }, gives: "native" },
  { because: "native with directsync is fine", disk: { own: { io: "native", cache: "directsync" } }, gives: "native" },
  { because: "native with an automatic none is fine", disk: { own: { io: "native" } }, gives: "native" },
  { because: "libvirt code 67: both are explicit", disk: { own: { io: "native", cache: "writeback" } }, gives: "refused" },
  { because: "libvirt code 67: the VM's cache", disk: { own: { io: "native" }, vm: { cache: "writethrough" } }, gives: "refused" },
  { because: "libvirt code 67: unsafe", disk: { vm: { io: "native", cache: "unsafe" } }, gives: "refused" },
  { because: "the cached mode is auto's: repaired", chain: [ramfs()], disk: { own: { io: "native" } }, gives: "threads", warned: true },
  {
    because: "the cached mode is a policy's: repaired",
    disk: { own: { io: "native" } },
    policy: { cache: "writeback" },
    gives: "threads",
    warned: true,
  },
  {
    because: "native is a policy's: repaired",
    disk: { own: { cache: "writeback" } },
    policy: { io: "native" },
    gives: "threads",
    warned: true,
  },
  { because: "io_uring goes with a cache", disk: { own: { io: "io_uring", cache: "writeback" } }, gives: "io_uring" },
  { because: "io_uring goes without one", disk: { own: { io: "io_uring", cache: "none" } }, gives: "io_uring" },
  { because: "io_uring since QEMU 5.0", disk: { own: { io: "io_uring" } }, hypervisor: { qemuVersion: "4.2.1" }, gives: "refused" },
  { because: "io_uring since libvirt 6.3", disk: { vm: { io: "io_uring" } }, hypervisor: { libvirtVersion: "6.2.0" }, gives: "refused" },
  {
    because: "exactly 6.3 and 5.0",
    disk: { own: { io: "io_uring" } },
    hypervisor: { libvirtVersion: "6.3.0", qemuVersion: "5.0.0" },
    gives: "io_uring",
  },
  {
    because: "a policy's io_uring is repaired",
    policy: { io: "io_uring" },
    hypervisor: { qemuVersion: "4.2.1" },
    gives: "threads",
    warned: true,
  },
  {
    because: "a version that nobody knows is not old",
    disk: { own: { io: "io_uring" } },
    hypervisor: { qemuVersion: "" },
    gives: "io_uring",
  },
  { because: "each field resolves by itself", disk: { own: { io: "threads" } }, policy: { io: "native", cache: "none" }, gives: "threads" },
];

test.each(rows)("$because: $gives", ({ gives, warned, ...parts }) => {
  const decision = planDisk(diskQuestion(parts));
  if (gives === "refused") {
    expect(problemsOf(decision).map(({ field }) => field)).toEqual(["io"]);
    return;
  }
  const plan = planOf(decision);
  expect(plan.io).toBe(gives);
  expect(plan.warnings).toHaveLength(warned === true ? 1 : 0);
});

test("all problems at once: the cache's and what is wrong with io by itself", () => {
  const disk = { own: { cache: "none", io: "io_uring" } } as const;
  const problems = problemsOf(planDisk(diskQuestion({ chain: [ramfs()], disk, hypervisor: { qemuVersion: "4.2.0" } })));
  expect(problems.map(({ field }) => field)).toEqual(["cache", "io"]);
});
