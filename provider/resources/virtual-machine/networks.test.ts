// A VM's network cards through their life: made, changed while it runs, drifted, imported, taken away; on the fake host.
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { createStage, program, type Stage } from "../../testing/machine-stage";
import type { Values } from "../resource";
import { without } from "../values";

const lan = { network: "default" };
const withNetworks = (networks: Values, more: Values = {}) => program({ networks, ...more });
const verbs = (writes: readonly string[]) => writes.map((write) => write.split(" ")[0]);
const said = (log: readonly { message: string }[]) => log.map(({ message }) => message).join("\n");
const macOf = ({ web }: Stage, key = "lan") => (web.now.state["macAddresses"] as Record<string, string>)[key] ?? "";

describe("a new machine", () => {
  test("has no network card without `networks`, and one for each of them", async () => {
    const { web, domain } = createStage();
    await web.up(program());
    expect((await domain()).defined.interfaces).toEqual([]);
    expect(web.now.state).toMatchObject({ macAddresses: {}, addresses: {} });
    expect(await web.up(program())).toMatchObject({ did: "same" });
  });

  test("gets a MAC once, which every later step keeps", async () => {
    const stage = createStage();
    const { web, domain } = stage;
    const asked = withNetworks({ lan, wan: { bridge: "br0", model: "e1000e", mac: "52:54:00:00:00:07" } });
    const preview = await web.preview(asked);
    expect(preview.state).toMatchObject({ macAddresses: { wan: "52:54:00:00:00:07" } });
    await web.up(asked);
    const mac = macOf(stage);
    expect(mac).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
    expect((await domain()).running?.interfaces).toMatchObject([
      { key: "lan", alias: "ua-lan", mac, model: "virtio", source: { type: "network", network: "default" } },
      { key: "wan", alias: "ua-wan", mac: "52:54:00:00:00:07", model: "e1000e" },
    ]);
    expect(await web.up(asked)).toMatchObject({ did: "same" });
    await web.refresh();
    expect(await web.up(asked)).toMatchObject({ did: "same" });
    await web.up({ ...asked, description: "x" });
    expect(macOf(stage)).toBe(mac);
    expect(await web.up({ ...asked, description: "x" }, { force: true })).toMatchObject({ did: "update" });
    expect(macOf(stage)).toBe(mac);
  });

  test("never gets the MAC of another one, and is warned of one that the program gives twice", async () => {
    const stage = createStage();
    const { web, newDriver } = stage;
    const other = newDriver({ name: "db" });
    await web.up(withNetworks({ lan }));
    const mac = macOf(stage);
    const up = await other.up(program({ name: "db", disks: {}, networks: { lan: { ...lan, mac } } }));
    expect(up).toMatchObject({ did: "create", initErrors: [] });
    expect(said(up.log)).toContain(`networks.lan.mac: is ${mac}, as that of the VM web`);
  });
});

test.each([
  { because: "the cable", before: lan, after: { ...lan, linkState: "down" }, changes: ["networks.lan.linkState"] },
  {
    because: "the limits",
    before: { ...lan, bandwidth: { inbound: { average: "1MiB" } } },
    after: { ...lan, bandwidth: { inbound: { average: "2MiB", peak: "4MiB" }, outbound: { average: "1MiB" } } },
    changes: ["networks.lan.bandwidth.inbound", "networks.lan.bandwidth.outbound"],
  },
  { because: "another network", before: lan, after: { network: "other" }, changes: ["networks.lan.network"] },
  {
    because: "a network for a bridge",
    before: lan,
    after: { bridge: "br0" },
    changes: ["networks.lan.bridge", "networks.lan.network"],
  },
])("$because changes while the machine runs", async ({ before, after, changes }) => {
  const { web, fake, domain } = createStage();
  await web.up(withNetworks({ lan: before }));
  const { id } = await domain();
  fake.clearLog();
  const asked = withNetworks({ lan: after }, { applyChanges: "refuse" });
  expect(said((await web.preview(asked)).log)).toMatch(/: live$/m);
  const up = await web.up(asked);
  expect({ ...up, changes: [...up.changes].sort() }).toMatchObject({ did: "update", changes, initErrors: [] });
  expect(verbs(fake.writes)).toEqual(["defineDomain", "updateLiveDevice"]);
  const { running, defined, id: now } = await domain();
  expect(now).toBe(id);
  expect(running?.interfaces[0]).toMatchObject(without(defined.interfaces[0]!, "alias"));
  expect(web.now.state).toMatchObject({ restartPending: false, pendingChanges: [] });
  fake.clearLog();
  expect(await web.up(asked, { force: true })).toMatchObject({ did: "update" });
  expect(fake.writes).toEqual([]);
  await web.refresh();
  expect(await web.up(asked)).toMatchObject({ did: "same" });
});

