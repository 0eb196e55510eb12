// The cache decision as a table: what is asked x what the storage can do = the mode, each row with the fact that it stands for.
import type { DiskQuestion, DiskRequest } from "./disk";
import type { HostPolicy } from "./policy";
import { planDisk } from "./plan-disk";
import { basePath, diskQuestion, mystery, ownPath, planOf, problemsOf, ramfs, storage } from "./question.fixture";
import type { CacheMode } from "./settings";

interface Row {
  readonly because: string;
  readonly chain?: DiskQuestion["chain"];
  readonly disk?: Partial<DiskRequest>;
  readonly policy?: HostPolicy;
  /** The mode, or the field of the refusal. */
  readonly gives: CacheMode | { readonly refusedAt: "cache" | "shareable" };
}

const zfs = (facts: Parameters<typeof storage>[0]) => storage({ kind: "zfs", ...facts });
const btrfs = (facts: Parameters<typeof storage>[0]) => storage({ kind: "btrfs", ...facts });
const own = (cache: NonNullable<DiskRequest["own"]["cache"]>) => ({ own: { cache } });

const storageRows: readonly Row[] = [
  { because: "O_DIRECT works on ext4", chain: [storage({ kind: "ext4" })], gives: "none" },
  { because: "O_DIRECT works on xfs", chain: [storage({ kind: "xfs" })], gives: "none" },
  { because: "O_DIRECT works on NFS", chain: [storage({ kind: "nfs", shared: true })], gives: "none" },
  { because: "O_DIRECT works on block devices", chain: [storage({ kind: "block" })], gives: "none" },
  { because: "O_DIRECT works on LVM", chain: [storage({ kind: "lvm" })], gives: "none" },
  { because: "O_DIRECT works on iSCSI", chain: [storage({ kind: "iscsi", shared: true })], gives: "none" },
  { because: "buffered zvols stall", chain: [storage({ kind: "zvol" })], gives: "none" },
  { because: "ramfs refuses the open", chain: [ramfs()], gives: "writeback" },
  { because: "some FUSE refuse the open", chain: [ramfs({ kind: "fuse" })], gives: "writeback" },
  { because: "some FUSE accept it", chain: [storage({ kind: "fuse" })], gives: "none" },
  { because: "old eCryptfs refuses the open", chain: [ramfs({ kind: "ecryptfs" })], gives: "writeback" },
  { because: "tmpfs before Linux 6.6 refuses: the probe says so", chain: [ramfs({ kind: "tmpfs", version: "6.1.0" })], gives: "writeback" },
  { because: "tmpfs since Linux 6.6 accepts: the probe says so", chain: [storage({ kind: "tmpfs", version: "6.18.0" })], gives: "none" },
  { because: "ZFS before 0.8 refuses", chain: [zfs({ version: "0.7.13", directIo: "no" })], gives: "writeback" },
  { because: "ZFS before 0.8 refuses, even if a probe misleads", chain: [zfs({ version: "0.7.13" })], gives: "writeback" },
  { because: "ZFS 0.8 accepts and ignores", chain: [zfs({ version: "0.8.0" })], gives: "none" },
  { because: "ZFS 2.2 accepts and ignores", chain: [zfs({ version: "2.2.99" })], gives: "none" },
  { because: "ZFS 2.3 is real and QEMU gives spurious dio_verify_rd", chain: [zfs({ version: "2.3.0" })], gives: "writeback" },
  { because: "direct=standard is what 2.3 has unless told", chain: [zfs({ version: "2.3.1", zfsDirect: "standard" })], gives: "writeback" },
  { because: "direct=always forces it", chain: [zfs({ version: "2.3.1", zfsDirect: "always" })], gives: "writeback" },
  { because: "direct=disabled makes 2.3 ignore it again", chain: [zfs({ version: "2.3.1", zfsDirect: "disabled" })], gives: "none" },
  { because: "the property exists since 2.3 only", chain: [zfs({ zfsDirect: "standard" })], gives: "writeback" },
  { because: "ZFS of unknown version may be 2.3", chain: [zfs({})], gives: "writeback" },
  { because: "btrfs checksums break before Linux 6.14", chain: [btrfs({ version: "6.13.9" })], gives: "writeback" },
  { because: "btrfs without copy-on-write keeps no checksums", chain: [btrfs({ version: "6.1.0", nocow: true })], gives: "none" },
  { because: "btrfs falls back by itself since Linux 6.14", chain: [btrfs({ version: "6.14.0" })], gives: "none" },
  { because: "btrfs on an unknown kernel may break", chain: [btrfs({})], gives: "writeback" },
  { because: "bcachefs opens, and misaligned I/O fails", chain: [storage({ kind: "bcachefs" })], gives: "writeback" },
  { because: "librbd's cache is switched by the mode", chain: [storage({ kind: "rbd", shared: true })], gives: "writeback" },
  { because: "RBD's cache can be switched off by name", chain: [storage({ kind: "rbd", shared: true })], disk: own("none"), gives: "none" },
  { because: "no page cache stands before QEMU's own initiator", chain: [storage({ kind: "iscsi-direct", shared: true })], gives: "none" },
  { because: "… nor before its own NFS client", chain: [storage({ kind: "libnfs", shared: true })], gives: "none" },
  {
    because: "a mode can be named for QEMU's own initiator",
    chain: [storage({ kind: "iscsi-direct", shared: true })],
    disk: own("writeback"),
    gives: "writeback",
  },
  { because: "a web server's file is only read", chain: [storage({ kind: "http", shared: true })], gives: "none" },
  { because: "QEMU drives the controller itself", chain: [storage({ kind: "nvme" })], gives: "none" },
  {
    because: "a mode would switch the drive's own write cache",
    chain: [storage({ kind: "nvme" })],
    disk: own("none"),
    gives: { refusedAt: "cache" },
  },
  {
    because: "libvirt takes no cache there",
    chain: [storage({ kind: "vhostuser" })],
    disk: own("writeback"),
    gives: { refusedAt: "cache" },
  },
  { because: "auto is no mode, so it may be said", chain: [storage({ kind: "vhostuser" })], disk: own("auto"), gives: "none" },
  { because: "a policy is for disks that take it", chain: [storage({ kind: "nvme" })], policy: { cache: "writethrough" }, gives: "none" },
  {
    because: "refuse is for missing direct I/O, which misses nothing",
    chain: [storage({ kind: "vhostuser" })],
    policy: { whenDirectIoMissing: "refuse" },
    gives: "none",
  },
  { because: "CephFS has direct I/O", chain: [storage({ kind: "cephfs", shared: true })], gives: "none" },
  { because: "GFS2 has direct I/O", chain: [storage({ kind: "gfs2", shared: true })], gives: "none" },
  { because: "OCFS2 has direct I/O", chain: [storage({ kind: "ocfs2", shared: true })], gives: "none" },
  { because: "CIFS as it is mounted: by probe", chain: [ramfs({ kind: "cifs", shared: true })], gives: "writeback" },
  { because: "CIFS as it is mounted: by probe", chain: [storage({ kind: "cifs", shared: true })], gives: "none" },
  { because: "overlayfs does what lies under it: by probe", chain: [storage({ kind: "overlay" })], gives: "none" },
  { because: "a file system that nobody could name: by probe", chain: [storage({ kind: "other" })], gives: "none" },
  { because: "anything unknown is writeback, never unsafe", chain: [mystery({ kind: "other" })], gives: "writeback" },
  { because: "unknown is not yes, even on ext4", chain: [mystery({ kind: "ext4" })], gives: "writeback" },
];

