// Networks as we ask for them and as libvirt tells of them; goldens for every mode and part, which libvirt's own schema must accept.
import { join } from "node:path";
import fc from "fast-check";
import { anyText } from "./any-text.fixture";
import { because, expectValid, goldenFolder, testWithSchemas } from "../testing/golden-files";
import { entryDelta, entryXml } from "./network-entries";
import { networkUses } from "./network-uses";
import type { NetworkDns, NetworkRequest } from "./network-xml";
import { networkXml } from "./network-xml";
import { parseNetwork } from "./parse-network";
import { sameXml } from "./same-xml";

const uuid = "6b2c0d44-7f0a-4c61-9d3e-0c1f2a3b4c5d";
const noDns: NetworkDns = { enabled: true, forwardPlainNames: true, forwarders: [], txt: [], srv: [], hosts: [] };
const bare = { name: "net", uuid, ipv6: false, addresses: [], dns: noDns };
const lan = { address: "192.168.100.1/24", ranges: [], hosts: [] };

const goldens: Readonly<Record<string, { because: string; request: NetworkRequest }>> = {
  isolated: { because: "guests among themselves, and the host", request: { ...bare, bridge: "virbr7", addresses: [lan] } },
  "isolated-bare": { because: "guests among themselves alone, IPv6 too", request: { ...bare, ipv6: true } },
  nat: {
    because: "everything that a network of libvirt's own can have",
    request: {
      ...bare,
      name: "a <b> & 'c'",
      forward: {
        mode: "nat",
        devices: ["eth0"],
        nat: { ports: { start: 2000, end: 3000 }, addresses: { start: "10.1.0.1", end: "10.1.0.2" }, ipv6: true },
      },
      bridge: "virbr7",
      mac: "52:54:00:12:34:56",
      mtu: 9000,
      domain: { name: "lan", localOnly: true },
      addresses: [
        {
          address: "192.168.100.1/24",
          ranges: [
            { start: "192.168.100.10", end: "192.168.100.20" },
            { start: "192.168.100.30", end: "192.168.100.40" },
          ],
          hosts: [
            { mac: "52:54:00:00:00:01", name: "web", ip: "192.168.100.11" },
            { name: "db", ip: "192.168.100.12" },
          ],
        },
        {
          address: "fd00:100::1/64",
          ranges: [{ start: "fd00:100::10", end: "fd00:100::20" }],
          hosts: [{ id: "00:01:00:01:18:aa:62:fe:00:16:3e:44:55:66", name: "six", ip: "fd00:100::11" }],
        },
      ],
      dns: {
        ...noDns,
        forwardPlainNames: false,
        forwarders: [{ address: "1.1.1.1" }, { domain: "corp.example", address: "10.0.0.53" }, { domain: "nowhere.example" }],
        txt: [{ name: "about.lan", value: "some text, with a comma" }],
        srv: [
          { service: "sip", protocol: "tcp", domain: "lan", target: "db.lan", port: 5060, priority: 1, weight: 2 },
          { service: "ldap", protocol: "udp" },
        ],
        hosts: [{ ip: "192.168.100.5", hostnames: ["gate", "gate.lan"] }],
      },
    },
  },
  route: {
    because: "out by one device, no name service",
    request: { ...bare, forward: { mode: "route", devices: ["eth1"] }, addresses: [lan], dns: { ...noDns, enabled: false } },
  },
  open: { because: "no firewall of libvirt's", request: { ...bare, forward: { mode: "open", devices: [] }, addresses: [lan] } },
  bridge: { because: "the host's bridge", request: { ...bare, forward: { mode: "bridge", devices: [] }, bridge: "br0" } },
  ovs: {
    because: "a bridge of Open vSwitch",
    request: { ...bare, forward: { mode: "bridge", devices: [] }, bridge: "ovsbr0", virtualPort: "openvswitch" },
  },
  macvtap: { because: "macvtap in its bridge mode", request: { ...bare, forward: { mode: "bridge", devices: ["eth0"] } } },
  passthrough: {
    because: "a device for each guest",
    request: { ...bare, forward: { mode: "passthrough", devices: ["eth1", "eth2"] } },
  },
};

const { pathOf, expectGolden, expectOnly } = goldenFolder(join(__dirname, "golden-networks"));

describe("golden XML", () => {
  test.each(Object.entries(goldens))("%s", (name, { request }) => expectGolden(name, networkXml(request)));

  test("no file is left over from a golden that is gone", () => expectOnly(Object.keys(goldens)));

  testWithSchemas(`libvirt's schema accepts what we write${because}`, () => expectValid("network", Object.keys(goldens).map(pathOf)));
});

test.each(Object.values(goldens))("is read as it was asked for, and written over itself changes nothing: $because", ({ request }) => {
  const xml = networkXml(request);
  expect(parseNetwork(xml)).toEqual(request);
  expect(networkXml(request, xml)).toBe(xml);
});

