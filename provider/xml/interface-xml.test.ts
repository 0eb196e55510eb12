// Network cards in a definition: read of any origin, written over what is there, changed while they run.
import fc from "fast-check";
import type { DomainInterface, ObservedInterface } from "../plan/domain";
import { anyInterface, lanCard, plan } from "./domain-plan.fixture";
import { domainXml } from "./domain-xml";
import { changedInterfaceXml, liveParts } from "./interface-xml";
import { matchInterfaces } from "./match-interfaces";
import { parseDomain } from "./parse-domain";

const mac = "52:54:00:0a:0b:0c";
const domain = (cards: string, metadata = "") =>
  `<domain type='kvm'><name>web</name><uuid>${plan.uuid ?? ""}</uuid>${metadata}<devices>${cards}</devices></domain>`;
const only = (card: string): ObservedInterface | undefined => parseDomain(domain(card)).interfaces[0];
const card = (type: string, inner: string) => `<interface type='${type}'><mac address='${mac}'/>${inner}</interface>`;
const over = (base: string, interfaces: readonly DomainInterface[]) => domainXml({ ...plan, disks: [], interfaces }, base);

test.each([
  { xml: card("network", "<source network='default'/>"), source: { type: "network", network: "default" }, because: "a libvirt network" },
  {
    xml: card("bridge", "<source network='lan' portid='1' bridge='br0'/>"),
    source: { type: "network", network: "lan" },
    because: "a network that leads to a bridge shows that while it runs",
  },
  {
    xml: card("direct", "<source network='lan' dev='eth0' mode='bridge'/>"),
    source: { type: "network", network: "lan" },
    because: "a network that leads to a device does too",
  },
  {
    xml: card("direct", "<source dev='eth0'/>"),
    source: { type: "direct", device: "eth0", mode: "vepa" },
    because: "libvirt's default mode",
  },
  { xml: card("user", ""), source: { type: "user" }, because: "QEMU's own network has no source" },
  {
    xml: card("bridge", "<source bridge='ovs0'/><virtualport type='openvswitch'><parameters interfaceid='x'/></virtualport>"),
    source: { type: "bridge", bridge: "ovs0", openvswitch: true },
    because: "Open vSwitch is said apart",
  },
  { xml: card("vhostuser", "<source type='tcp' host='a'/>"), source: undefined, because: "only unix sockets can be said" },
  { xml: card("hostdev", "<source/>"), source: undefined, because: "a foreign kind" },
  { xml: card("ethernet", ""), source: undefined, because: "a foreign kind" },
])("$xml leads to $source ($because)", ({ xml, source }) => {
  expect(only(xml)?.source).toEqual(source);
});

test.each([
  { inner: "<vlan><tag id='42'/></vlan>", vlan: 42, because: "one tag" },
  { inner: "<vlan trunk='yes'><tag id='42'/></vlan>", vlan: undefined, because: "a trunk is more than a plan can say" },
  { inner: "<vlan><tag id='1'/><tag id='2'/></vlan>", vlan: undefined, because: "so are two tags" },
])("$inner is VLAN $vlan ($because), and a plan without one takes away what it could say", ({ inner, vlan }) => {
  const base = domain(card("bridge", `<source bridge='br0'/>${inner}`));
  expect(only(card("bridge", `<source bridge='br0'/>${inner}`))?.vlan).toBe(vlan);
  expect(over(base, [{ ...lanCard, source: { type: "bridge", bridge: "br0" } }]).includes("<vlan")).toBe(vlan === undefined);
});

describe("the key of a card", () => {
  test("is its own name, else that of its MAC in our notes, else its place", () => {
    const notes = `<metadata><kvm:domain xmlns:kvm="https://pulumi-kvm.dev/domain/1" phase="ready"><kvm:urn>u</kvm:urn><kvm:interfaces><kvm:interface key="noted" mac="52:54:00:00:00:02"/></kvm:interfaces></kvm:domain></metadata>`;
    const cards = [
      "<interface type='user'><mac address='52:54:00:00:00:01'/><alias name='ua-lan'/></interface>",
      "<interface type='user'><mac address='52:54:00:00:00:02'/></interface>",
      "<interface type='user'><mac address='52:54:00:00:00:03'/></interface>",
    ].join("");
    expect(parseDomain(domain(cards, notes)).interfaces.map(({ key }) => key)).toEqual(["lan", "noted", "net2"]);
  });

  test.each([
    { present: [{ key: "net0", mac, alias: "net0" }], found: "net0", because: "an imported card is told by its MAC" },
    {
      present: [
        { key: "net0", mac: "52:54:00:00:00:01", alias: "net0" },
        { key: "net1", mac, alias: "net1" },
      ],
      found: "net1",
      because: "the MAC says more than the place, which moves when a card before it goes",
    },
    {
      present: [
        { key: "other", mac, alias: "ua-other" },
        { key: "net0", mac: "52:54:00:00:00:01", alias: "ua-net0" },
      ],
      found: "net0",
      because: "a card of ours is told by its name, whatever its MAC has become",
    },
    { present: [{ key: "net0", mac: "52:54:00:00:00:01", alias: "net0" }], found: "net0", because: "a new MAC at the old place" },
    { present: [{ key: "wan", mac: "52:54:00:00:00:01" }], found: undefined, because: "another card" },
  ])("finds $found, because of $because", ({ present, found }) => {
    const wanted = { key: "net0", mac };
    expect(matchInterfaces([wanted], present).get(wanted)?.key).toBe(found);
  });
});

