import { HostError } from "../errors";
import { createFakeLibvirt } from "../testing/fake-libvirt";
import { fakeCapabilitiesXml } from "../testing/fake-capabilities";
import { fakeMachine } from "../testing/fake-machine";
import { qemuUserOf } from "./qemu-user";
import { createHostObserver } from "./observe-host";
import type { PathInfo } from "./machine";

const kvmGroup = 109;
const device = { mode: 0o20660, uid: 0, gid: kvmGroup };
const closed = { mode: 0o20600, uid: 0, gid: 0 };
const refusal = new HostError(1, "Could not access KVM kernel module:\nPermission denied", { doing: "Starting", what: "a probe domain" });

function stage(
  stat: Partial<PathInfo> | undefined,
  { kvm = true, uri = "qemu:///system", texts = {} }: { kvm?: boolean; uri?: string; texts?: Readonly<Record<string, string>> } = {},
) {
  const libvirt = createFakeLibvirt({ uri, isLocalSocket: !uri.includes("ssh"), kvm });
  const machine = fakeMachine({ mounts: {}, stats: stat ? { "/dev/kvm": stat } : {}, texts });
  return { libvirt, observer: createHostObserver(libvirt, machine) };
}

test("QEMU's user is read from the DAC label", () => {
  expect(qemuUserOf(fakeCapabilitiesXml(true))).toEqual({ uid: 64055, gid: kvmGroup });
  expect(qemuUserOf("<capabilities><host/></capabilities>")).toBeUndefined();
});

test.each([
  { stat: device, usable: "yes", because: "the group of QEMU's user may open it" },
  { stat: { ...device, gid: 7 }, usable: "no", because: "another group's" },
  {
    stat: { ...device, gid: 7 },
    texts: { "/etc/passwd": "q:x:64055:109:::", "/etc/group": "g:x:7:a,q" },
    usable: "yes",
    because: "a further group of the user",
  },
  { stat: { mode: 0o20666, uid: 0, gid: 0 }, usable: "yes", because: "open to all" },
  { stat: closed, usable: "no", because: "open to root only" },
  { stat: { mode: 0o20066, uid: 64055, gid: 0 }, usable: "no", because: "the owner's bits are the owner's, however open it is to others" },
  {
    stat: closed,
    uri: "qemu:///system?socket=/x/sock",
    usable: "unknown",
    because: "a daemon at a socket of its own may have other devices",
  },
  { stat: undefined, uri: "qemu+ssh://far/system", usable: "unknown", because: "another machine's devices cannot be seen" },
  { stat: device, kvm: false, usable: "no", because: "libvirt does not offer it" },
])("looked at: $usable, $because", async ({ stat, usable, kvm, uri, texts }) => {
  const { libvirt, observer } = stage(stat, { ...(kvm === false ? { kvm } : {}), ...(uri ? { uri } : {}), ...(texts ? { texts } : {}) });
  expect((await observer.observePlatform({ depth: "look" })).kvm.usable).toBe(usable);
  expect(libvirt.writes).toEqual([]);
});

describe("probed", () => {
  test("a probe domain decides where the permissions say no or nothing", async () => {
    const { observer } = stage(closed);
    expect((await observer.observePlatform({ depth: "probe" })).kvm).toEqual({
      usable: "yes",
      why: "a paused probe domain with KVM started",
    });
  });

  test("a refusal is a no when the same domain starts without KVM; it is asked for once", async () => {
    const { libvirt, observer } = stage(undefined, { uri: "qemu+ssh://far/system" });
    libvirt.failNext("createProbeDomain", refusal);
    const platforms = await Promise.all([observer.observePlatform({ depth: "probe" }), observer.observePlatform({ depth: "probe" })]);
    expect(platforms.map(({ kvm }) => kvm.usable)).toEqual(["no", "no"]);
    expect(platforms[0].kvm.why).toMatch(/Could not access KVM kernel module: Permission denied/);
    expect(libvirt.writes.filter((write) => write.startsWith("createProbeDomain"))).toHaveLength(2);
    expect(await libvirt.listDomains()).toEqual([]);
  });

  test("where nothing starts the answer is unknown", async () => {
    const { libvirt, observer } = stage(undefined, { uri: "qemu+ssh://far/system" });
    libvirt.failNext("createProbeDomain", refusal);
    libvirt.failNext("createProbeDomain", refusal);
    expect((await observer.observePlatform({ depth: "probe" })).kvm.usable).toBe("unknown");
  });

  test("an earlier answer is kept where looking cannot tell", async () => {
    const { observer } = stage(undefined, { uri: "qemu+ssh://far/system" });
    const known = { ...(await observer.observePlatform({ depth: "probe" })), pools: {} };
    const again = stage(undefined, { uri: "qemu+ssh://far/system" }).observer;
    expect((await again.observePlatform({ depth: "look", known })).kvm).toEqual(known.kvm);
  });
});