test.each(Object.values(goldens))("is what was asked for, whatever it was before: $because", ({ request }) => {
  for (const { request: before } of Object.values(goldens)) {
    const { bridge = before.bridge, mac = before.mac, ...rest } = request;
    const own = request.forward === undefined || ["nat", "route", "open"].includes(request.forward.mode);
    const kept = own ? { ...rest, ...(bridge === undefined ? {} : { bridge }), ...(mac === undefined ? {} : { mac }) } : request;
    expect(parseNetwork(networkXml(request, networkXml(before)))).toEqual(kept);
  }
});

test("any text is read as it was written", () => {
  fc.assert(
    fc.property(anyText, anyText, anyText, (name, word, other) => {
      const request: NetworkRequest = {
        ...bare,
        name,
        forward: { mode: "nat", devices: [word] },
        domain: { name: other, localOnly: false },
        addresses: [{ ...lan, hosts: [{ name: word, ip: other }] }],
        dns: { ...noDns, txt: [{ name: word, value: other }], hosts: [{ ip: word, hostnames: [other, name] }] },
      };
      expect(parseNetwork(networkXml(request))).toEqual(request);
    }),
  );
});

const held = `<network ipv6='yes' trustGuestRxFilters='yes'><name>net</name><uuid>${uuid}</uuid><metadata><x xmlns='urn:x'/></metadata>
  <forward mode='nat'><nat><port start='1024' end='65535'/></nat></forward>
  <bridge name='virbr3' zone='trusted' stp='on' delay='2'/><mac address='52:54:00:aa:bb:cc'/>
  <dns enable='yes'><host ip='192.168.100.5'><hostname>gate</hostname></host></dns><bandwidth><inbound average='1000'/></bandwidth>
  <ip address='192.168.100.1' netmask='255.255.255.0'><tftp root='/srv/tftp'/><dhcp>
    <range start='192.168.100.10' end='192.168.100.20'><lease expiry='1' unit='hours'/></range>
    <bootp file='pxelinux.0'/></dhcp></ip>
  <route address='10.5.0.0' prefix='16' gateway='192.168.100.2'/><portgroup name='p'/></network>`;
const asHeld: NetworkRequest = {
  ...bare,
  forward: { mode: "nat", devices: [] },
  ipv6: true,
  addresses: [{ address: "192.168.100.1/24", ranges: [{ start: "192.168.100.10", end: "192.168.100.20" }], hosts: [] }],
  dns: { ...noDns, hosts: [{ ip: "192.168.100.5", hostnames: ["gate"] }] },
};

test("what others put into a definition stays, and what libvirt filled in", () => {
  expect(sameXml(networkXml(asHeld, held), held)).toBe(true);
  const [address] = asHeld.addresses;
  const hosts = [{ mac: "52:54:00:00:00:01", ip: "192.168.100.30" }];
  const more = networkXml({ ...asHeld, addresses: [{ ...address!, hosts }] }, held);
  expect(more).toMatch(/<lease expiry="1"[^]*<host mac="52:54:00:00:00:01" ip="192.168.100.30"\/>\s*<bootp/);
  const moved = networkXml({ ...asHeld, addresses: [{ ...address!, address: "192.168.101.1/24", ranges: [] }] }, held);
  expect(moved).toMatch(/<ip address="192.168.101.1" prefix="24"\/>\s*<route/);
});

test.each([
  { because: "a netmask", ip: "<ip address='10.0.0.1' netmask='255.255.252.0'/>", address: "10.0.0.1/22" },
  { because: "a class", ip: "<ip address='192.168.1.1'/>", address: "192.168.1.1/24" },
  { because: "IPv6 without a prefix", ip: "<ip family='ipv6' address='fd00::1'/>", address: "fd00::1/64" },
])("the length of a network from $because", ({ ip, address }) => {
  expect(parseNetwork(`<network><name>n</name>${ip}</network>`).addresses).toEqual([{ address, ranges: [], hosts: [] }]);
});

test("an entry to delete says no more than it takes; entries that mean the same are no delta", () => {
  const host = { ip: "fd00::A", hostnames: ["a", "b"] };
  expect(entryXml("dnsHost", host).replace(/\s*\n\s*/g, "")).toBe('<host ip="fd00::A"><hostname>a</hostname><hostname>b</hostname></host>');
  expect(entryXml("dnsHost", host, true)).toBe('<host ip="fd00::A"/>\n');
  expect(entryDelta("dnsHost", [host], [{ ...host, ip: "fd00:0::a" }])).toEqual({ gone: [], come: [] });
  expect(entryDelta("dhcpHost", [{ mac: "52:54:00:00:00:0A", ip: "10.0.0.1" }], [{ mac: "52:54:00:00:00:0a", ip: "10.0.0.2" }])).toEqual({
    gone: [{ mac: "52:54:00:00:00:0A", ip: "10.0.0.1" }],
    come: [{ mac: "52:54:00:00:00:0a", ip: "10.0.0.2" }],
  });
});

test("what a domain's network cards are plugged into", () => {
  const domain = `<domain><devices><interface type='network'><source network='lan' bridge='virbr1'/></interface>
    <interface type='bridge'><source bridge='br0'/></interface><interface type='user'/></devices></domain>`;
  expect(networkUses(domain)).toEqual([{ network: "lan", bridge: "virbr1" }, { bridge: "br0" }, {}]);
  expect(networkUses("<domain/>")).toEqual([]);
});