test.each([
  { because: "model", after: { ...lan, model: "e1000e" }, path: "networks.lan.model" },
  { because: "MAC", after: { ...lan, mac: "52:54:00:00:00:01" }, path: "networks.lan.mac" },
  { because: "MTU", after: { ...lan, mtu: 1400 }, path: "networks.lan.mtu" },
  { because: "number of queues", after: { ...lan, queues: 2 }, path: "networks.lan.queues" },
  { because: "place in the boot order", after: { ...lan, bootOrder: 1 }, path: "networks.lan.bootOrder" },
  { because: "port group", after: { ...lan, portgroup: "slow" }, path: "networks.lan.portgroup" },
  { because: "kind of network", after: { user: true }, path: "networks.lan" },
])("another $because waits for the next cold start, is said, and then there", async ({ after, path }) => {
  const { web, fake, domain, coldStart } = createStage();
  await web.up(withNetworks({ lan }));
  const { id } = await domain();
  fake.clearLog();
  const asked = withNetworks({ lan: after });
  const refused = await web.preview({ ...asked, applyChanges: "refuse" });
  expect(refused).toMatchObject({ did: "refused", problems: [{ path }] });
  expect(said((await web.preview(asked)).log)).toContain(`${path}:`);
  const up = await web.up(asked);
  expect(up).toMatchObject({ did: "update", changes: [path], initErrors: [] });
  expect(verbs(fake.writes)).toEqual(["defineDomain"]);
  expect((await domain()).id).toBe(id);
  expect(web.now.state).toMatchObject({ restartPending: true, pendingChanges: [expect.stringContaining(`${path}: `) as string] });
  await coldStart();
  await web.refresh();
  expect(web.now.state).toMatchObject({ restartPending: false, pendingChanges: [] });
  expect(await web.up(asked)).toMatchObject({ did: "same" });
});

