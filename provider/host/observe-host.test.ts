// The observer on a fake host and a fake machine: which way each answer comes, and that looking changes nothing.
import { createFakeLibvirt } from "../testing/fake-libvirt";
import type { FakeLibvirt } from "../testing/fake-libvirt";
import type { HostFacts, PoolFacts } from "../plan/facts";
import { fakeMachine } from "../testing/fake-machine";
import type { FakeMachineOptions } from "../testing/fake-machine";
import { createHostObserver } from "./observe-host";
import type { ChainElement } from "./observer";

const bytes = 1_000_000;
const root = { "/": "ext4 /dev/vda rw" };
const elsewhere = { mounts: root };

interface Stage {
  readonly isLocal?: boolean;
  readonly type?: string;
  readonly directIo?: boolean;
  readonly machine?: Partial<FakeMachineOptions>;
}

function stage({ isLocal = true, type = "dir", directIo = true, machine = {} }: Stage) {
  const libvirt = createFakeLibvirt({ uri: isLocal ? "qemu:///system" : "qemu+ssh://far/system", isLocalSocket: isLocal, kvm: false });
  libvirt.addPool({ name: "p", path: "/pool", type, directIo, capacityBytes: bytes });
  const local = fakeMachine({ mounts: { ...root, "/pool": "ext4 /dev/vdb rw" }, fileSystemBytes: { "/pool": bytes }, ...machine });
  return { libvirt, machine: local, observer: createHostObserver(libvirt, local) };
}

const on = (mount: string) => ({ mounts: { ...root, "/pool": mount } });
const cannotWrite = { probe: { notTried: "notPermitted", why: "this user cannot write there (EACCES)" } } as const;
const refuses = { probe: { directIo: "no", why: "EINVAL" } } as const;

