// libvirt's XML of a network -> what we use of it.
import { parseIpInterface, prefixOfNetmask } from "../plan/ip-address";
import { attributeOf, childOf, childrenOf, textOf } from "./document";
import type { XmlElement } from "./document";
import { parseEntries } from "./network-entries";
import type { NetworkAddress, NetworkDns, NetworkForward, NetworkNat, NetworkRequest } from "./network-xml";
import { readXml } from "./read-xml";
import { integerOf } from "./size";

/** As libvirt holds it: bridge and MAC are there even where nobody asked for them. */
export type ObservedNetwork = NetworkRequest;

/** What libvirt translates to when nobody says; it shows these ports while the network runs. */
export const defaultNatPorts = { start: 1024, end: 65_535 } as const;

/** The prefix that goes without saying: by class for IPv4, as libvirt has it. */
const classPrefix = (address: string) => {
  if (address.includes(":")) return 64;
  const [first = 0] = address.split(".").map(Number);
  return first < 128 ? 8 : first < 192 ? 16 : 24;
};

export function addressOf(element: XmlElement): string {
  const address = attributeOf(element, "address") ?? "";
  const netmask = attributeOf(element, "netmask");
  const prefix = netmask === undefined ? integerOf(attributeOf(element, "prefix")) : prefixOfNetmask(netmask);
  return `${address}/${prefix ?? classPrefix(address)}`;
}

export function sameAddress(left: string, right: string): boolean {
  const [one, other] = [parseIpInterface(left), parseIpInterface(right)];
  return one !== undefined && one.family === other?.family && one.value === other.value && one.prefix === other.prefix;
}

const rangeOf = (element: XmlElement | undefined) => ({ start: attributeOf(element, "start"), end: attributeOf(element, "end") });

export function parseNat(element: XmlElement | undefined): NetworkNat {
  if (element === undefined) return {};
  const [port, address] = ["port", "address"].map((name) => rangeOf(childOf(element, name)));
  const [start, end] = [integerOf(port?.start), integerOf(port?.end)];
  return {
    ...(start === undefined || end === undefined ? {} : { ports: { start, end } }),
    ...(address?.start === undefined || address.end === undefined ? {} : { addresses: { start: address.start, end: address.end } }),
    ...(attributeOf(element, "ipv6") === "yes" ? { ipv6: true } : {}),
  };
}

export const sameNat = (left: NetworkNat, right: NetworkNat | undefined) => natKey(left) === natKey(right ?? {});
const natKey = ({ ports = defaultNatPorts, addresses, ipv6 }: NetworkNat) =>
  JSON.stringify([ports.start, ports.end, addresses?.start, addresses?.end, ipv6 === true]);

function parseForward(element: XmlElement | undefined): NetworkForward | undefined {
  if (element === undefined) return undefined;
  const mode = attributeOf(element, "mode") ?? "nat";
  const listed = parseEntries("forwardInterface", element);
  const single = attributeOf(element, "dev");
  const nat = mode === "nat" ? parseNat(childOf(element, "nat")) : {};
  return {
    mode,
    devices: listed.length === 0 && single !== undefined ? [single] : listed,
    ...(Object.keys(nat).length === 0 ? {} : { nat }),
  };
}

function parseAddress(element: XmlElement): NetworkAddress {
  const dhcp = childOf(element, "dhcp");
  return { address: addressOf(element), ranges: parseEntries("dhcpRange", dhcp), hosts: parseEntries("dhcpHost", dhcp) };
}

function parseDns(dns: XmlElement | undefined): NetworkDns {
  return {
    enabled: attributeOf(dns, "enable") !== "no",
    forwardPlainNames: attributeOf(dns, "forwardPlainNames") !== "no",
    forwarders: parseEntries("dnsForwarder", dns),
    txt: parseEntries("dnsTxt", dns),
    srv: parseEntries("dnsSrv", dns),
    hosts: parseEntries("dnsHost", dns),
  };
}

export function parseNetwork(xml: string): ObservedNetwork {
  const network = readXml(xml);
  const domain = childOf(network, "domain");
  const parts = {
    forward: parseForward(childOf(network, "forward")),
    virtualPort: attributeOf(childOf(network, "virtualport"), "type"),
    bridge: attributeOf(childOf(network, "bridge"), "name"),
    mac: attributeOf(childOf(network, "mac"), "address"),
    mtu: integerOf(attributeOf(childOf(network, "mtu"), "size")),
    domain: domain && { name: attributeOf(domain, "name") ?? "", localOnly: attributeOf(domain, "localOnly") === "yes" },
  };
  return {
    name: textOf(childOf(network, "name")) ?? "",
    uuid: textOf(childOf(network, "uuid")) ?? "",
    ...(Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as typeof parts),
    ipv6: attributeOf(network, "ipv6") === "yes",
    addresses: childrenOf(network, "ip").map(parseAddress),
    dns: parseDns(childOf(network, "dns")),
  };
}