describe("a card", () => {
  test("is plugged in and out while the machine runs", async () => {
    const { web, fake, domain } = createStage();
    await web.up(withNetworks({ lan }));
    const { id } = await domain();
    fake.clearLog();
    const both = withNetworks({ lan, wan: { bridge: "br0" } }, { applyChanges: "refuse" });
    const preview = await web.preview(both);
    expect(said(preview.log)).toContain('networks.wan: none => {"bridge":"br0"}: live');
    expect(await web.up(both)).toMatchObject({ did: "update", changes: ["networks.wan"], initErrors: [] });
    expect(verbs(fake.writes)).toEqual(["defineDomain", "attachLiveDevice"]);
    expect((await domain()).running?.interfaces).toMatchObject([{ key: "lan" }, { key: "wan", source: { bridge: "br0" } }]);
    expect(web.now.state).toMatchObject({ restartPending: false, macAddresses: { wan: expect.any(String) as string } });
    fake.clearLog();
    const one = withNetworks({ wan: { bridge: "br0" } }, { applyChanges: "refuse" });
    expect(said((await web.preview(one)).log)).toContain("live, if the guest lets go of it");
    expect(await web.up(one)).toMatchObject({ did: "update", changes: ["networks.lan"], initErrors: [] });
    expect(verbs(fake.writes)).toEqual(["defineDomain", "unplugLiveDevice"]);
    expect(await domain()).toMatchObject({ id, running: { interfaces: [{ key: "wan" }] } });
    expect(await web.up(one)).toMatchObject({ did: "same" });
  });

  test.each([
    { because: "refuses", words: "refuses to let go" },
    { because: "waits", words: "unplugTimeoutSeconds" },
  ] as const)("that a guest does not let go of ($because) is pending", async ({ because, words }) => {
    const { web, fake, domain, coldStart } = createStage();
    await web.up(withNetworks({ lan, wan: { bridge: "br0" } }));
    fake.onUnplug("web", because);
    const up = await web.up(withNetworks({ lan }));
    expect(up).toMatchObject({ did: "update", initErrors: [] });
    expect(said(up.log)).toContain(words);
    expect(web.now.state).toMatchObject({ restartPending: true, pendingChanges: ["networks.wan: bridge br0 => none"] });
    await coldStart();
    await web.refresh();
    expect(web.now.state).toMatchObject({ restartPending: false });
    expect((await domain()).running?.interfaces).toHaveLength(1);
    expect(await web.up(withNetworks({ lan }))).toMatchObject({ did: "same" });
  });

  test("that libvirt does not change while it runs waits, and it is said", async () => {
    const { web, fake } = createStage();
    await web.up(withNetworks({ lan }));
    const message = "unable to change config on 'network' network type";
    fake.failNext("updateLiveDevice", new HostError(hostErrorCodes.operationUnsupported, message, { doing: "changing", what: "web" }));
    const up = await web.up(withNetworks({ lan: { network: "macvtap" } }));
    expect(up).toMatchObject({ did: "update", initErrors: [] });
    expect(said(up.log)).toContain(message);
    expect(web.now.state).toMatchObject({ restartPending: true });
  });

  test("takes what the host can do, beside what it cannot", async () => {
    const { web, fake, domain } = createStage();
    await web.up(withNetworks({ lan: { ...lan, linkState: "down" } }));
    const message = "Child process (tc qdisc add) unexpected exit status 2: Error: Specified qdisc kind is unknown.";
    const asked = withNetworks({ lan: { ...lan, bandwidth: { inbound: { average: "1MiB" } } } });
    fake.failNext("updateLiveDevice", new HostError(hostErrorCodes.internalError, message, { doing: "changing", what: "web" }));
    const up = await web.up(asked);
    expect(up).toMatchObject({ did: "update", initErrors: [] });
    expect(said(up.log)).toContain(message);
    expect(web.now.state).toMatchObject({ restartPending: true, pendingChanges: ["networks.lan.linkState: down => up"] });
    expect((await domain()).running?.interfaces).toMatchObject([{ linkState: "down", bandwidth: { inbound: { averageKiB: 1024 } } }]);
    expect(await web.up(asked, { force: true })).toMatchObject({ did: "update", initErrors: [] });
    expect((await domain()).running?.interfaces).toMatchObject([{ linkState: "up", bandwidth: { inbound: { averageKiB: 1024 } } }]);
  });

  test("goes with the last of `networks`, also where the program leaves the word out", async () => {
    const { web, domain } = createStage();
    await web.up(withNetworks({ lan }));
    expect(await web.up(program())).toMatchObject({ did: "update", changes: ["networks.lan"], initErrors: [] });
    expect((await domain()).defined.interfaces).toEqual([]);
    expect((await domain()).running?.interfaces).toEqual([]);
    expect(await web.up(program())).toMatchObject({ did: "same" });
    expect(await web.up(program(), { force: true })).toMatchObject({ did: "update", initErrors: [] });
  });
});