const chainRows: readonly Row[] = [
  { because: "the base fails the whole disk", chain: [storage(), ramfs({ path: basePath })], gives: "writeback" },
  { because: "the base of the base as well", chain: [storage(), storage(), ramfs({ path: basePath })], gives: "writeback" },
  { because: "all elements work", chain: [storage(), storage({ kind: "xfs", path: basePath })], gives: "none" },
  { because: "an unknown base is unknown", chain: [storage(), mystery({ path: basePath })], gives: "writeback" },
  { because: "a base on bcachefs fails reads", chain: [storage(), storage({ kind: "bcachefs", path: basePath })], gives: "writeback" },
  {
    because: "explicit none is refused for the base's sake",
    chain: [storage(), ramfs({ path: basePath })],
    disk: own("none"),
    gives: { refusedAt: "cache" },
  },
];

const explicitRows: readonly Row[] = [
  { because: "explicit none works", disk: own("none"), gives: "none" },
  { because: "explicit directsync works", disk: own("directsync"), gives: "directsync" },
  { because: "explicit none needs O_DIRECT", chain: [ramfs()], disk: own("none"), gives: { refusedAt: "cache" } },
  { because: "explicit directsync needs O_DIRECT", chain: [ramfs()], disk: own("directsync"), gives: { refusedAt: "cache" } },
  { because: "the VM's word is explicit too", chain: [ramfs()], disk: { vm: { cache: "none" } }, gives: { refusedAt: "cache" } },
  { because: "a cached mode opens everywhere", chain: [ramfs()], disk: own("writethrough"), gives: "writethrough" },
  { because: "unsafe is given by name", disk: own("unsafe"), gives: "unsafe" },
  { because: "unknown is not no", chain: [mystery()], disk: own("none"), gives: "none" },
  { because: "explicit none on bcachefs is honoured", chain: [storage({ kind: "bcachefs" })], disk: own("none"), gives: "none" },
  {
    because: "an explicit mode does not fall back by policy",
    chain: [ramfs()],
    disk: own("none"),
    policy: { whenDirectIoMissing: "writethrough" },
    gives: { refusedAt: "cache" },
  },
];

