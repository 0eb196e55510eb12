// One network card -> its element in a definition, written over what is there so that nothing unmanaged is lost.
import { BugError } from "../errors";
import type { DomainInterface, InterfaceBandwidth, InterfaceSource, TrafficLimit } from "../plan/domain";
import { addInOrder, ensureChild } from "./child-order";
import { userAliasPrefix } from "./disk-xml";
import {
  addChild,
  attributeOf,
  childOf,
  childrenOf,
  alone,
  newRoot,
  remove,
  removeChildren,
  setAttributes,
  type AttributeValues,
  type XmlElement,
} from "./document";
import { isPlainVlan, parseInterface } from "./parse-interface";
import { readXml } from "./read-xml";
import { writeXml } from "./write-xml";

/** What <source> says, by type; undefined: there is no such element. */
const sourceAttributes = {
  network: ({ network, portgroup }) => ({ network, portgroup }),
  bridge: ({ bridge }) => ({ bridge }),
  direct: ({ device, mode }) => ({ dev: device, mode }),
  user: () => undefined,
  vhostuser: ({ socket, mode }) => ({ type: "unix", path: socket, mode }),
} as const satisfies {
  [Type in InterfaceSource["type"]]: (source: Extract<InterfaceSource, { type: Type }>) => AttributeValues | undefined;
};

const attributesOf = (source: InterfaceSource) =>
  (sourceAttributes[source.type] as (of: InterfaceSource) => AttributeValues | undefined)(source);

/** Every attribute that a source of ours may have, and those with which libvirt tells what a network led to. */
const knownAttributes = ["network", "portgroup", "bridge", "dev", "mode", "type", "path", "portid"] as const;

/** What belongs to the kind of network that the card was on before. The host's device (target) is libvirt's to name anew. */
const ofOldKind = ["source", "virtualport", "backend", "portForward", "target", "ip", "route", "script", "downscript"] as const;
/** libvirt has these for cards whose frames pass through a bridge only. */
const ofBridges = ["filterref", "port"] as const;
const onBridge: ReadonlySet<InterfaceSource["type"]> = new Set(["network", "bridge"]);

const openvswitch = "openvswitch";

function writeVirtualPort(element: XmlElement, source: InterfaceSource): void {
  if (source.type !== "bridge") return;
  const present = childOf(element, "virtualport");
  const isOpenvswitch = attributeOf(present, "type") === openvswitch;
  if (source.openvswitch !== true && isOpenvswitch) remove(present);
  if (source.openvswitch !== true || isOpenvswitch) return;
  remove(present);
  addInOrder(element, "virtualport", { type: openvswitch });
}

function writeSource(element: XmlElement, source: InterfaceSource): void {
  if (attributeOf(element, "type") !== source.type) {
    removeChildren(element, ...ofOldKind, ...(onBridge.has(source.type) ? [] : ofBridges));
    setAttributes(element, { type: source.type });
  }
  const attributes = attributesOf(source);
  // One without attributes of ours may name the device that passt uses: that is not ours.
  if (attributes !== undefined) {
    const none = Object.fromEntries(knownAttributes.map((name) => [name, undefined]));
    const present = ensureChild(element, "source");
    // In one go where nothing is new, so that what is there keeps its order.
    const isSame = Object.entries({ ...none, ...attributes }).every(([name, value]) => attributeOf(present, name) === value);
    if (!isSame) {
      setAttributes(present, none);
      setAttributes(present, attributes);
    }
  }
  writeVirtualPort(element, source);
}

const directions = ["inbound", "outbound"] as const;

const limitAttributes = (limit: TrafficLimit): AttributeValues => ({
  average: limit.averageKiB,
  peak: limit.peakKiB,
  burst: limit.burstKiB,
});

/** `floor`, of which a plan does not speak, stays. */
function writeBandwidth(element: XmlElement, bandwidth: InterfaceBandwidth | undefined): void {
  const present = childOf(element, "bandwidth");
  if (bandwidth === undefined && present === undefined) return;
  const parent = present ?? ensureChild(element, "bandwidth");
  for (const direction of directions) {
    const limit = bandwidth?.[direction];
    if (limit === undefined) removeChildren(parent, direction);
    else setAttributes(childOf(parent, direction) ?? addInOrder(parent, direction), limitAttributes(limit));
  }
  if (childrenOf(parent).length === 0) remove(parent);
}

