// The entries of a network that libvirt changes while it runs (and the DNS forwarders, which it does not): data -> element, and back.
import { ipKey } from "../plan/ip-address";
import { addChild, attributeOf, childrenOf, newRoot, remove, setText, textOf } from "./document";
import type { AttributeValues, XmlElement } from "./document";
import { integerOf } from "./size";
import { writeXml } from "./write-xml";

export interface DhcpRange {
  readonly start: string;
  readonly end: string;
}

/** Who gets which address: IPv4 guests are known by `mac` or `name`, IPv6 guests by `id` (DUID) or `name`. */
export interface DhcpHost {
  readonly mac?: string | undefined;
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly ip: string;
}

export interface DnsHost {
  readonly ip: string;
  readonly hostnames: readonly string[];
}

export interface DnsSrv {
  readonly service: string;
  readonly protocol: string;
  readonly domain?: string | undefined;
  readonly target?: string | undefined;
  readonly port?: number | undefined;
  readonly priority?: number | undefined;
  readonly weight?: number | undefined;
}

export interface DnsTxt {
  readonly name: string;
  readonly value: string;
}

/** Who is asked for names: for those of `domain`, or for all; without `address` nobody is. */
export interface DnsForwarder {
  readonly domain?: string | undefined;
  readonly address?: string | undefined;
}

export interface NetworkEntries {
  readonly dhcpRange: DhcpRange;
  readonly dhcpHost: DhcpHost;
  readonly dnsHost: DnsHost;
  readonly dnsSrv: DnsSrv;
  readonly dnsTxt: DnsTxt;
  readonly dnsForwarder: DnsForwarder;
  /** A device by its name. */
  readonly forwardInterface: string;
}
export type EntryKind = keyof NetworkEntries;

interface EntryRules<Entry> {
  readonly element: string;
  readonly attributes: (entry: Entry) => AttributeValues;
  /** Texts of <hostname> elements in it. */
  readonly hostnames?: (entry: Entry) => readonly string[];
  readonly parse: (element: XmlElement) => Entry;
  /** The same for two entries that mean the same. */
  readonly key: (entry: Entry) => string;
}

/** The object without its absent parts. */
const present = <T extends object>(parts: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };

/** libvirt does not write numbers that are 0. */
const nonZero = (number: number | undefined) => (number === 0 ? undefined : number);

const attributesOf = <Name extends string>(element: XmlElement, ...names: readonly Name[]): Readonly<Partial<Record<Name, string>>> =>
  present(Object.fromEntries(names.map((name) => [name, attributeOf(element, name)]))) as Readonly<Partial<Record<Name, string>>>;

const textKey = (...parts: readonly (string | number | undefined)[]) => JSON.stringify(parts.map((part) => part ?? null));

