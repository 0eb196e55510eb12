// Where a disk's data is <-> the <source> of its element, with what belongs to it: the type, the password's name, the address.
import type { DiskAuth, DiskProtocol, DiskSource, NetworkSource } from "../plan/domain";
import { diskProtocols } from "../plan/domain";
import { addInOrder } from "./child-order";
import { addChild, attributeOf, childOf, childrenOf, removeChildren, setAttributes, type XmlElement } from "./document";
import { integerOf } from "./size";

const pathAttributes = { file: "file", block: "dev" } as const;
const hexRadix = 16;
const hex = (text: string, digits: number) => `0x${text.padStart(digits, "0")}`;

/** "0000:01:00.0" -> libvirt's four numbers. */
function pciAddress(address: string): Record<"domain" | "bus" | "slot" | "function", string> {
  const [, domain = "", bus = "", slot = "", pciFunction = ""] = /^([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/.exec(address) ?? [];
  return { domain: hex(domain, 4), bus: hex(bus, 2), slot: hex(slot, 2), function: hex(pciFunction, 1) };
}

function parsePciAddress(element: XmlElement | undefined): string | undefined {
  const part = (name: string, digits: number) => {
    const value = Number(attributeOf(element, name));
    return Number.isInteger(value) ? value.toString(hexRadix).padStart(digits, "0") : undefined;
  };
  const [domain, bus, slot, pciFunction] = [part("domain", 4), part("bus", 2), part("slot", 2), part("function", 1)];
  if (domain === undefined || bus === undefined || slot === undefined || pciFunction === undefined) return undefined;
  return `${domain}:${bus}:${slot}.${pciFunction}`;
}

function writeAuth(source: XmlElement, { username, type, secretUuid }: DiskAuth): void {
  addChild(addChild(source, "auth", { username }), "secret", { type, uuid: secretUuid });
}

function writeNetwork(source: XmlElement, { protocol, name, query, hosts, auth, initiator, identity }: NetworkSource): void {
  setAttributes(source, { protocol, name, query });
  for (const { name: host, port } of hosts) addChild(source, "host", { name: host, port });
  if (initiator !== undefined) addChild(addChild(source, "initiator"), "iqn", { name: initiator });
  if (auth !== undefined) writeAuth(source, auth);
  if (identity !== undefined) addChild(source, "identity", { ...identity });
}

/** Into an empty <source>. */
function fillSource(element: XmlElement, source: Exclude<DiskSource, { type: "empty" }>): void {
  switch (source.type) {
    case "file":
    case "block":
      return setAttributes(element, { [pathAttributes[source.type]]: source.path });
    case "network":
      return writeNetwork(element, source);
    case "nvme":
      setAttributes(element, { type: "pci", managed: "yes", namespace: source.namespace });
      addChild(element, "address", pciAddress(source.address));
      return;
    case "vhostuser":
      return setAttributes(element, { type: "unix", path: source.socket });
  }
}

const sameSource = (left: DiskSource | undefined, right: DiskSource): boolean =>
  left !== undefined && JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));

/** Keys in one order, and no undefined ones: equal sources give equal text. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
};

/** libvirt fills the protocol's own port in; a plan need not say it. */
const defaultPorts: Readonly<Partial<Record<DiskProtocol, number>>> = { http: 80, https: 443, iscsi: 3260, nfs: 2049 };

const withPorts = (source: DiskSource): DiskSource =>
  source.type !== "network"
    ? source
    : {
        ...source,
        hosts: source.hosts.map(({ name, port = defaultPorts[source.protocol] }) => (port === undefined ? { name } : { name, port })),
      };

