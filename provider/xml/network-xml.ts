// Our request for a network -> libvirt's XML, written over the definition that is there.
import { parseIpInterface } from "../plan/ip-address";
import { addChild, attributeOf, childOf, childrenOf, newRoot, remove, removeChildren, setAttributes, setText } from "./document";
import type { AttributeValues, XmlElement } from "./document";
import { writeEntries } from "./network-entries";
import type { DhcpHost, DhcpRange, DnsForwarder, DnsHost, DnsSrv, DnsTxt } from "./network-entries";
import { addressOf, parseNat, sameAddress, sameNat } from "./parse-network";
import { readXml } from "./read-xml";
import { writeXml } from "./write-xml";

/** What becomes of the senders' addresses on the way out; what is absent is libvirt's to choose. */
export interface NetworkNat {
  readonly ports?: { readonly start: number; readonly end: number } | undefined;
  readonly addresses?: DhcpRange | undefined;
  readonly ipv6?: boolean | undefined;
}

export interface NetworkForward {
  /** libvirt's word: "nat", "route", "open", "bridge", … */
  readonly mode: string;
  readonly devices: readonly string[];
  readonly nat?: NetworkNat | undefined;
}

/** An address of the host in the network, and what its DHCP server gives. */
export interface NetworkAddress {
  /** "192.168.100.1/24" */
  readonly address: string;
  readonly ranges: readonly DhcpRange[];
  readonly hosts: readonly DhcpHost[];
}

export interface NetworkDns {
  readonly enabled: boolean;
  readonly forwardPlainNames: boolean;
  readonly forwarders: readonly DnsForwarder[];
  readonly txt: readonly DnsTxt[];
  readonly srv: readonly DnsSrv[];
  readonly hosts: readonly DnsHost[];
}

export interface NetworkRequest {
  readonly name: string;
  readonly uuid: string;
  /** Absent: the network is isolated. */
  readonly forward?: NetworkForward | undefined;
  /** libvirt's word: "openvswitch". */
  readonly virtualPort?: string | undefined;
  /** Absent: as it is, or libvirt's choice. */
  readonly bridge?: string | undefined;
  /** Absent: as it is, or libvirt's choice. */
  readonly mac?: string | undefined;
  readonly mtu?: number | undefined;
  readonly domain?: { readonly name: string; readonly localOnly: boolean } | undefined;
  /** Guests reach each other by IPv6 though the host has no IPv6 address in the network. */
  readonly ipv6: boolean;
  readonly addresses: readonly NetworkAddress[];
  readonly dns: NetworkDns;
}

/** libvirt's order of what we write, and of what others may have written between. */
const order = [
  "name",
  "uuid",
  "metadata",
  "forward",
  "bridge",
  "mtu",
  "mac",
  "domain",
  "dns",
  "vlan",
  "bandwidth",
  "port",
  "ip",
  "route",
].concat(["virtualport", "portgroup"]);
const after = (name: string) => order.slice(order.indexOf(name) + 1);

/** The child that there is, or a new one in its place among the others. */
function ensureChild(network: XmlElement, name: string): XmlElement {
  const later = after(name);
  return (
    childOf(network, name) ??
    addChild(
      network,
      name,
      {},
      childrenOf(network).find((child) => later.includes(child.nodeName)),
    )
  );
}

/** Makes a child with the attributes, or takes the child away. */
function setChild(network: XmlElement, name: string, attributes: AttributeValues | undefined): void {
  if (attributes === undefined) removeChildren(network, name);
  else setAttributes(ensureChild(network, name), attributes);
}

/** libvirt's "yes" where it is one; a "no" that means the default stays as it is written. */
const yesOver = (held: string | undefined, isYes: boolean) => (isYes ? "yes" : held === "yes" ? undefined : held);

function writeNat(forward: XmlElement, nat: NetworkNat | undefined): void {
  const held = childOf(forward, "nat");
  const { ports, addresses, ipv6 } = nat ?? {};
  if (ports === undefined && addresses === undefined && ipv6 !== true) {
    remove(held);
    return;
  }
  const element = held ?? addChild(forward, "nat", {}, childrenOf(forward)[0]);
  setAttributes(element, { ipv6: yesOver(attributeOf(held, "ipv6"), ipv6 === true) });
  removeChildren(element, "address", "port");
  if (addresses !== undefined) addChild(element, "address", { start: addresses.start, end: addresses.end });
  if (ports !== undefined) addChild(element, "port", { start: ports.start, end: ports.end });
}

function writeForward(network: XmlElement, forward: NetworkForward | undefined): void {
  if (forward === undefined) {
    removeChildren(network, "forward");
    return;
  }
  const element = ensureChild(network, "forward");
  const { mode, devices, nat } = forward;
  // libvirt repeats the first device as an attribute.
  setAttributes(element, { dev: devices[0], mode });
  if (mode !== "nat") removeChildren(element, "nat");
  else if (!sameNat(parseNat(childOf(element, "nat")), nat)) writeNat(element, nat);
  writeEntries("forwardInterface", element, devices);
}

