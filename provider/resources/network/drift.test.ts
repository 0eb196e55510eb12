// What other hands do to a network: seen by read, in its inputs, and mended by the next up; networks that virsh made, taken over.
import { cardOn, createNetworkStage, fullNetwork, isolated, leastNetworks, web } from "../../testing/network-stage";
import type { NetworkUpdate } from "../../libvirt/port";
import type { Values } from "../resource";

type Stage = ReturnType<typeof createNetworkStage>;

async function redefine({ fake }: Stage, change: (xml: string) => string): Promise<void> {
  const before = (await fake.findNetwork("lan"))?.xml ?? "";
  const after = change(before);
  if (after === before) throw new Error("the edit changed nothing");
  await fake.defineNetwork(after);
}

const entry = ({ fake }: Stage, change: Partial<NetworkUpdate> & Pick<NetworkUpdate, "xml">) =>
  fake.updateNetwork("lan", { section: "dhcpHost", command: "add", affects: "both", ...change });

const withHost = isolated({}, { hosts: { web } });
const webXml = `<host mac="${web.mac}" name="web" ip="${web.ip}"/>`;
const gate = { gate: { ip: "192.168.100.5", hostnames: ["gate"] } };

const cases: readonly {
  because: string;
  program?: Values;
  hands: (stage: Stage) => Promise<unknown>;
  seen: object;
  changes: readonly string[];
}[] = [
  { because: "it was stopped", hands: ({ fake }) => fake.stopNetwork("lan"), seen: { active: false }, changes: ["active"] },
  {
    because: "it no longer starts with the host",
    hands: ({ fake }) => fake.setNetworkAutostart("lan", false),
    seen: { autostart: false },
    changes: ["autostart"],
  },
  {
    because: "it got an MTU",
    hands: (stage) => redefine(stage, (xml) => xml.replace("<ip ", '<mtu size="9000"/><ip ')),
    seen: { mtu: 9000 },
    changes: ["mtu"],
  },
  {
    because: "a host was added",
    hands: (stage) => entry(stage, { xml: webXml }),
    seen: { addresses: [{ dhcp: { hosts: { web } } }] },
    changes: ["addresses[0].dhcp.hosts.web"],
  },
  {
    because: "a host was deleted where it runs alone",
    program: withHost,
    hands: (stage) => entry(stage, { xml: webXml, command: "delete", affects: "live" }),
    seen: { addresses: [{ address: "192.168.100.1/24", dhcp: { ranges: [{ start: "192.168.100.10" }] } }] },
    changes: ["addresses[0].dhcp.hosts.web"],
  },
  {
    because: "a host was deleted in the definition alone",
    program: withHost,
    hands: (stage) => entry(stage, { xml: webXml, command: "delete", affects: "definition" }),
    seen: { addresses: [{ address: "192.168.100.1/24" }] },
    changes: ["addresses[0].dhcp.hosts.web"],
  },
  {
    because: "a host was given another address: it keeps its key",
    program: withHost,
    hands: (stage) => entry(stage, { xml: webXml.replace(".11", ".12"), command: "modify" }),
    seen: { addresses: [{ dhcp: { hosts: { web: { ...web, ip: "192.168.100.12" } } } }] },
    changes: ["addresses[0].dhcp.hosts.web"],
  },
  {
    because: "a name was added where it runs alone",
    program: isolated({ dns: { hosts: gate } }),
    hands: (stage) =>
      entry(stage, { section: "dnsHost", xml: '<host ip="192.168.100.6"><hostname>gate</hostname></host>', affects: "live" }),
    seen: { dns: { hosts: { ...gate, "gate-2": { ip: "192.168.100.6", hostnames: ["gate"] } } } },
    changes: ["dns.hosts.gate-2"],
  },
  {
    because: "it lost its definition",
    hands: ({ fake }) => fake.undefineNetwork("lan"),
    seen: { autostart: false },
    changes: ["autostart"],
  },
];

test.each(cases)("$because", async ({ program = isolated(), hands, seen, changes }) => {
  const stage = createNetworkStage();
  const { lan, fake } = stage;
  await lan.up(program);
  await hands(stage);
  fake.clearLog();
  await lan.refresh();
  expect(fake.writes).toEqual([]);
  expect(lan.now.inputs).toMatchObject(seen);
  expect(await lan.up(program)).toMatchObject({ did: "update", changes, initErrors: [], state: { pendingChanges: [] } });
  await lan.refresh();
  expect(await lan.up(program)).toMatchObject({ did: "same" });
  expect(await fake.findNetwork("lan")).toMatchObject({ active: true, autostart: true, persistent: true });
});

test("what waits for a start is no drift, and entries that were changed live are seen beside it", async () => {
  const stage = createNetworkStage();
  const { lan, plugIn } = stage;
  await lan.up(isolated());
  await plugIn("guest", cardOn("lan"));
  const program = isolated({ dns: { forwarders: [{ address: "1.1.1.1" }], hosts: gate } });
  await lan.up(program);
  await lan.refresh();
  expect(await lan.up(program)).toMatchObject({ did: "same" });
  await entry(stage, { section: "dnsHost", xml: '<host ip="192.168.100.5"/>', command: "delete", affects: "live" });
  await lan.refresh();
  expect(await lan.preview(program)).toMatchObject({ did: "update", changes: ["dns.hosts.gate"] });
});

