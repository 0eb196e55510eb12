// The observer on a fake host and a fake machine: which way each answer comes, and that looking changes nothing.
import { createFakeLibvirt } from "../testing/fake-libvirt";
import type { FakeLibvirt } from "../testing/fake-libvirt";
import type { HostFacts, PoolFacts } from "../plan/facts";
import { fakeMachine } from "../testing/fake-machine";
import type { FakeMachineOptions } from "../testing/fake-machine";
import { createHostObserver } from "./observe-host";

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
