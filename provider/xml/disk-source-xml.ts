// Where a disk's data is -> the <source> of its element, written over what is there.
import { pathOfUrl, plainSource, sourceName } from "../plan/disk-source";
import type { DiskSource, NetworkSource } from "../plan/domain";
import { BugError } from "../errors";
import { addInOrder } from "./child-order";
import { addChild, attributeOf, childOf, removeChildren, setAttributes, type AttributeValues, type XmlElement } from "./document";
import { isUrl, parseSource, pathAttributes } from "./parse-disk-source";

/** A part of a network source that changes without the data's being another: when it does, it alone is written anew. */
interface NetworkPart {
  readonly element: string;
  /** What a plan says of it. */
  readonly said: (source: NetworkSource) => unknown;
  /** Into a source that has none. */
  readonly write: (element: XmlElement, source: NetworkSource) => void;
}

const networkParts: readonly NetworkPart[] = [
  {
    element: "host",
    said: ({ hosts }) => hosts.map(({ name, port }) => [name, port]),
    write: (element, { hosts }) => {
      for (const { name, port } of hosts) addInOrder(element, "host", { name, port });
    },
  },
  {
    element: "identity",
    said: ({ identity }) => [identity?.user, identity?.group],
    write: (element, { identity }) => {
      if (identity !== undefined) addInOrder(element, "identity", { user: identity.user, group: identity.group });
    },
  },
  {
    element: "initiator",
    said: ({ initiator }) => [initiator],
    write: (element, { initiator }) => {
      if (initiator !== undefined) addChild(addInOrder(element, "initiator"), "iqn", { name: initiator });
    },
  },
  {
    element: "auth",
    said: ({ auth }) => [auth?.username, auth?.type, auth?.secretUuid],
    write: (element, { auth }) => {
      if (auth === undefined) return;
      addChild(addInOrder(element, "auth", { username: auth.username }), "secret", { type: auth.type, uuid: auth.secretUuid });
    },
  },
];

const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/** An RBD image stays the same behind other monitors; anything else on another server is other data. */
const identityOf = ({ protocol, name, query, hosts }: NetworkSource) => [
  protocol,
  name,
  query,
  protocol === "rbd" ? [] : hosts.map((host) => [host.name, host.port]),
];

/** Whether it is the data that the disk has already. */
function isSameData(present: DiskSource, source: DiskSource): boolean {
  if (present.type === "network" && source.type === "network") return same(identityOf(present), identityOf(source));
  return present.type === source.type && sourceName(present) === sourceName(source);
}

/** What an element held for the data that it had, besides <source>. */
const partsOfOldData = ["source", "backingStore", "auth", "encryption"] as const;

/** "0000:01:00.0" -> libvirt's four numbers. */
function pciAddress(address: string): AttributeValues {
  const [domain, bus, slot, fn] = (/^([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/.exec(address) ?? [])
    .slice(1)
    .map((digits) => `0x${digits}`);
  if (fn === undefined) throw new BugError(`${JSON.stringify(address)} was taken for a PCI address.`);
  return { domain, bus, slot, function: fn };
}

/** libvirt puts the "?" before the query itself. */
function fillNetwork(element: XmlElement, source: NetworkSource): void {
  const { protocol, name, query } = source;
  setAttributes(element, { protocol, name: isUrl(protocol) ? pathOfUrl(name) : name, query: query?.replace(/^\?/, "") });
  for (const part of networkParts) part.write(element, source);
}

/** Into an empty <source>. */
function fillSource(element: XmlElement, source: Exclude<DiskSource, { type: "empty" }>): void {
  switch (source.type) {
    case "file":
    case "block":
      setAttributes(element, { [pathAttributes[source.type]]: source.path });
      return;
    case "network":
      fillNetwork(element, source);
      return;
    case "nvme":
      setAttributes(element, { type: "pci", managed: "yes", namespace: source.namespace });
      addChild(element, "address", pciAddress(source.address));
      return;
    case "vhostuser":
      setAttributes(element, { type: "unix", path: source.socket });
      return;
  }
}

function replaceSource(disk: XmlElement, source: DiskSource): void {
  const startupPolicy = attributeOf(childOf(disk, "source"), "startupPolicy");
  removeChildren(disk, ...partsOfOldData);
  if (source.type === "empty") {
    if (attributeOf(disk, "type") !== "block") setAttributes(disk, { type: "file" });
    return;
  }
  setAttributes(disk, { type: source.type });
  const element = addInOrder(disk, "source");
  fillSource(element, source);
  if (source.type === "file" || source.type === "block") setAttributes(element, { startupPolicy });
}

function updateNetwork(disk: XmlElement, present: NetworkSource, source: NetworkSource): void {
  const element = childOf(disk, "source") ?? addInOrder(disk, "source");
  for (const part of networkParts) {
    if (same(part.said(present), part.said(source))) continue;
    removeChildren(element, part.element);
    if (part.element === "auth") removeChildren(disk, "auth");
    part.write(element, source);
  }
}

/**
 * A changed source leaves nothing of the old one behind: its chain, label, slices, keys and index belong to the old data. An unchanged one is left as it
 * is, with all that libvirt and others keep there; where only servers or passwords change, only they are written.
 */
export function writeSource(disk: XmlElement, source: DiskSource): void {
  const wanted = plainSource(source);
  const present = parseSource(disk);
  if (present === undefined || !isSameData(present, wanted)) replaceSource(disk, wanted);
  else if (present.type === "network" && wanted.type === "network") updateNetwork(disk, present, wanted);
}