const localRows: readonly { readonly given: Stage; readonly facts: Partial<PoolFacts>; readonly because: string }[] = [
  { given: {}, facts: { kind: "ext4", directIo: "yes", source: "local write" }, because: "a write was tried" },
  {
    given: { machine: { ...on("ramfs none rw") } },
    facts: { kind: "ramfs", directIo: "no", source: "table" },
    because: "ramfs is known to refuse",
  },
  {
    given: { machine: cannotWrite },
    facts: { kind: "ext4", directIo: "yes", source: "table" },
    because: "ext4 is known to take it where no write may be tried",
  },
  {
    given: { machine: refuses },
    facts: { kind: "ext4", directIo: "no", source: "local write" },
    because: "the write is believed before the table",
  },
  {
    given: { machine: { ...on("zfs tank/p rw"), texts: { "/sys/module/zfs/version": "2.1.11-1\n" } } },
    facts: { kind: "zfs", directIo: "yes", fileSystem: "zfs 2.1.11", version: "2.1.11", source: "local write" },
    because: "the version is the planner's, the answer the probe's",
  },
  {
    given: {
      machine: {
        ...on("zfs tank/p rw"),
        texts: { "/sys/module/zfs/version": "2.3.1-1\n" },
        zfsProperties: { "tank/p direct": "disabled" },
      },
    },
    facts: { kind: "zfs", version: "2.3.1", zfsDirect: "disabled" },
    because: "the dataset's property tells whether 2.3 ignores O_DIRECT",
  },
  {
    given: { machine: { ...on("zfs tank/p rw"), texts: { "/sys/module/zfs/version": "2.3.1-1\n" } } },
    facts: { kind: "zfs", version: "2.3.1", zfsDirect: undefined },
    because: "without the zfs program nobody tells the property",
  },
  {
    given: { machine: { ...on("zfs tank/p rw"), zfsProperties: { "tank/p direct": "-" } } },
    facts: { kind: "zfs", zfsDirect: undefined },
    because: "a value that nobody knows is none",
  },
  {
    given: { machine: on("fuse.zfs tank/p rw") },
    facts: { kind: "fuse", fileSystem: "fuse.zfs", directIo: "yes", source: "local write", shared: false },
    because: "zfs-fuse is FUSE to the kernel, so the write tells, and no rule of the kernel's ZFS is for it",
  },
  { given: { machine: on("ceph mon:/ rw") }, facts: { kind: "cephfs", fileSystem: "ceph", shared: true }, because: "CephFS is shared" },
  { given: { machine: on("gfs2 /dev/vdb rw") }, facts: { kind: "gfs2", shared: true }, because: "GFS2 is shared" },
  { given: { machine: on("ocfs2 /dev/vdb rw") }, facts: { kind: "ocfs2", shared: true }, because: "OCFS2 is shared" },
  { given: { machine: on("smb3 //nas/p rw") }, facts: { kind: "cifs", shared: true }, because: "SMB has two names in the kernel" },
  { given: { machine: on("virtiofs p rw") }, facts: { kind: "fuse", fileSystem: "virtiofs" }, because: "virtiofs is FUSE" },
  {
    given: { machine: on("f2fs /dev/vdb rw") },
    facts: { kind: "other", fileSystem: "f2fs", directIo: "yes" },
    because: "a write tells of any",
  },
  {
    given: { machine: { ...on("btrfs /dev/vdb rw"), attributes: { "/pool": "C" } } },
    facts: { kind: "btrfs", nocow: true },
    because: "chattr +C on the folder is for the files that are made in it",
  },
  {
    given: { machine: { ...on("btrfs /dev/vdb rw"), attributes: { "/pool": "m" } } },
    facts: { kind: "btrfs", nocow: false },
    because: "without it, and without the mount option, files are copied on write",
  },
  {
    given: { machine: { ...on("btrfs /dev/vdb rw,nodatacow"), attributes: { "/pool": "" }, stats: { "/pool": { isFolder: true } } } },
    facts: { kind: "btrfs", nocow: true },
    because: "the mount option is for files that are made in any folder",
  },
  {
    given: { machine: on("btrfs /dev/vdb rw,nodatacow") },
    facts: { kind: "btrfs", nocow: true, version: "6.1.0" },
    because: "a mount option tells no copy-on-write",
  },
  {
    given: { machine: on("btrfs /dev/vdb rw") },
    facts: { kind: "btrfs", version: "6.1.0" },
    because: "the kernel's version decides on btrfs",
  },
  { given: { machine: on("nfs4 nas:/p rw") }, facts: { kind: "nfs", shared: true, directIo: "yes" }, because: "NFS is shared" },
  { given: { machine: on("fuse.glusterfs nas:/p rw") }, facts: { kind: "fuse", shared: true }, because: "glusterfs is shared for libvirt" },
  { given: { type: "logical" }, facts: { kind: "lvm", directIo: "yes", source: "table" }, because: "a logical pool holds block devices" },
  {
    given: { type: "rbd", isLocal: false },
    facts: { kind: "rbd", shared: true, directIo: "yes", source: "table" },
    because: "RBD is the same from everywhere",
  },
  ...(
    [
      { type: "iscsi-direct", kind: "iscsi-direct", shared: true, because: "the LUNs are QEMU's and libvirt's own initiators'" },
      { type: "iscsi", kind: "iscsi", shared: true, because: "the LUNs are the kernel's devices" },
      { type: "disk", kind: "block", shared: false, because: "partitions are devices" },
      { type: "zfs", kind: "zvol", shared: false, because: "a zfs pool holds ZFS volumes" },
      { type: "mpath", kind: "block", shared: false, because: "multipath devices are devices" },
    ] as const
  ).map(({ type, kind, shared, because }) => ({
    given: { type, isLocal: false },
    facts: { kind, shared, directIo: "yes", source: "table" } as const,
    because,
  })),
  {
    given: { type: "netfs", isLocal: false },
    facts: { kind: "nfs", shared: true, directIo: "yes", source: "table" },
    because: "libvirt says that it is NFS",
  },
];

