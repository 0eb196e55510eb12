// What is wrong with a network's inputs, by its mode: all at once, with property paths and the way out; and what is not judged yet.
import { createNetworkStage, fullNetwork, isolated, leastNetworks, web } from "../../testing/network-stage";
import type { Value, Values } from "../resource";
import { unknown } from "../resource";

const { nat, bridge, macvtap, passthrough, open } = leastNetworks;
const problemsOf = async (program: Values) => (await createNetworkStage().lan.preview(program)).problems;

const at = "addresses[0].dhcp";
const ranges = (...all: readonly (readonly [string, string])[]) => isolated({}, { ranges: all.map(([start, end]) => ({ start, end })) });
const hosts = (all: Values) => isolated({}, { hosts: all });
const addresses = (...all: readonly string[]): Values => isolated({ addresses: all.map((address) => ({ address })) });
const six = (dhcp: Values): Values => isolated({ addresses: [{ address: "fd00::1/64", dhcp }] });
const dns = (more: Values) => isolated({ dns: more });

const cases: readonly { because: string; program: Values; paths: readonly string[]; reason?: RegExp }[] = [
  { because: "no such mode", program: { mode: "tunnel" }, paths: ["mode"], reason: /must be one of: nat, route/ },
  { because: "nothing to translate", program: { mode: "nat" }, paths: ["addresses"], reason: /required for a network of mode nat/ },
  {
    because: "the host's bridge has its own of everything",
    program: { ...bridge, addresses: [{ address: "10.0.0.1/8" }], mtu: 9000, mac: web.mac, domain: { name: "x" }, dns: {} },
    paths: ["mac", "mtu", "domain", "addresses", "dns"],
    reason: /not for a network of mode bridge: the guests are on the network of the host's bridge/,
  },
  { because: "which bridge?", program: { mode: "ovs" }, paths: ["bridge"], reason: /give a bridge of Open vSwitch/ },
  { because: "macvtap is on devices, and has no bridge", program: { mode: "macvtap", bridge: "br0" }, paths: ["bridge", "devices"] },
  {
    because: "a device once",
    program: { ...passthrough, devices: ["eth0", "eth0"] },
    paths: ["devices[1]"],
    reason: /same device as devices\[0\]/,
  },
  { because: "traffic leaves by one", program: { ...nat, devices: ["eth0", "eth1"] }, paths: ["devices"], reason: /leaves by one/ },
  { because: "an open network goes anywhere", program: { ...open, devices: ["eth0"] }, paths: ["devices"], reason: /host's routes/ },
  { because: "only nat translates", program: isolated({ nat: {} }), paths: ["nat"] },
  { because: "Linux' limit", program: isolated({ bridge: "a-very-long-bridge" }), paths: ["bridge"], reason: /at most 15 characters/ },
  { because: "a name, not a path", program: { ...macvtap, devices: ["eth/0"] }, paths: ["devices[0]"] },
  { because: "a MAC of one machine", program: isolated({ mac: "01:00:5e:00:00:01" }), paths: ["mac"], reason: /of one machine/ },
  { because: "no prefix", program: addresses("10.0.0.1"), paths: ["addresses[0].address"], reason: /"192.168.100.1\/24"/ },
  { because: "no address", program: addresses("lan/24"), paths: ["addresses[0].address"] },
  { because: "the network's own name", program: addresses("10.0.0.0/24"), paths: ["addresses[0].address"], reason: /network itself/ },
  { because: "all in it", program: addresses("10.0.0.255/24"), paths: ["addresses[0].address"] },
  {
    because: "one network in another",
    program: addresses("10.0.0.1/8", "10.5.0.1/24"),
    paths: ["addresses[1].address"],
    reason: /overlaps with addresses\[0\]\.address/,
  },
  {
    because: "a range elsewhere",
    program: ranges(["10.0.0.1", "192.168.100.20"]),
    paths: [`${at}.ranges[0].start`],
    reason: /not in the network/,
  },
  { because: "a range of the other family", program: ranges(["192.168.100.5", "fd00::1"]), paths: [`${at}.ranges[0].end`] },
  { because: "no addresses", program: ranges(["first", "last"]), paths: [`${at}.ranges[0].start`, `${at}.ranges[0].end`] },
  { because: "backwards", program: ranges(["192.168.100.20", "192.168.100.10"]), paths: [`${at}.ranges[0]`], reason: /above the last/ },
  {
    because: "twice given",
    program: ranges(["192.168.100.10", "192.168.100.20"], ["192.168.100.20", "192.168.100.30"]),
    paths: [`${at}.ranges[1]`],
    reason: /overlaps/,
  },
  {
    because: "the host's own address",
    program: ranges(["192.168.100.1", "192.168.100.20"]),
    paths: [`${at}.ranges[0]`],
    reason: /own address/,
  },
  {
    because: "libvirt's limit",
    program: six({ ranges: [{ start: "fd00::2", end: "fd00::f:0" }] }),
    paths: [`${at}.ranges[0]`],
    reason: /65535/,
  },
  { because: "a host elsewhere", program: hosts({ web: { ...web, ip: "10.0.0.1" } }), paths: [`${at}.hosts.web.ip`] },
  { because: "a host of the host's address", program: hosts({ web: { ...web, ip: "192.168.100.1" } }), paths: [`${at}.hosts.web.ip`] },
  { because: "whose address?", program: hosts({ web: { ip: web.ip } }), paths: [`${at}.hosts.web`], reason: /give `mac` or `name`/ },
  { because: "a DUID is IPv6's", program: hosts({ web: { id: "00:01", ip: web.ip } }), paths: [`${at}.hosts.web.id`] },
  {
    because: "a MAC is IPv4's",
    program: six({ hosts: { a: { mac: web.mac, ip: "fd00::2" } } }),
    paths: [`${at}.hosts.a.mac`],
    reason: /give `id`/,
  },
  {
    because: "the same MAC, written otherwise, the same name and the same address",
    program: hosts({ web, other: { mac: web.mac.toUpperCase(), name: "web", ip: web.ip } }),
    paths: [`${at}.hosts.other.ip`, `${at}.hosts.other.mac`, `${at}.hosts.other.name`],
  },
  {
    because: "the same MAC with letters, written otherwise",
    program: hosts({ a: { mac: "52:54:00:00:00:aa", ip: "192.168.100.12" }, b: { mac: "52:54:00:00:00:AA", ip: "192.168.100.13" } }),
    paths: [`${at}.hosts.b.mac`],
    reason: /same MAC as addresses\[0\]\.dhcp\.hosts\.a\.mac/,
  },
  {
    because: "DHCP on two IPv4 addresses",
    program: isolated({
      addresses: ["10.1.0", "10.2.0"].map((net) => ({
        address: `${net}.1/24`,
        dhcp: { ranges: [{ start: `${net}.2`, end: `${net}.9` }] },
      })),
    }),
    paths: ["addresses[1].dhcp"],
    reason: /one IPv4 address of a network/,
  },
  { because: "ports backwards", program: { ...nat, nat: { ports: { start: 9, end: 8 } } }, paths: ["nat.ports"] },
  {
    because: "IPv6 is translated to one address",
    program: { ...nat, nat: { addresses: { start: "fd00::1", end: "fd00::2" } } },
    paths: ["nat.addresses.start", "nat.addresses.end"],
  },
  {
    because: "addresses backwards",
    program: { ...nat, nat: { addresses: { start: "1.0.0.9", end: "1.0.0.8" } } },
    paths: ["nat.addresses"],
  },
  {
    because: "one address, one entry of names",
    program: dns({ hosts: { a: { ip: "10.0.0.1", hostnames: ["a"] }, b: { ip: "10.0.0.1", hostnames: ["b"] } } }),
    paths: ["dns.hosts.b.ip"],
  },
  { because: "no names", program: dns({ hosts: { a: { ip: "10.0.0.1", hostnames: [] } } }), paths: ["dns.hosts.a.hostnames"] },
  { because: "a forwarder that says nothing", program: dns({ forwarders: [{}] }), paths: ["dns.forwarders[0]"] },
  { because: "a forwarder by name", program: dns({ forwarders: [{ address: "dns.example" }] }), paths: ["dns.forwarders[0].address"] },
  {
    because: "libvirt cannot tell them apart",
    program: dns({
      srv: [
        { service: "sip", protocol: "tcp" },
        { service: "sip", protocol: "tcp", domain: "lan" },
      ],
    }),
    paths: ["dns.srv[0]"],
    reason: /same record as dns\.srv\[1\]/,
  },
  {
    because: "a port of nobody",
    program: dns({ srv: [{ service: "sip", protocol: "tcp", port: 1 }] }),
    paths: ["dns.srv[0]"],
    reason: /port/,
  },
  { because: "nobody to serve names", program: { mode: "isolated", dns: { txt: { a: "b" } } }, paths: ["dns.txt"], reason: /addresses/ },
  { because: "no text for XML", program: dns({ txt: { a: "\u0007" } }), paths: ["dns.txt.a"], reason: /U\+0007/ },
  { because: "a text's name", program: dns({ txt: { "a b": "c" } }), paths: ['dns.txt["a b"]'] },
  { because: "a name with a slash", program: { name: "a/b", mode: "isolated" }, paths: ["name"] },
  { because: "an unknown property", program: isolated({ stp: true }), paths: ["stp"], reason: /the properties are: name, mode/ },
  {
    because: "everything at once",
    program: { mode: "route", devices: ["a", "b"], addresses: [{ address: "x" }], mtu: 1 },
    paths: ["mtu", "devices", "addresses[0].address"],
  },
];

test.each(cases)("$because", async ({ program, paths, reason }) => {
  const problems = await problemsOf(program);
  expect(problems.map(({ path }) => path)).toEqual(paths);
  if (reason !== undefined) expect(problems[0]?.reason).toMatch(reason);
});

const hostWithout = (key: string): Value =>
  Object.fromEntries(Object.entries(web).map(([name, value]) => [name, name === key ? unknown : value]));

test.each([
  { because: "the mode", program: { name: "lan", mode: unknown, devices: ["a", "b"] } },
  { because: "the addresses", program: { ...nat, addresses: unknown } },
  { because: "an address, and so what lies in it", program: isolated({ addresses: [{ address: unknown, dhcp: { hosts: { web } } }] }) },
  { because: "who a host is", program: hosts({ web: hostWithout("mac"), other: { mac: unknown, ip: "192.168.100.12" } }) },
  { because: "a host's address", program: hosts({ web: hostWithout("ip") }) },
  { because: "the hosts", program: isolated({}, { hosts: unknown }) },
  { because: "the bridge", program: { ...bridge, bridge: unknown } },
  { because: "a device", program: { ...macvtap, devices: [unknown] } },
  { because: "the name service", program: isolated({ dns: unknown }) },
  {
    because: "service records",
    program: dns({
      srv: [
        { service: unknown, protocol: "tcp" },
        { service: "sip", protocol: "tcp" },
      ],
    }),
  },
])("is not judged before it is known: $because", async ({ program }) => {
  const { lan } = createNetworkStage();
  expect(await lan.preview(program as Values)).toMatchObject({ did: "create", problems: [] });
});

test.each(Object.entries({ ...leastNetworks, full: fullNetwork }))("nothing is wrong with %s", async (_, program) => {
  expect(await problemsOf(program)).toEqual([]);
});

test("a part that becomes unknown is one change", async () => {
  const { lan } = createNetworkStage();
  await lan.up(fullNetwork);
  expect(await lan.preview({ ...fullNetwork, addresses: unknown })).toMatchObject({ did: "update", changes: ["addresses"] });
  expect(await lan.preview({ ...fullNetwork, dns: { hosts: unknown } })).toMatchObject({
    changes: ["dns.forwardPlainNames", "dns.forwarders", "dns.srv", 'dns.txt["about.lan"]', "dns.hosts"],
  });
});