test("a network that is gone is gone, and made anew", async () => {
  const { lan, fake } = createNetworkStage();
  await lan.up(isolated());
  await fake.stopNetwork("lan");
  await fake.undefineNetwork("lan");
  expect(await lan.up(isolated({ autostart: false }))).toMatchObject({
    did: "refused",
    problems: [{ path: "name", reason: expect.stringContaining("pulumi refresh") as string }],
  });
  expect(await lan.refresh()).toMatchObject({ did: "gone" });
  expect(await lan.up(isolated())).toMatchObject({ did: "create" });
});

test("could not tell is not gone", async () => {
  const { lan, fake } = createNetworkStage();
  await lan.up(isolated());
  fake.failNext("findNetworkByUuid", new Error("lost"));
  expect(await lan.refresh()).toMatchObject({ did: "failed" });
  expect(lan.resource).toBeDefined();
});

describe("import", () => {
  const byHand = `<network><name>default</name><forward mode="nat"/><bridge name="virbr0" stp="on" delay="0"/>
    <ip address="192.168.122.1" netmask="255.255.255.0"><dhcp><range start="192.168.122.2" end="192.168.122.254"/></dhcp></ip></network>`;
  const least = {
    name: "default",
    mode: "nat",
    addresses: [{ address: "192.168.122.1/24", dhcp: { ranges: [{ start: "192.168.122.2", end: "192.168.122.254" }] } }],
  };

  test("of libvirt's default network; the least program for it changes nothing", async () => {
    const { fake, newDriver } = createNetworkStage();
    await fake.defineNetwork(byHand);
    await fake.startNetwork("default");
    await fake.setNetworkAutostart("default", true);
    for (const program of [undefined, least]) {
      expect(await newDriver().import("default", program)).toMatchObject({ did: "import", problems: [], changes: [] });
    }
    const taken = newDriver();
    await taken.import("default", least);
    fake.clearLog();
    await taken.up(least, { force: true });
    expect(fake.writes).toEqual([]);
    expect(await newDriver().import("default", { ...least, autostart: false })).toMatchObject({ changes: ["autostart"] });
  });

  test("of one that is stopped keeps it so", async () => {
    const { fake, newDriver } = createNetworkStage();
    await fake.defineNetwork(byHand);
    const lan = newDriver();
    expect(await lan.import("default")).toMatchObject({ did: "import", problems: [], changes: [] });
    expect(lan.now).toMatchObject({ inputs: { active: false, autostart: false }, state: { bridge: "virbr0", pendingChanges: [] } });
    await lan.destroy();
    expect(await fake.listNetworks()).toEqual([]);
  });

  test("keeps what it does not manage", async () => {
    const { fake, newDriver } = createNetworkStage();
    const route = '<route address="10.5.0.0" prefix="16" gateway="192.168.122.2"/>';
    await fake.defineNetwork(byHand.replace("</network>", `${route}</network>`));
    const lan = newDriver();
    await lan.import("default");
    await lan.up({ ...least, mtu: 1400, active: false, autostart: false });
    expect((await fake.findNetwork("default"))?.xml).toMatch(/<mtu size="1400"\/>[^]*<route address="10.5.0.0"/);
  });

  test.each([
    { because: "no such name", id: "nobody" },
    { because: "no such UUID", id: "99999999-2222-4333-8444-555555555555" },
  ])("of what is not there: $because", async ({ id }) => {
    expect(await createNetworkStage().newDriver().import(id)).toMatchObject({ did: "gone" });
  });

  test.each([
    {
      because: "macvtap without devices by name",
      xml: '<network><name>x</name><forward mode="vepa"/></network>',
      said: /forward mode vepa.*it does: nat/,
    },
    {
      because: "a virtual port of another kind",
      xml: '<network><name>x</name><forward mode="bridge"/><bridge name="br0"/><virtualport type="midonet"/></network>',
      said: /virtual port midonet/,
    },
  ])("of one that is not ours is refused: $because", async ({ xml, said }) => {
    const { fake, newDriver } = createNetworkStage();
    await fake.defineNetwork(xml);
    expect(await newDriver().import("x")).toMatchObject({
      did: "refused",
      problems: [{ path: "id", reason: expect.stringMatching(said) as string }],
    });
  });

  test("of a transient one says how to get on", async () => {
    const { lan, fake, newDriver } = createNetworkStage();
    await lan.up(leastNetworks.isolated);
    await fake.undefineNetwork("lan");
    expect(await newDriver().import("lan")).toMatchObject({
      did: "refused",
      problems: [{ reason: expect.stringContaining("net-define") as string }],
    });
  });

  test("of everything, whose entries come in under names of their own", async () => {
    const { lan, newDriver } = createNetworkStage();
    await lan.up(fullNetwork);
    const taken = newDriver();
    await taken.import("lan");
    expect(taken.now.inputs).toMatchObject({
      addresses: [{ dhcp: { hosts: { web, db: { ip: "192.168.100.12" } } } }, { dhcp: { hosts: { six: {} } } }],
      dns: { hosts: { gate: {} } },
    });
  });
});