describe("a pool, looked at", () => {
  test.each(localRows)("$because", async ({ given, facts }) => {
    const { libvirt, observer } = stage(given);
    expect(await observer.observePool("p", { depth: "look" })).toMatchObject({ facts });
    expect(libvirt.writes).toEqual([]);
  });

  test.each<Stage & { because: string }>([
    { isLocal: false, because: "another machine" },
    { machine: { fileSystemBytes: { "/pool": bytes + 1 } }, because: "another size: another file system" },
    { machine: { fileSystemBytes: {} }, because: "not here at all" },
    { machine: on("overlay overlay rw"), because: "inside a container, whose size is that of the disk below" },
    { machine: { ...on("fuse.x x rw"), ...cannotWrite }, because: "FUSE may do either, and no write may be tried" },
  ])("needs a probe: $because", async (given) => {
    const { libvirt, machine, observer } = stage(given);
    expect(await observer.observePool("p", { depth: "look" })).toEqual({ needsProbe: ["p"] });
    expect(libvirt.writes).toEqual([]);
    expect(machine.probed).toEqual(given.machine && "probe" in given.machine ? ["/pool"] : []);
  });
});

/** No probe domain and no scratch volume is left. */
const leavesNothing = async (libvirt: FakeLibvirt) => {
  expect(await libvirt.listDomains()).toEqual([]);
  expect(await libvirt.listVolumes("p")).toEqual([]);
};

describe("a pool, probed by a domain", () => {
  const far = { isLocal: false, machine: elsewhere };

  test.each([
    { directIo: true, answer: "yes" },
    { directIo: false, answer: "no" },
  ])("direct I/O $directIo: $answer", async ({ directIo, answer }) => {
    const { libvirt, observer } = stage({ ...far, directIo });
    expect(await observer.observePool("p", { depth: "probe" })).toMatchObject({ facts: { directIo: answer, source: "probe domain" } });
    await leavesNothing(libvirt);
  });

  test.each([
    { verb: "createProbeDomain", why: /no probe domain could be started/ },
    { verb: "createVolume", why: /no scratch volume could be made/ },
  ] as const)("a refused $verb is unknown, with the text", async ({ verb, why }) => {
    const { libvirt, observer } = stage(far);
    const refusal = await libvirt.startDomain("none").catch((error: unknown) => error as Error);
    libvirt.failNext(verb, refusal as Error);
    const observed = await observer.observePool("p", { depth: "probe" });
    expect(observed).toMatchObject({ facts: { directIo: "unknown", source: "probe domain" } });
    expect((observed as { facts: PoolFacts }).facts.why).toMatch(why);
    await leavesNothing(libvirt);
  });

  test("both ways refused is unknown, not no", async () => {
    const { libvirt, observer } = stage(far);
    const refusal = (await libvirt.startDomain("none").catch((error: unknown) => error)) as Error;
    libvirt.failNext("attachLiveDevice", refusal);
    libvirt.failNext("attachLiveDevice", refusal);
    expect(await observer.observePool("p", { depth: "probe" })).toMatchObject({ facts: { directIo: "unknown" } });
    await leavesNothing(libvirt);
  });

  test("a cancel in mid-probe cleans up", async () => {
    const { libvirt, observer } = stage(far);
    const abort = new AbortController();
    const hold = libvirt.holdNext("attachLiveDevice");
    const observing = observer.observePool("p", { depth: "probe", signal: abort.signal });
    await hold.reached;
    abort.abort();
    await expect(observing).rejects.toMatchObject({ name: "CancelledError" });
    await leavesNothing(libvirt);
  });

  test("the answer is kept for the same pool and versions, and for no other", async () => {
    const { libvirt, observer } = stage(far);
    const observed = await observer.observeHost({ depth: "probe" });
    const known = (observed as { facts: HostFacts }).facts;
    libvirt.clearLog();
    expect(await observer.observeHost({ depth: "look", known })).toEqual({ facts: known });
    expect(libvirt.writes).toEqual([]);
    const moved: HostFacts = { ...known, pools: { p: { ...known.pools["p"]!, path: "/elsewhere" } } };
    expect(await observer.observeHost({ depth: "look", known: moved })).toEqual({ needsProbe: ["p"] });
    expect(await observer.observeHost({ depth: "look", known: { ...known, libvirtVersion: "9.0.1" } })).toEqual({ needsProbe: ["p"] });
  });
});