describe("drift", () => {
  test.each([
    {
      because: "a pulled cable",
      edit: (xml: string) => xml.replace(/(<interface[^]*?)<model/, '$1<link state="down"/><model'),
      path: "networks.lan.linkState",
    },
    {
      because: "another network",
      edit: (xml: string) => xml.replace('network="default"', 'network="other"'),
      path: "networks.lan.network",
    },
    {
      because: "a card that is gone",
      edit: (xml: string) => xml.replace(/<interface[^]*?<\/interface>/, ""),
      path: "networks.lan",
    },
    {
      because: "a card more",
      edit: (xml: string) =>
        xml.replace("</devices>", '<interface type="user"><mac address="52:54:00:00:00:09"/><model type="virtio"/></interface></devices>'),
      path: "networks.net1",
    },
  ])("$because is found by a refresh, and set right", async ({ edit, path }) => {
    const stage = createStage();
    const { web, domain } = stage;
    const asked = withNetworks({ lan }, { power: "stopped" });
    await web.up(asked);
    const mac = macOf(stage);
    const before = (await domain()).defined.interfaces;
    await stage.edit(edit);
    await web.refresh();
    expect(await web.up(asked)).toMatchObject({ did: "update", changes: [path], initErrors: [] });
    const after = (await domain()).defined.interfaces;
    if (path !== "networks.lan") {
      expect(after).toEqual(before);
      expect(macOf(stage)).toBe(mac);
    } else expect(after).toHaveLength(1);
    await web.refresh();
    expect(await web.up(asked)).toMatchObject({ did: "same" });
  });

  test("of what the program leaves open is none: the MAC, the model, the host's device", async () => {
    const stage = createStage();
    const { web } = stage;
    const asked = withNetworks({ lan }, { power: "stopped" });
    await web.up(asked);
    await stage.edit((xml) =>
      xml.replace(/<mac address="[^"]*"/, '<mac address="52:54:00:00:00:09"').replace("<model", '<target dev="tap9"/><model'),
    );
    await web.refresh();
    expect(await web.up(asked)).toMatchObject({ did: "same" });
    expect(macOf(stage)).toBe("52:54:00:00:00:09");
  });

  test("of words that mean the same is none", async () => {
    const { web } = createStage();
    const spelled = { network: "default", linkState: "up", model: "virtio", bandwidth: { inbound: { average: "1MiB" } } };
    await web.up(withNetworks({ lan: spelled, out: { user: true }, vtap: { direct: { device: "eth0" } } }));
    await web.refresh();
    const other = { network: "default", bandwidth: { inbound: { average: "1024KiB" } } };
    expect(await web.up(withNetworks({ lan: spelled, out: { user: true }, vtap: { direct: { device: "eth0" } } }))).toMatchObject({
      did: "same",
    });
    expect(
      await web.up(
        withNetworks({ lan: other, out: { user: true, linkState: "up" }, vtap: { direct: { device: "eth0", mode: "bridge" } } }),
      ),
    ).toMatchObject({ did: "same" });
  });
});

describe("cards of other hands", () => {
  const foreign = '<interface type="network"><mac address="52:54:00:00:00:09"/><source network="old"/><model type="e1000e"/></interface>';
  const give = (stage: Stage) => stage.edit((xml) => xml.replace("</devices>", `${foreign}</devices>`));

  test("stay while the program speaks of no networks", async () => {
    const stage = createStage();
    const { web, domain } = stage;
    await web.up(program());
    await give(stage);
    await web.refresh();
    expect(await web.up(program({ description: "x" }))).toMatchObject({ did: "update", changes: ["description"], initErrors: [] });
    expect((await domain()).defined.interfaces).toMatchObject([{ key: "net0", mac: "52:54:00:00:00:09" }]);
    expect(web.now.state).toMatchObject({ restartPending: false, macAddresses: { net0: "52:54:00:00:00:09" } });
  });

  test("are not taken away by the first `networks`, but taken over by their key or MAC", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    await web.up(program());
    await give(stage);
    const refused = await web.up(withNetworks({ lan }));
    expect(refused).toMatchObject({
      did: "refused",
      problems: [{ path: "networks", reason: expect.stringContaining("net0 (network old") as string }],
    });
    expect(fake.writes).toEqual([]);
    expect(await web.up(withNetworks({ lan, old: { network: "old", mac: "52:54:00:00:00:09" } }))).toMatchObject({
      did: "update",
      initErrors: [],
    });
    expect((await domain()).defined.interfaces).toMatchObject([{ key: "lan" }, { key: "old", model: "e1000e" }]);
  });

  test("come in with an import under their names, and an update leaves them as they are", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    await web.up(withNetworks({ lan }));
    await give(stage);
    await stage.edit((xml) =>
      xml.replace("</devices>", '<interface type="hostdev"><mac address="52:54:00:00:00:0a"/></interface></devices>'),
    );
    const other = stage.newDriver({ name: "again" });
    expect(await other.import("web")).toMatchObject({ did: "import", changes: [] });
    expect(other.now.inputs).toMatchObject({
      networks: {
        lan: { network: "default", mac: macOf(stage) },
        net1: { network: "old", model: "e1000e", mac: "52:54:00:00:00:09" },
      },
    });
    const inputs = { ...without(other.now.inputs, "effectiveDisks"), description: "x" };
    fake.clearLog();
    expect(await other.up(inputs)).toMatchObject({ did: "update", changes: ["description"], initErrors: [] });
    expect(verbs(fake.writes)).toEqual(["defineDomain", "setLiveDescription", "attachLiveDevice"]);
    expect((await domain()).defined.interfaces.map(({ key }) => key)).toEqual(["lan", "net1", "net2"]);
    expect(await other.up(inputs)).toMatchObject({ did: "same" });
    // Its key is its own now: what goes before it does not rename it.
    const { lan: gone, ...rest } = inputs["networks" as keyof typeof inputs] as unknown as Values;
    expect(gone).toBeDefined();
    await other.up({ ...inputs, networks: rest });
    expect((await domain()).defined.interfaces.map(({ key }) => key)).toEqual(["net1", "net1"]);
  });
});

