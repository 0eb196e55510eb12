// The element of a disk of any origin -> where its data is, in a plan's words, or that no plan could say it.
import { plainSource, urlPathOf } from "../plan/disk-source";
import { diskProtocols, type DiskAuth, type DiskProtocol, type DiskSource, type NetworkHost, type NetworkSource } from "../plan/domain";
import { attributeOf, childOf, childrenOf, type XmlElement } from "./document";
import { integerOf } from "./size";

/** Where libvirt keeps the path, by disk type. */
export const pathAttributes = { file: "file", block: "dev" } as const;

/** libvirt's secret usage type, by the protocol; the other protocols' passwords are nothing that a plan says. */
const secretTypes: Readonly<Partial<Record<DiskProtocol, DiskAuth["type"]>>> = { rbd: "ceph", iscsi: "iscsi" };

/** What makes other data of a network source, or comes instead of its hosts. */
const unsaidParts = ["snapshot", "config"] as const;

/** libvirt holds the path of a URL as it is, and encodes it for QEMU. */
export const isUrl = (protocol: DiskProtocol): boolean => protocol === "http" || protocol === "https";

const hexRadix = 16;
const pciDigits = { domain: 4, bus: 2, slot: 2, function: 1 } as const;

function parsePciAddress(element: XmlElement | undefined): string | undefined {
  const part = (name: keyof typeof pciDigits) => {
    const value = Number(attributeOf(element, name));
    return Number.isSafeInteger(value) ? value.toString(hexRadix).padStart(pciDigits[name], "0") : undefined;
  };
  const [domain, bus, slot, fn] = [part("domain"), part("bus"), part("slot"), part("function")];
  if (domain === undefined || bus === undefined || slot === undefined || fn === undefined) return undefined;
  return `${domain}:${bus}:${slot}.${fn}`;
}

/** undefined: no server that is reached by TCP under a name. */
function parseHost(host: XmlElement): NetworkHost | undefined {
  const name = attributeOf(host, "name");
  const portText = attributeOf(host, "port");
  const port = integerOf(portText);
  if (name === undefined || (attributeOf(host, "transport") ?? "tcp") !== "tcp") return undefined;
  if (portText !== undefined && port === undefined) return undefined;
  return port === undefined ? { name } : { name, port };
}

/** An RBD image has monitors, any other source one server. */
function parseHosts(source: XmlElement, protocol: DiskProtocol): readonly NetworkHost[] | undefined {
  const elements = childrenOf(source, "host");
  const hosts = elements.flatMap((host) => parseHost(host) ?? []);
  const isSayable = hosts.length === elements.length && (protocol === "rbd" ? hosts.length > 0 : hosts.length === 1);
  return isSayable ? hosts : undefined;
}

/** libvirt keeps it in the source, and beside it where a definition had it there. */
const authElement = (disk: XmlElement): XmlElement | undefined => childOf(disk, "source", "auth") ?? childOf(disk, "auth");

/** A secret that is named by its usage is nothing that a plan says: only the host knows which one that is. */
function parseAuth(disk: XmlElement, protocol: DiskProtocol): Pick<NetworkSource, "auth"> | undefined {
  const auth = authElement(disk);
  if (auth === undefined) return {};
  const secret = childOf(auth, "secret");
  const [username, secretUuid] = [attributeOf(auth, "username"), attributeOf(secret, "uuid")];
  const type = secretTypes[protocol];
  if (username === undefined || secretUuid === undefined || type === undefined || attributeOf(secret, "type") !== type) return undefined;
  return { auth: { username, type, secretUuid } };
}

/** Who QEMU is on an NFS server: user and group, or neither. */
function parseIdentity(source: XmlElement): Pick<NetworkSource, "identity"> | undefined {
  const element = childOf(source, "identity");
  const [user, group] = [attributeOf(element, "user"), attributeOf(element, "group")];
  if (user === undefined && group === undefined) return {};
  return user === undefined || group === undefined ? undefined : { identity: { user, group } };
}

function parseNetwork(disk: XmlElement, source: XmlElement): NetworkSource | undefined {
  const protocol = diskProtocols.find((known) => known === attributeOf(source, "protocol"));
  const name = attributeOf(source, "name");
  if (protocol === undefined || name === undefined) return undefined;
  const [hosts, auth, identity] = [parseHosts(source, protocol), parseAuth(disk, protocol), parseIdentity(source)];
  if (hosts === undefined || auth === undefined || identity === undefined) return undefined;
  if (unsaidParts.some((part) => childOf(source, part) !== undefined)) return undefined;
  // libvirt keeps it without the "?" that begins it: one that stands there is a second.
  const query = attributeOf(source, "query");
  const initiator = attributeOf(childOf(source, "initiator", "iqn"), "name");
  return {
    type: "network",
    protocol,
    name: isUrl(protocol) ? urlPathOf(name) : name,
    hosts,
    ...auth,
    ...identity,
    ...(query === undefined || query === "" ? {} : { query: `?${query}` }),
    ...(initiator === undefined ? {} : { initiator }),
  };
}

function parseNvme(source: XmlElement): DiskSource | undefined {
  const [address, namespace] = [parsePciAddress(childOf(source, "address")), integerOf(attributeOf(source, "namespace"))];
  return address === undefined || namespace === undefined ? undefined : { type: "nvme", address, namespace };
}

function parseVhostUser(source: XmlElement): DiskSource | undefined {
  const socket = attributeOf(source, "path");
  return socket === undefined ? undefined : { type: "vhostuser", socket };
}

/** Readers of the sources that are always there. */
const parsers: Readonly<Record<string, (disk: XmlElement, source: XmlElement) => DiskSource | undefined>> = {
  network: parseNetwork,
  nvme: (_, source) => parseNvme(source),
  vhostuser: (_, source) => parseVhostUser(source),
};

function parseAny(disk: XmlElement): DiskSource | undefined {
  const type = attributeOf(disk, "type") ?? "file";
  const source = childOf(disk, "source");
  if (type === "file" || type === "block") {
    const path = attributeOf(source, pathAttributes[type]);
    return path === undefined ? { type: "empty" } : { type, path };
  }
  return source === undefined ? undefined : parsers[type]?.(disk, source);
}

/** More than one part of a file. One is kept with its source, like libvirt's other notes there. */
const hasSeveralSlices = (disk: XmlElement): boolean => {
  const slices = childOf(disk, "source", "slices");
  return slices !== undefined && childrenOf(slices, "slice").length > 1;
};

/** As plainSource says it. undefined: nothing that a plan could say (another protocol, a pool's volume, a unix socket, …); such a disk is left as it is. */
export function parseSource(disk: XmlElement): DiskSource | undefined {
  const source = hasSeveralSlices(disk) ? undefined : parseAny(disk);
  return source === undefined ? undefined : plainSource(source);
}