function writeAddress(element: XmlElement, { ranges, hosts }: NetworkAddress): void {
  const dhcp = childOf(element, "dhcp") ?? (ranges.length + hosts.length > 0 ? addChild(element, "dhcp") : undefined);
  if (dhcp === undefined) return;
  writeEntries("dhcpRange", dhcp, ranges, ["host", "bootp"]);
  writeEntries("dhcpHost", dhcp, hosts, ["bootp"]);
  if (childrenOf(dhcp).length === 0) remove(dhcp);
}

const newAddress = (network: XmlElement, address: string, before: XmlElement | undefined): XmlElement => {
  const ip = parseIpInterface(address);
  const family = ip?.family === "ipv6" ? "ipv6" : undefined;
  return addChild(network, "ip", { family, address: address.replace(/\/.*$/, ""), prefix: ip?.prefix }, before);
};

/** Addresses that stay keep what else stands in them (TFTP, BOOTP); all come into the order that was asked for. */
function writeAddresses(network: XmlElement, addresses: readonly NetworkAddress[]): void {
  const held = childrenOf(network, "ip");
  const kept = (wanted: NetworkAddress) => held.find((element) => sameAddress(addressOf(element), wanted.address));
  const inOrder = addresses.map(kept);
  const isSame = inOrder.length === held.length && inOrder.every((element, index) => element === held[index]);
  if (!isSame) remove(...held);
  const before = childrenOf(network).find((child) => after("ip").includes(child.nodeName));
  for (const [index, wanted] of addresses.entries()) {
    const element = inOrder[index] ?? newAddress(network, wanted.address, before);
    if (!isSame) network.insertBefore(element, before ?? null);
    writeAddress(element, wanted);
  }
}

function writeDns(network: XmlElement, { enabled, forwardPlainNames, forwarders, txt, srv, hosts }: NetworkDns): void {
  const dns = ensureChild(network, "dns");
  const [enable, plain] = [attributeOf(dns, "enable"), attributeOf(dns, "forwardPlainNames")];
  if (enabled !== (enable !== "no")) setAttributes(dns, { enable: enabled ? undefined : "no" });
  if (forwardPlainNames !== (plain !== "no")) setAttributes(dns, { forwardPlainNames: forwardPlainNames ? undefined : "no" });
  writeEntries("dnsForwarder", dns, forwarders, ["txt", "srv", "host"]);
  writeEntries("dnsTxt", dns, txt, ["srv", "host"]);
  writeEntries("dnsSrv", dns, srv, ["host"]);
  writeEntries("dnsHost", dns, hosts);
  const isBare = childrenOf(dns).length === 0 && ["enable", "forwardPlainNames"].every((name) => attributeOf(dns, name) === undefined);
  if (isBare) remove(dns);
}

/** The definition; `over` is the one that libvirt holds, of which everything that the request does not speak of is kept. */
export function networkXml(request: NetworkRequest, over?: string): string {
  const network = over === undefined ? newRoot("network") : readXml(over);
  const { name, uuid, bridge, mac, mtu, domain, ipv6 } = request;
  setAttributes(network, { ipv6: yesOver(attributeOf(network, "ipv6"), ipv6) });
  setText(ensureChild(network, "name"), name);
  setText(ensureChild(network, "uuid"), uuid);
  writeForward(network, request.forward);
  if (bridge !== undefined) setChild(network, "bridge", { name: bridge });
  if (mac !== undefined && attributeOf(childOf(network, "mac"), "address")?.toLowerCase() !== mac.toLowerCase()) {
    setChild(network, "mac", { address: mac });
  }
  setChild(network, "mtu", mtu === undefined ? undefined : { size: mtu });
  const isLocal = yesOver(attributeOf(childOf(network, "domain"), "localOnly"), domain?.localOnly === true);
  setChild(network, "domain", domain === undefined ? undefined : { name: domain.name, localOnly: isLocal });
  writeDns(network, request.dns);
  writeAddresses(network, request.addresses);
  const { virtualPort } = request;
  if (attributeOf(childOf(network, "virtualport"), "type") !== virtualPort) {
    setChild(network, "virtualport", virtualPort === undefined ? undefined : { type: virtualPort });
  }
  if (!makesBridge(request.forward)) dropOwnBridge(network, bridge);
  return writeXml(network);
}

/** libvirt's modes in which it makes the bridge itself. */
const makesBridge = (forward: NetworkForward | undefined) => forward === undefined || ["nat", "route", "open"].includes(forward.mode);

/** What libvirt filled in for a bridge of its own is refused with one of the host's, or with none. */
function dropOwnBridge(network: XmlElement, bridge: string | undefined): void {
  removeChildren(network, "mac");
  if (bridge === undefined) removeChildren(network, "bridge");
  else setAttributes(ensureChild(network, "bridge"), { stp: undefined, delay: undefined });
}