/** A changed source leaves nothing of the old one behind: its chain, label, slices and index belong to the old data. An unchanged one is left as it is. */
export function writeSource(element: XmlElement, source: DiskSource): void {
  if (source.type === "empty") {
    if (attributeOf(element, "type") !== "block") setAttributes(element, { type: "file" });
    removeChildren(element, "source", "backingStore", "auth");
    return;
  }
  const present = parseSource(element);
  if (present !== undefined && sameSource(withPorts(present), withPorts(source))) return;
  const isPath = source.type === "file" || source.type === "block";
  const startupPolicy = isPath ? attributeOf(childOf(element, "source"), "startupPolicy") : undefined;
  removeChildren(element, "source", "backingStore", "auth");
  setAttributes(element, { type: source.type });
  const fresh = addInOrder(element, "source");
  fillSource(fresh, source);
  setAttributes(fresh, { startupPolicy });
}

function parseAuth(element: XmlElement, source: XmlElement): DiskAuth | "unsayable" | undefined {
  // libvirt 9 writes it into the source; older ones beside it.
  const auth = childOf(source, "auth") ?? childOf(element, "auth");
  if (auth === undefined) return undefined;
  const secret = childOf(auth, "secret");
  const [username, type, secretUuid] = [attributeOf(auth, "username"), attributeOf(secret, "type"), attributeOf(secret, "uuid")];
  // A secret that is named by its usage is nothing that a plan says.
  if (username === undefined || secretUuid === undefined || (type !== "ceph" && type !== "iscsi")) return "unsayable";
  return { username, type, secretUuid };
}

function parseNetwork(element: XmlElement, source: XmlElement): NetworkSource | undefined {
  const protocol = diskProtocols.find((known) => known === attributeOf(source, "protocol"));
  const auth = parseAuth(element, source);
  const hosts = childrenOf(source, "host");
  const isUnix = hosts.some((host) => (attributeOf(host, "transport") ?? "tcp") !== "tcp");
  const hasMore =
    childOf(source, "slices") !== undefined || childOf(source, "snapshot") !== undefined || childOf(source, "cookies") !== undefined;
  if (protocol === undefined || auth === "unsayable" || isUnix || hasMore) return undefined;
  const name = attributeOf(source, "name") ?? "";
  const query = attributeOf(source, "query");
  const initiator = attributeOf(childOf(source, "initiator", "iqn"), "name");
  const identity = childOf(source, "identity");
  const [user, group] = [attributeOf(identity, "user"), attributeOf(identity, "group")];
  return {
    type: "network",
    protocol,
    // libvirt drops the first slash of a path.
    name: (protocol === "nfs" || protocol === "http" || protocol === "https") && !name.startsWith("/") ? `/${name}` : name,
    ...(query === undefined || query === "" ? {} : { query: query.startsWith("?") ? query : `?${query}` }),
    hosts: hosts.map((host) => {
      const port = integerOf(attributeOf(host, "port"));
      return { name: attributeOf(host, "name") ?? "", ...(port === undefined ? {} : { port }) };
    }),
    ...(auth === undefined ? {} : { auth }),
    ...(initiator === undefined ? {} : { initiator }),
    ...(user === undefined || group === undefined ? {} : { identity: { user, group } }),
  };
}

/** undefined: nothing that a plan could say (another protocol, a volume, several slices); such a disk is left as it is. */
export function parseSource(element: XmlElement): DiskSource | undefined {
  const type = attributeOf(element, "type") ?? "file";
  const source = childOf(element, "source");
  if (type === "file" || type === "block") {
    const path = attributeOf(source, pathAttributes[type]);
    return path === undefined ? { type: "empty" } : { type, path };
  }
  if (source === undefined) return undefined;
  if (type === "network") return parseNetwork(element, source);
  if (type === "nvme") {
    const [address, namespace] = [parsePciAddress(childOf(source, "address")), integerOf(attributeOf(source, "namespace"))];
    return address === undefined || namespace === undefined ? undefined : { type: "nvme", address, namespace };
  }
  const socket = attributeOf(source, "path");
  return type === "vhostuser" && socket !== undefined ? { type: "vhostuser", socket } : undefined;
}