export const entryRules: { readonly [Kind in EntryKind]: EntryRules<NetworkEntries[Kind]> } = {
  dhcpRange: {
    element: "range",
    attributes: ({ start, end }) => ({ start, end }),
    parse: (element) => ({ start: attributeOf(element, "start") ?? "", end: attributeOf(element, "end") ?? "" }),
    key: ({ start, end }) => textKey(ipKey(start), ipKey(end)),
  },
  dhcpHost: {
    element: "host",
    attributes: ({ mac, id, name, ip }) => ({ mac, id, name, ip }),
    parse: (element) => ({ ...attributesOf(element, "mac", "id", "name"), ip: attributeOf(element, "ip") ?? "" }),
    key: ({ mac, id, name, ip }) => textKey(mac?.toLowerCase(), id?.toLowerCase(), name, ipKey(ip)),
  },
  dnsHost: {
    element: "host",
    attributes: ({ ip }) => ({ ip }),
    hostnames: ({ hostnames }) => hostnames,
    parse: (element) => ({
      ip: attributeOf(element, "ip") ?? "",
      hostnames: childrenOf(element, "hostname").map((hostname) => textOf(hostname) ?? ""),
    }),
    key: ({ ip, hostnames }) => textKey(ipKey(ip), ...hostnames),
  },
  dnsSrv: {
    element: "srv",
    attributes: ({ service, protocol, domain, target, port, priority, weight }) => ({
      service,
      protocol,
      domain,
      target,
      port: nonZero(port),
      priority: nonZero(priority),
      weight: nonZero(weight),
    }),
    parse: (element) => ({
      service: attributeOf(element, "service") ?? "",
      protocol: attributeOf(element, "protocol") ?? "",
      ...attributesOf(element, "domain", "target"),
      ...present({
        port: integerOf(attributeOf(element, "port")),
        priority: integerOf(attributeOf(element, "priority")),
        weight: integerOf(attributeOf(element, "weight")),
      }),
    }),
    key: ({ service, protocol, domain, target, port, priority, weight }) =>
      textKey(service, protocol, domain, target, port ?? 0, priority ?? 0, weight ?? 0),
  },
  dnsTxt: {
    element: "txt",
    attributes: ({ name, value }) => ({ name, value }),
    parse: (element) => ({ name: attributeOf(element, "name") ?? "", value: attributeOf(element, "value") ?? "" }),
    key: ({ name, value }) => textKey(name, value),
  },
  dnsForwarder: {
    element: "forwarder",
    attributes: ({ domain, address }) => ({ domain, addr: address }),
    parse: (element) => present({ domain: attributeOf(element, "domain"), address: attributeOf(element, "addr") }),
    key: ({ domain, address }) => textKey(domain, address === undefined ? undefined : ipKey(address)),
  },
  forwardInterface: {
    element: "interface",
    attributes: (dev) => ({ dev }),
    parse: (element) => attributeOf(element, "dev") ?? "",
    key: (dev) => dev,
  },
};

function fill<Kind extends EntryKind>(kind: Kind, element: XmlElement, entry: NetworkEntries[Kind]): void {
  for (const hostname of entryRules[kind].hostnames?.(entry) ?? []) setText(addChild(element, "hostname"), hostname);
}

/** An entry as a document of its own, as virNetworkUpdate takes it; `toDelete`: with no more than tells it from the others. */
export function entryXml<Kind extends EntryKind>(kind: Kind, entry: NetworkEntries[Kind], toDelete = false): string {
  const { element, attributes } = entryRules[kind];
  const root = newRoot(element, attributes(entry));
  // libvirt would take every entry with one of the names for the one that is meant.
  if (!toDelete) fill(kind, root, entry);
  return writeXml(root);
}

export function parseEntries<Kind extends EntryKind>(kind: Kind, parent: XmlElement | undefined): NetworkEntries[Kind][] {
  const { element, parse } = entryRules[kind];
  return parent === undefined ? [] : childrenOf(parent, element).map((child) => parse(child));
}

/** What is to go from `held`, and what is to come, so that it says what `wanted` does. */
export function entryDelta<Kind extends EntryKind>(
  kind: Kind,
  held: readonly NetworkEntries[Kind][],
  wanted: readonly NetworkEntries[Kind][],
): { readonly gone: readonly NetworkEntries[Kind][]; readonly come: readonly NetworkEntries[Kind][] } {
  const { key } = entryRules[kind];
  const [before, after] = [new Set(held.map(key)), new Set(wanted.map(key))];
  return { gone: held.filter((entry) => !after.has(key(entry))), come: wanted.filter((entry) => !before.has(key(entry))) };
}

/** Entries that say the same stay, with what else is in them (a lease's time); new ones come before the children of the names in `later`. */
export function writeEntries<Kind extends EntryKind>(
  kind: Kind,
  parent: XmlElement,
  wanted: readonly NetworkEntries[Kind][],
  later: readonly string[] = [],
): void {
  const { element, attributes, parse, key } = entryRules[kind];
  const { come } = entryDelta(kind, parseEntries(kind, parent), wanted);
  const kept = new Set(wanted.map(key));
  for (const child of childrenOf(parent, element)) if (!kept.has(key(parse(child)))) remove(child);
  const before = childrenOf(parent).find((child) => later.includes(child.nodeName));
  for (const entry of come) fill(kind, addChild(parent, element, attributes(entry), before), entry);
}