test.each([
  { networks: { lan: {} }, path: "networks.lan", words: "give one of", because: "a card leads somewhere" },
  { networks: { lan: { network: "a", bridge: "b" } }, path: "networks.lan", words: "give one of them", because: "and to one place" },
  { networks: { lan: { user: false } }, path: "networks.lan", words: "give one of", because: "no user network is none" },
  {
    networks: { lan: { bridge: "b", portgroup: "p" } },
    path: "networks.lan.portgroup",
    words: "network",
    because: "only networks have them",
  },
  {
    networks: { lan: { network: "a", openvswitch: true } },
    path: "networks.lan.openvswitch",
    words: "bridge",
    because: "it is the bridge's kind",
  },
  { networks: { lan: { bridge: "b", vlan: 5 } }, path: "networks.lan.vlan", words: "Open vSwitch", because: "libvirt tags no others" },
  {
    networks: { lan: { user: true, bandwidth: { inbound: { average: "1MiB" } } } },
    path: "networks.lan.bandwidth",
    words: "limit",
    because: "libvirt does not",
  },
  { networks: { lan: { user: true, mtu: 1400 } }, path: "networks.lan.mtu", words: "MTU", because: "libvirt does not" },
  {
    networks: { lan: { ...lan, bandwidth: { inbound: { average: "1000B" } } } },
    path: "networks.lan.bandwidth.inbound.average",
    words: "whole KiB",
    because: "libvirt counts so",
  },
  { networks: { lan: { ...lan, model: "e1000e", queues: 2 } }, path: "networks.lan.queues", words: "virtio", because: "others have one" },
  { networks: { lan: { ...lan, mac: "01:54:00:00:00:01" } }, path: "networks.lan.mac", words: "multicast", because: "libvirt refuses it" },
  {
    networks: { lan: { ...lan, mac: "52:54:00:00:00:01" }, wan: { ...lan, mac: "52:54:00:00:00:01" } },
    path: "networks.wan.mac",
    words: "networks.lan",
    because: "two cards of one address",
  },
  { networks: { lan: { ...lan, mac: "52:54" } }, path: "networks.lan.mac", words: "MAC address", because: "it is none" },
  { networks: { "a.b": lan }, path: 'networks["a.b"]', words: "letters, digits", because: "a key becomes libvirt's alias" },
])("$networks is refused at $path: $because", async ({ networks, path, words }) => {
  const { web, fake } = createStage();
  const { problems } = await web.up(withNetworks(networks));
  expect(problems).toMatchObject([{ path, reason: expect.stringContaining(words) as string }]);
  expect(fake.writes).toEqual([]);
});

test("a card and a disk have no place in the boot order together", async () => {
  const { web } = createStage();
  const { problems } = await web.up(
    program({ disks: { root: { pool: "ram", size: "1GiB", bootOrder: 1 } }, networks: { lan: { ...lan, bootOrder: 1 } } }),
  );
  expect(problems).toMatchObject([{ path: "networks.lan.bootOrder", reason: expect.stringContaining("disks.root") as string }]);
});