const resolutionRows: readonly Row[] = [
  { because: "disk over VM", disk: { own: { cache: "none" }, vm: { cache: "writeback" } }, gives: "none" },
  {
    because: "VM over pool",
    disk: { vm: { cache: "directsync" } },
    policy: { pools: { fast: { cache: "writeback" } } },
    gives: "directsync",
  },
  {
    because: "pool over storage kind",
    policy: { pools: { fast: { cache: "writethrough" } }, storageKinds: { ext4: { cache: "writeback" } } },
    gives: "writethrough",
  },
  {
    because: "storage kind over host",
    policy: { storageKinds: { ext4: { cache: "writethrough" } }, cache: "writeback" },
    gives: "writethrough",
  },
  { because: "host over auto", policy: { cache: "directsync" }, gives: "directsync" },
  { because: "auto at the disk stops the search", disk: own("auto"), policy: { cache: "writethrough" }, gives: "none" },
  { because: "auto at the pool stops the search", policy: { pools: { fast: { cache: "auto" } }, cache: "writethrough" }, gives: "none" },
  { because: "another pool's rule is not ours", policy: { pools: { slow: { cache: "writethrough" } } }, gives: "none" },
  { because: "a pool may be called like a method", disk: { pool: "constructor" }, policy: { pools: {} }, gives: "none" },
  {
    because: "the kind is that of the disk, not of its base",
    chain: [storage(), storage({ kind: "xfs" })],
    policy: { storageKinds: { xfs: { cache: "writethrough" } } },
    gives: "none",
  },
];