/** A trunk stays where the plan names no tag. */
function writeVlan(element: XmlElement, tag: number | undefined): void {
  const present = childOf(element, "vlan");
  if (tag === undefined) {
    if (present !== undefined && isPlainVlan(present)) remove(present);
    return;
  }
  if (attributeOf(childOf(element, "vlan", "tag"), "id") === String(tag) && present !== undefined && isPlainVlan(present)) return;
  remove(present);
  addChild(addInOrder(element, "vlan"), "tag", { id: tag });
}

/** An element with one attribute, or none. */
function writeSingle(element: XmlElement, name: string, attribute: string, value: string | number | undefined): void {
  if (value === undefined) removeChildren(element, name);
  else setAttributes(ensureChild(element, name), { [attribute]: value });
}

/** "up" is what libvirt takes a card for that says nothing. */
function writeLink(element: XmlElement, state: DomainInterface["linkState"]): void {
  if (state === "down" || childOf(element, "link") !== undefined) writeSingle(element, "link", "state", state);
}

function writeModel(element: XmlElement, model: string | undefined): void {
  if (model === undefined) return;
  const present = childOf(element, "model");
  const old = attributeOf(present, "type");
  if (old === model) return;
  // Another card may sit on another bus.
  if (old !== undefined) removeChildren(element, "address");
  setAttributes(present ?? ensureChild(element, "model"), { type: model });
}

function writeQueues(element: XmlElement, queues: number | undefined): void {
  if (queues === undefined && childOf(element, "driver") === undefined) return;
  const driver = ensureChild(element, "driver");
  setAttributes(driver, { queues });
  if (driver.attributes.length === 0 && childrenOf(driver).length === 0) remove(driver);
}

function writeMac(element: XmlElement, mac: string): void {
  const present = ensureChild(element, "mac");
  if (attributeOf(present, "address")?.toLowerCase() !== mac) setAttributes(present, { address: mac });
}

/** Writes the card into its element, new or old. Only a new one gets our alias: see addInterface. */
export function writeInterface(element: XmlElement, card: DomainInterface): void {
  writeMac(element, card.mac);
  writeSource(element, card.source);
  writeModel(element, card.model);
  writeVlan(element, card.vlan);
  writeBandwidth(element, card.bandwidth);
  writeQueues(element, card.queues);
  writeLink(element, card.linkState);
  writeSingle(element, "mtu", "size", card.mtuBytes);
  writeSingle(element, "boot", "order", card.bootOrder);
}

function fillNew(element: XmlElement, card: DomainInterface): XmlElement {
  writeInterface(element, card);
  addInOrder(element, "alias", { name: `${userAliasPrefix}${card.key}` });
  return element;
}

/** A card that the definition does not have yet. */
export function addInterface(devices: XmlElement, card: DomainInterface): void {
  fillNew(addInOrder(devices, "interface", { type: card.source.type }), card);
}

/** The element of one card, to plug it in. */
export function interfaceXml(card: DomainInterface): string {
  return writeXml(fillNew(newRoot("interface", { type: card.source.type }), card));
}

/** What libvirt changes of a running card. */
export const liveParts = ["source", "linkState", "vlan", "bandwidth"] as const;
export type LivePart = (typeof liveParts)[number];

/**
 * The element of a running card (by its alias: "ua-lan", "net0") with the parts that a plan has otherwise, and everything else as it runs: what
 * libvirt takes to change it. Throws BugError where the machine has no such card.
 */
export function changedInterfaceXml(liveXml: string, alias: string, card: DomainInterface, parts: ReadonlySet<LivePart>): string {
  const devices = childOf(readXml(liveXml), "devices");
  const elements = devices === undefined ? [] : childrenOf(devices, "interface");
  const element = elements.find((each) => attributeOf(childOf(each, "alias"), "name") === alias);
  if (element === undefined) throw new BugError(`The running machine has no network card ${alias} that could be changed.`);
  const running = parseInterface(element, 0, undefined);
  // Written in any case: what a network leads to is shown in its place while the card runs.
  const source = parts.has("source") ? withRunningPart(card.source, running.source) : running.source;
  if (source !== undefined) writeSource(element, source);
  if (parts.has("linkState")) writeLink(element, card.linkState);
  if (parts.has("vlan")) writeVlan(element, card.vlan);
  if (parts.has("bandwidth")) writeBandwidth(element, card.bandwidth);
  return writeXml(alone(element));
}

/** libvirt moves a running card from bridge to bridge, a network's included; elsewhere it stays where it is until a cold start. */
const withRunningPart = (wanted: InterfaceSource, running: InterfaceSource | undefined): InterfaceSource =>
  running === undefined || (onBridge.has(wanted.type) && onBridge.has(running.type)) ? wanted : running;