describe("answers that are kept in one run", () => {
  const far = { isLocal: false, machine: elsewhere };
  const probe = { depth: "probe" } as const;
  const look = { depth: "look" } as const;
  const many = 50;
  const probesOf = ({ writes }: FakeLibvirt) => writes.filter((write) => write.startsWith("createProbeDomain")).length;

  test("many disks in one pool start one probe domain, though they ask at the same time", async () => {
    const { libvirt, observer } = stage(far);
    libvirt.addFile({ path: "/pool/a.qcow2" });
    const asked = Array.from({ length: many }, (_, index) =>
      index % 2 === 0 ? observer.observePool("p", probe) : observer.observeChain("/pool/a.qcow2", probe),
    );
    for (const answer of await Promise.all(asked)) expect(JSON.stringify(answer)).toContain('"directIo":"yes"');
    expect(probesOf(libvirt)).toBe(1);
    libvirt.removeFile("/pool/a.qcow2");
    await libvirt.refreshPool("p");
    await leavesNothing(libvirt);
  });

  test("many disks on one mount are told by one write, in whatever folder", async () => {
    const { libvirt, machine, observer } = stage({});
    libvirt.addPool({ name: "q", path: "/pool/sub", capacityBytes: bytes });
    for (let asked = 0; asked < many; asked += 1) await observer.observePool("p", look);
    await Promise.all(Array.from({ length: many }, () => observer.observePool("p", look)));
    expect(machine.probed).toEqual(["/pool"]);
  });

  test.each([
    { path: "/pool/web.qcow2", probes: 2, because: "it lies in the pool" },
    { path: "/pool", probes: 2, because: "it is the pool" },
    { path: undefined, probes: 2, because: "everything is forgotten" },
    { path: "/pool2/web.qcow2", probes: 1, because: "it lies elsewhere" },
  ])("after forget($path) a pool is probed $probes times: $because", async ({ path, probes }) => {
    const { libvirt, observer } = stage(far);
    await observer.observePool("p", probe);
    libvirt.setDirectIo("/pool", false);
    observer.forget(path);
    const answer = probes === 2 ? "no" : "yes";
    expect(await observer.observePool("p", probe)).toMatchObject({ facts: { directIo: answer } });
    expect(probesOf(libvirt)).toBe(probes);
  });

  test("after forget a write is tried again", async () => {
    const { machine, observer } = stage({});
    await observer.observePool("p", look);
    observer.forget("/pool/web.qcow2");
    await observer.observePool("p", look);
    expect(machine.probed).toEqual(["/pool", "/pool"]);
  });

  test("another file system in the mount's place is noticed without forget", async () => {
    const { machine, observer } = stage({});
    await observer.observePool("p", look);
    machine.remount("/pool", "xfs /dev/vdc rw");
    expect(await observer.observePool("p", look)).toMatchObject({ facts: { kind: "xfs" } });
    expect(machine.probed).toEqual(["/pool", "/pool"]);
  });

  test("looking at the whole host asks anew, and what it hears is what single pools are told", async () => {
    const { libvirt, observer } = stage(far);
    await observer.observePool("p", probe);
    libvirt.setDirectIo("/pool", false);
    expect(await observer.observeHost(probe)).toMatchObject({ facts: { pools: { p: { directIo: "no" } } } });
    expect(await observer.observePool("p", probe)).toMatchObject({ facts: { directIo: "no" } });
    expect(probesOf(libvirt)).toBe(2);
  });

  test("an unknown is not kept: the next one asks again", async () => {
    const { libvirt, observer } = stage(far);
    const refusal = (await libvirt.startDomain("none").catch((error: unknown) => error)) as Error;
    libvirt.failNext("createVolume", refusal);
    expect(await observer.observePool("p", probe)).toMatchObject({ facts: { directIo: "unknown" } });
    expect(await observer.observePool("p", probe)).toMatchObject({ facts: { directIo: "yes" } });
  });

  test("one that is cancelled leaves the question to those that wait behind it", async () => {
    const { libvirt, observer } = stage(far);
    const abort = new AbortController();
    const hold = libvirt.holdNext("attachLiveDevice");
    const first = observer.observePool("p", { ...probe, signal: abort.signal });
    const second = observer.observePool("p", probe);
    await hold.reached;
    abort.abort();
    await expect(first).rejects.toMatchObject({ name: "CancelledError" });
    expect(await second).toMatchObject({ facts: { directIo: "yes" } });
    await leavesNothing(libvirt);
  });
});