const policyRows: readonly Row[] = [
  { because: "a policy's none falls back", chain: [ramfs()], policy: { cache: "none" }, gives: "writeback" },
  {
    because: "… by its own choice",
    chain: [ramfs()],
    policy: { cache: "none", whenDirectIoMissing: "writethrough" },
    gives: "writethrough",
  },
  { because: "… or is refused", chain: [ramfs()], policy: { cache: "none", whenDirectIoMissing: "refuse" }, gives: { refusedAt: "cache" } },
  {
    because: "directsync keeps its promise in writethrough only",
    chain: [ramfs()],
    policy: { cache: "directsync" },
    gives: "writethrough",
  },
  {
    because: "… whatever the choice",
    chain: [ramfs()],
    policy: { pools: { fast: { cache: "directsync" } }, whenDirectIoMissing: "writeback" },
    gives: "writethrough",
  },
  {
    because: "… or is refused",
    chain: [ramfs()],
    policy: { cache: "directsync", whenDirectIoMissing: "refuse" },
    gives: { refusedAt: "cache" },
  },
  { because: "a policy's none is honoured where nobody knows", chain: [mystery()], policy: { cache: "none" }, gives: "none" },
  { because: "auto follows the choice", chain: [ramfs()], policy: { whenDirectIoMissing: "writethrough" }, gives: "writethrough" },
  { because: "auto may be refused", chain: [ramfs()], policy: { whenDirectIoMissing: "refuse" }, gives: { refusedAt: "cache" } },
  { because: "unknown is not missing", chain: [mystery()], policy: { whenDirectIoMissing: "refuse" }, gives: "writeback" },
  { because: "RBD misses nothing", chain: [storage({ kind: "rbd" })], policy: { whenDirectIoMissing: "refuse" }, gives: "writeback" },
  {
    because: "trouble is as good as missing",
    chain: [storage({ kind: "bcachefs" })],
    policy: { whenDirectIoMissing: "writethrough" },
    gives: "writethrough",
  },
  { because: "unsafe by the name of a policy", policy: { pools: { fast: { cache: "unsafe" } } }, gives: "unsafe" },
];

const sharedRows: readonly Row[] = [
  { because: "coherent only without a cache", disk: { shareable: true }, gives: "none" },
  { because: "… on any storage", chain: [storage({ kind: "rbd" })], disk: { shareable: true }, gives: "none" },
  { because: "impossible without O_DIRECT", chain: [ramfs()], disk: { shareable: true }, gives: { refusedAt: "shareable" } },
  { because: "unknown is not no", chain: [mystery()], disk: { shareable: true }, gives: "none" },
  { because: "directsync has no cache either", disk: { shareable: true, ...own("directsync") }, gives: "directsync" },
  { because: "libvirt would run it cached", disk: { shareable: true, ...own("writeback") }, gives: { refusedAt: "cache" } },
  { because: "a policy's mode is overridden", disk: { shareable: true }, policy: { cache: "writeback" }, gives: "none" },
  { because: "a policy's directsync stays", disk: { shareable: true }, policy: { cache: "directsync" }, gives: "directsync" },
  { because: "a policy's unsafe does not stay", disk: { shareable: true }, policy: { cache: "unsafe" }, gives: "none" },
  {
    because: "an NVMe namespace is one machine's alone",
    chain: [storage({ kind: "nvme" })],
    disk: { shareable: true },
    gives: { refusedAt: "shareable" },
  },
  {
    because: "libvirt shares no vhost-user disk",
    chain: [storage({ kind: "vhostuser" })],
    disk: { shareable: true },
    gives: { refusedAt: "shareable" },
  },
  { because: "a LUN is shared as any device", chain: [storage({ kind: "iscsi-direct" })], disk: { shareable: true }, gives: "none" },
  { because: "qcow2 cannot be shared", disk: { shareable: true, format: "qcow2" }, gives: { refusedAt: "shareable" } },
];

const readOnlyRows: readonly Row[] = [
  { because: "a CD-ROM must open too", chain: [ramfs()], disk: { device: "cdrom" }, gives: "writeback" },
  { because: "none where the probe says yes", disk: { device: "cdrom" }, gives: "none" },
  { because: "a read-only disk likewise", chain: [ramfs()], disk: { readonly: true }, gives: "writeback" },
  {
    because: "no writes, nothing to refuse",
    chain: [ramfs()],
    disk: { readonly: true },
    policy: { whenDirectIoMissing: "refuse" },
    gives: "writeback",
  },
  {
    because: "no writes, nothing to write through",
    chain: [ramfs()],
    disk: { device: "cdrom" },
    policy: { whenDirectIoMissing: "writethrough" },
    gives: "writeback",
  },
  { because: "an explicit none must open", chain: [ramfs()], disk: { device: "cdrom", ...own("none") }, gives: { refusedAt: "cache" } },
];