describe("a card written over an old one", () => {
  const old = `<interface type='network'><!--kept--><mac address='52:54:00:0A:0B:0C'/><source network='default'/><target dev='tap-web'/><model type='virtio'/>
    <driver name='vhost' txmode='iothread'/><filterref filter='clean-traffic'/><rom bar='off'/><address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></interface>`;

  test("keeps what a plan does not speak of", () => {
    const written = over(domain(old), [{ ...lanCard, bandwidth: { inbound: { averageKiB: 10 } } }]);
    for (const kept of ["kept", "52:54:00:0A:0B:0C", "tap-web", "vhost", "clean-traffic", "<rom", "<address"])
      expect(written).toContain(kept);
  });

  test("loses what belongs to the kind of network that it leaves", () => {
    const written = over(domain(old), [{ ...lanCard, source: { type: "user" } }]);
    for (const gone of ["tap-web", "clean-traffic", "<source"]) expect(written).not.toContain(gone);
    expect(written).toContain("<address");
  });

  test("gets a new address when it becomes another card", () => {
    expect(over(domain(old), [{ ...lanCard, model: "e1000e" }])).not.toContain("<address");
  });

  test("is gone without a plan for it, and foreign kinds stay", () => {
    const foreign = "<interface type='hostdev'><mac address='52:54:00:00:00:09'/><source/></interface>";
    expect(over(domain(old + foreign), [])).toMatch(/^(?![^]*type="network")[^]*type="hostdev"/);
  });

  test("any card over any other is that card, and over itself the same text", () => {
    fc.assert(
      fc.property(anyInterface, anyInterface, (before, asked) => {
        const wanted = { ...asked, mac: before.mac };
        const once = over(over(domain(""), [before]), [wanted]);
        const { alias, sourceType, ...found } = parseDomain(once).interfaces[0] ?? {};
        expect([alias, sourceType]).toEqual([`ua-${before.key}`, wanted.source.type]);
        expect(found).toEqual({ ...wanted, key: before.key });
        expect(over(once, [wanted])).toBe(once);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a running card that is changed", () => {
  const all = new Set(liveParts);
  const live = domain(
    `<interface type='bridge'><mac address='${mac}'/><source network='lan' portid='p' bridge='br0'/><target dev='vnet3'/><model type='virtio'/><mtu size='1400'/>
     <alias name='ua-lan'/><address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></interface>`,
  );

  test("stays what it is but for the link", () => {
    const changed = changedInterfaceXml(
      live,
      "ua-lan",
      { ...lanCard, source: { type: "network", network: "lan" }, linkState: "down" },
      all,
    );
    expect(changed).toContain('<link state="down"/>');
    expect(changed).toContain('<mtu size="1400"/>');
    expect(changed).toContain('<source network="lan"/>');
    expect(changed).toMatch(/^<interface type="network">/);
  });

  test("takes no model, MAC or kind of network that libvirt would refuse", () => {
    const changed = changedInterfaceXml(live, "ua-lan", { ...lanCard, source: { type: "user" }, model: "e1000e", queues: 4 }, all);
    expect(changed).toContain('<source network="lan"/>');
    expect(changed).not.toMatch(/e1000e|queues/);
  });

  test("changes in the parts that are named, and no others", () => {
    const wanted = { ...lanCard, linkState: "down", bandwidth: { inbound: { averageKiB: 10 } } } as const;
    const changed = changedInterfaceXml(live, "ua-lan", wanted, new Set(["linkState"]));
    expect(changed).toContain("<link");
    expect(changed).toContain('network="lan"');
    expect(changed).not.toContain("<bandwidth");
  });

  test("must be there", () => {
    expect(() => changedInterfaceXml(live, "ua-wan", lanCard, all)).toThrow("ua-wan");
  });
});