describe("a folder that QEMU's user may not pass", () => {
  const open = { isFolder: true, mode: 0o40711, uid: 0, gid: 0 };
  const users = { "/etc/passwd": "q:x:64055:109:::", "/etc/group": "g:x:7:a,q" };

  test.each<{ because: string; folders: NonNullable<FakeMachineOptions["stats"]>; uri?: string; says?: string }>([
    { because: "all may pass", folders: { "/": open, "/pool": open } },
    {
      because: "root's alone",
      folders: { "/": open, "/pool": { ...open, mode: 0o40700 } },
      says: "/pool has mode 0700, and QEMU's user (64055) may not pass it",
    },
    { because: "a folder on the way", folders: { "/": { ...open, mode: 0o40600 }, "/pool": open }, says: "/ has mode 0600" },
    { because: "its own", folders: { "/pool": { ...open, mode: 0o40700, uid: 64055 } } },
    { because: "its own group's", folders: { "/pool": { ...open, mode: 0o40710, gid: 109 } } },
    { because: "a further group's", folders: { "/pool": { ...open, mode: 0o40710, gid: 7 } } },
    {
      because: "its group's, which may not pass either",
      folders: { "/pool": { ...open, mode: 0o40700, gid: 109 } },
      says: "/pool has mode",
    },
    { because: "the owner's bits are the owner's", folders: { "/pool": { ...open, mode: 0o40071, uid: 64055 } } },
    { because: "an access list may let it pass, which the mode shows as the group's", folders: { "/pool": { ...open, mode: 0o40710 } } },
    { because: "a session's QEMU is this user", folders: { "/pool": { ...open, mode: 0o40700 } }, uri: "qemu:///session" },
    { because: "nobody can see it", folders: {} },
  ])("$because: $says", async ({ folders, uri = "qemu:///system", says }) => {
    const libvirt = createFakeLibvirt({ uri, isLocalSocket: true });
    libvirt.addPool({ name: "p", path: "/pool", capacityBytes: bytes });
    const machine = fakeMachine({ mounts: root, fileSystemBytes: { "/pool": bytes }, stats: folders, texts: users });
    const observed = (await createHostObserver(libvirt, machine).observePool("p", { depth: "look" })) as { facts: PoolFacts };
    if (says === undefined) expect(observed.facts.impassable).toBeUndefined();
    else expect(observed.facts.impassable).toContain(says);
  });

  test("of another machine's folders nothing is said", async () => {
    const { observer } = stage({ isLocal: false, machine: { mounts: root, stats: { "/pool": { ...open, mode: 0o40700 } } } });
    const observed = (await observer.observePool("p", { depth: "probe" })) as { facts: PoolFacts };
    expect(observed.facts.impassable).toBeUndefined();
  });
});