describe.each([
  ["storage under auto", storageRows],
  ["backing chains", chainRows],
  ["explicit modes", explicitRows],
  ["resolution", resolutionRows],
  ["policy", policyRows],
  ["shareable disks", sharedRows],
  ["read-only media", readOnlyRows],
] as const)("%s", (_, rows) => {
  test.each(rows)("$because: $gives", ({ gives, ...parts }) => {
    const decision = planDisk(diskQuestion(parts));
    if (typeof gives === "string") {
      expect(planOf(decision).cache).toBe(gives);
      return;
    }
    const problems = problemsOf(decision);
    expect(problems.map(({ field }) => field)).toEqual([gives.refusedAt]);
    const paths = diskQuestion(parts).chain.map(({ path }) => path);
    expect(paths.some((path) => problems[0]?.reason.includes(path))).toBe(true);
  });
});

describe("what is said", () => {
  test("the reason names path, file system, evidence and who asked", () => {
    const { reason } = planOf(planDisk(diskQuestion({ chain: [ramfs()] })));
    for (const part of ["writeback", ownPath, "ramfs", "EINVAL", "nobody asked"]) expect(reason).toContain(part);
  });

  test("the reason names the backing file that decided", () => {
    const { reason } = planOf(planDisk(diskQuestion({ chain: [storage(), ramfs({ path: basePath })] })));
    for (const part of ["its backing file", basePath, "ramfs"]) expect(reason).toContain(part);
  });

  test("a refusal names the ways out, of which auto is none where it would refuse as well", () => {
    const refusal = (policy: HostPolicy) => problemsOf(planDisk(diskQuestion({ chain: [ramfs()], disk: own("none"), policy })))[0]?.reason;
    for (const part of ["ramfs", 'cache: "auto"', 'cache: "writeback"', "pool"]) expect(refusal({})).toContain(part);
    expect(refusal({ whenDirectIoMissing: "refuse" })).not.toContain('cache: "auto"');
  });

  test.each([
    { because: "ZFS 2.3", facts: { kind: "zfs", version: "2.3.0" }, says: "dio_verify_rd" },
    { because: "btrfs", facts: { kind: "btrfs", version: "6.1" }, says: "checksums" },
    { because: "bcachefs", facts: { kind: "bcachefs" }, says: "aligned" },
  ] as const)("explicit none on $because: warned of what is known", ({ facts, says }) => {
    const { warnings } = planOf(planDisk(diskQuestion({ chain: [storage(facts)], disk: own("none") })));
    expect(warnings.join()).toContain(says);
  });

  test.each(["nvme", "vhostuser"] as const)("%s: that no attribute is written; what the VM asks of all disks is warned of", (kind) => {
    const { reason, warnings } = planOf(
      planDisk(diskQuestion({ chain: [storage({ kind })], disk: { vm: { cache: "writeback", io: "native" } } })),
    );
    expect(reason).toContain("no cache attribute is written");
    expect(warnings).toHaveLength(1);
    for (const part of ["the VM", "cache writeback", ownPath]) expect(warnings[0]).toContain(part);
  });

  test("a disk that takes no settings: every one that it asks for is refused, with the way out", () => {
    const disk = { own: { cache: "none", io: "threads", discard: "unmap", detectZeroes: "on" } } as const;
    const problems = problemsOf(planDisk(diskQuestion({ chain: [storage({ kind: "nvme" })], disk })));
    expect(problems.map(({ field }) => field)).toEqual(["cache", "io", "discard", "detectZeroes"]);
    for (const { field, reason } of problems) expect(reason).toContain(`leave ${field} out`);
  });

  test("what a policy's fallback did is in the reason", () => {
    const { reason, requested } = planOf(planDisk(diskQuestion({ chain: [ramfs()], policy: { pools: { fast: { cache: "none" } } } })));
    expect(reason).toContain('pool "fast" asks for none');
    expect(requested).toEqual({ level: "pool", cache: "none" });
  });

  test("a default that nobody asked for is said to be one", () => {
    expect(planOf(planDisk(diskQuestion({}))).requested).toEqual({ level: "default", cache: "auto" });
  });
});