describe("a chain", () => {
  test("reuses its pool's answer from before, for every element", async () => {
    const { libvirt, observer } = stage({ isLocal: false, machine: elsewhere });
    libvirt.addFile({ path: "/pool/base.qcow2" });
    libvirt.addFile({ path: "/pool/top.qcow2", backing: { path: "/pool/base.qcow2", format: "qcow2" } });
    expect(await observer.observeChain("/pool/top.qcow2", { depth: "look" })).toEqual({ needsProbe: ["p"] });
    const { facts: known } = (await observer.observeHost({ depth: "probe" })) as { facts: HostFacts };
    expect(await observer.observeChain("/pool/top.qcow2", { depth: "look", known })).toMatchObject({
      facts: [
        { path: "/pool/top.qcow2", format: "qcow2", pool: "p", directIo: "yes", source: "probe domain" },
        { path: "/pool/base.qcow2", format: "qcow2", pool: "p", directIo: "yes" },
      ],
    });
  });

  test("asks one probe domain for the storage of every element, and for an image in no pool by its path", async () => {
    const { libvirt, observer } = stage({ isLocal: false, machine: elsewhere });
    libvirt.addPool({ name: "q", path: "/slow", directIo: false });
    libvirt.addFile({ path: "/outside/base.raw", format: "raw" });
    libvirt.addFile({ path: "/slow/middle.qcow2", backing: { path: "/outside/base.raw", format: "raw" } });
    libvirt.addFile({ path: "/pool/top.qcow2", backing: { path: "/slow/middle.qcow2", format: "qcow2" } });
    libvirt.setDirectIo("/outside", false);
    expect(await observer.observeChain("/pool/top.qcow2", { depth: "look" })).toEqual({ needsProbe: ["p", "q", "/outside/base.raw"] });
    expect(libvirt.writes).toEqual([]);
    expect(await observer.observeChain("/pool/top.qcow2", { depth: "probe" })).toMatchObject({
      facts: [
        { path: "/pool/top.qcow2", pool: "p", directIo: "yes", source: "probe domain" },
        { path: "/slow/middle.qcow2", pool: "q", directIo: "no", source: "probe domain" },
        { path: "/outside/base.raw", directIo: "no", source: "probe domain" },
      ],
    });
    expect(libvirt.writes.filter((write) => write.startsWith("createProbeDomain"))).toHaveLength(1);
    expect(libvirt.file("/outside/base.raw")).toBeDefined();
  });

  test("an image in no pool of a far host: there by its path, or not there", async () => {
    const { libvirt, observer } = stage({ isLocal: false, machine: elsewhere });
    libvirt.addFile({ path: "/outside/disk.img", format: "raw" });
    const probe = { depth: "probe" } as const;
    expect(await observer.observeChain("/outside/disk.img", probe)).toMatchObject({ facts: [{ directIo: "yes", source: "probe domain" }] });
    expect(await observer.observeChain("/outside/none.img", probe)).toBeUndefined();
  });

  const look = { depth: "look" } as const;

  test.each([
    { because: "it is known to be raw", options: { ...look, format: "raw" }, paths: ["/pool/evil.img"] },
    { because: "nobody says otherwise", options: look, paths: ["/pool/evil.img", "/etc/secret"] },
  ] as const)("a header in an image's bytes counts as $because", async ({ options, paths }) => {
    const { libvirt, observer } = stage({});
    libvirt.addFile({ path: "/pool/evil.img", backing: { path: "/etc/secret", format: "raw" }, capacityBytes: 1024 });
    const observed = (await observer.observeChain("/pool/evil.img", options)) as {
      facts?: readonly ChainElement[];
      needsProbe?: readonly string[];
    };
    expect(observed.facts?.map(({ path }) => path) ?? ["/pool/evil.img", ...(observed.needsProbe ?? [])]).toEqual(paths);
    if ("format" in options) expect(observed).toMatchObject({ facts: [{ format: "raw", pool: "p", kind: "ext4" }] });
    if ("format" in options) expect(observed.facts?.[0]).not.toHaveProperty("capacityBytes");
  });

  test("what the layer above calls raw is raw, whatever its bytes look like", async () => {
    const { libvirt, observer } = stage({});
    libvirt.addFile({ path: "/pool/evil.img", backing: { path: "/etc/secret", format: "raw" } });
    libvirt.addFile({ path: "/pool/top.qcow2", backing: { path: "/pool/evil.img", format: "raw" } });
    expect(await observer.observeChain("/pool/top.qcow2", look)).toMatchObject({
      facts: [
        { path: "/pool/top.qcow2", format: "qcow2" },
        { path: "/pool/evil.img", format: "raw" },
      ],
    });
    const { facts } = (await observer.observeChain("/pool/top.qcow2", look)) as { facts: readonly ChainElement[] };
    expect(facts).toHaveLength(2);
  });

  test("an image on btrfs has its own copy-on-write, whatever its folder says now", async () => {
    const { libvirt, observer } = stage({
      machine: { ...on("btrfs /dev/vdb rw"), attributes: { "/pool": "C", "/pool/old.img": "", "/pool/new.img": "C" } },
    });
    for (const name of ["old", "new", "unreadable"]) libvirt.addFile({ path: `/pool/${name}.img`, format: "raw" });
    const nocowOf = async (name: string) =>
      ((await observer.observeChain(`/pool/${name}.img`, { depth: "look" })) as { facts: readonly { nocow?: boolean }[] }).facts[0]?.nocow;
    expect([await nocowOf("old"), await nocowOf("new"), await nocowOf("unreadable")]).toEqual([false, true, undefined]);
  });

  test("a loop device says whether its file is still cached", async () => {
    const stats = { "/dev/loop0": { isBlockDevice: true, device: "7:0" }, "/dev/loop1": { isBlockDevice: true, device: "7:1" } };
    const texts = {
      "/sys/dev/block/7:0/loop/dio": "0\n",
      "/sys/dev/block/7:0/loop/backing_file": "/srv/a.img\n",
      "/sys/dev/block/7:1/loop/dio": "1\n",
      "/sys/dev/block/7:1/loop/backing_file": "/srv/b.img\n",
    };
    const { observer } = stage({ machine: { stats, texts } });
    const whyOf = async (path: string) =>
      ((await observer.observeChain(path, { depth: "look" })) as { facts: readonly { why: string }[] }).facts[0]?.why;
    expect(await whyOf("/dev/loop0")).toMatch(/takes O_DIRECT; the loop driver .* \/srv\/a\.img through the page cache/);
    expect(await whyOf("/dev/loop1")).not.toContain("page cache");
  });

  test("finds a file that libvirt has not seen yet, and says when there is none", async () => {
    const { libvirt, observer } = stage({});
    libvirt.addFile({ path: "/pool/new.img", format: "raw", unseen: true });
    expect(await observer.observeChain("/pool/new.img", { depth: "look" })).toMatchObject({ facts: [{ format: "raw", kind: "ext4" }] });
    expect(await observer.observeChain("/pool/none.img", { depth: "look" })).toBeUndefined();
  });

  test("tells devices by the kernel's tree", async () => {
    const { observer } = stage({
      machine: {
        stats: { "/dev/vg/lv": { isBlockDevice: true, device: "253:0" }, "/dev/zvol/t/v": { isBlockDevice: true, device: "230:0" } },
        links: { "/sys/dev/block/253:0": "/sys/devices/virtual/block/dm-0", "/sys/dev/block/230:0": "/sys/devices/virtual/block/zd0" },
        texts: { "/sys/dev/block/253:0/dm/uuid": "LVM-abc\n", "/sys/dev/block/253:0/size": "2048\n" },
      },
    });
    const look = { depth: "look" } as const;
    expect(await observer.observeChain("/dev/vg/lv", look)).toMatchObject({
      facts: [{ kind: "lvm", directIo: "yes", capacityBytes: 1024 ** 2 }],
    });
    expect(await observer.observeChain("/dev/zvol/t/v", look)).toMatchObject({ facts: [{ kind: "zvol", directIo: "yes" }] });
  });

  test.each([
    { hostname: "fake", isTrusted: true, because: "the daemon calls the machine by its own name, and no pool contradicts" },
    { hostname: "container", isTrusted: false, because: "another name: another machine, or a container" },
  ])("a file on a host without pools, $because", async ({ hostname, isTrusted }) => {
    const libvirt = createFakeLibvirt({ uri: "qemu:///system", isLocalSocket: true });
    const machine = fakeMachine({
      mounts: root,
      hostname,
      stats: { "/a.img": { sizeBytes: 512 } },
      heads: { "/a.img": Buffer.alloc(512) },
    });
    const observed = await createHostObserver(libvirt, machine).observeChain("/a.img", { depth: "look" });
    if (isTrusted) expect(observed).toMatchObject({ facts: [{ format: "raw", capacityBytes: 512, kind: "ext4" }] });
    else expect(observed).toEqual({ needsProbe: ["/a.img"] });
  });
});
