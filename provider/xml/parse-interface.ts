// One <interface> of a definition -> what we know of the network card: of any origin, inactive or live.
import type { InterfaceBandwidth, InterfaceSource, InterfaceTuning, ObservedInterface, TrafficLimit } from "../plan/domain";
import { directModes, linkStates, vhostUserModes } from "../plan/domain";
import { userAliasPrefix } from "./disk-xml";
import { attributeOf, childOf, childrenOf, type XmlElement } from "./document";
import { integerOf } from "./size";

/** Leaves out the keys without a value. */
function present<const Values extends object>(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Values;
}

const wordOf = <Word extends string>(words: readonly Word[], found: string | undefined): Word | undefined =>
  words.find((word) => word === found);

/** libvirt's own mode where a definition says none. */
const defaultDirectMode = "vepa";

const openvswitch = "openvswitch";

type SourceReader = (element: XmlElement) => InterfaceSource | undefined;

const ofSource = (element: XmlElement, name: string) => attributeOf(childOf(element, "source"), name);

function readNetwork(element: XmlElement): InterfaceSource | undefined {
  const network = ofSource(element, "network");
  return network === undefined ? undefined : present({ type: "network", network, portgroup: ofSource(element, "portgroup") });
}

/** A card on a network that leads to a bridge or a device of the host shows that, while it runs, and the network's name beside it. */
const orOfNetwork =
  (read: SourceReader): SourceReader =>
  (element) =>
    readNetwork(element) ?? read(element);

function readBridge(element: XmlElement): InterfaceSource | undefined {
  const bridge = ofSource(element, "bridge");
  const isOpenvswitch = attributeOf(childOf(element, "virtualport"), "type") === openvswitch;
  return bridge === undefined ? undefined : present({ type: "bridge", bridge, openvswitch: isOpenvswitch ? true : undefined });
}

function readDirect(element: XmlElement): InterfaceSource | undefined {
  const device = ofSource(element, "dev");
  const mode = wordOf(directModes, ofSource(element, "mode") ?? defaultDirectMode);
  return device === undefined || mode === undefined ? undefined : { type: "direct", device, mode };
}

function readVhostUser(element: XmlElement): InterfaceSource | undefined {
  const socket = ofSource(element, "path");
  const mode = wordOf(vhostUserModes, ofSource(element, "mode"));
  return socket === undefined || mode === undefined ? undefined : { type: "vhostuser", socket, mode };
}

/** By libvirt's interface type; a card of any other type is none that a plan can say. */
const sourceReaders: Readonly<Record<string, SourceReader>> = {
  network: readNetwork,
  bridge: orOfNetwork(readBridge),
  direct: orOfNetwork(readDirect),
  user: () => ({ type: "user" }),
  vhostuser: readVhostUser,
};

function readLimit(element: XmlElement | undefined): TrafficLimit | undefined {
  const averageKiB = integerOf(attributeOf(element, "average"));
  if (averageKiB === undefined) return undefined;
  return present({ averageKiB, peakKiB: integerOf(attributeOf(element, "peak")), burstKiB: integerOf(attributeOf(element, "burst")) });
}

function readBandwidth(element: XmlElement): InterfaceBandwidth | undefined {
  const bandwidth = present({
    inbound: readLimit(childOf(element, "bandwidth", "inbound")),
    outbound: readLimit(childOf(element, "bandwidth", "outbound")),
  });
  return Object.keys(bandwidth).length === 0 ? undefined : bandwidth;
}

/** Several tags, a trunk or a native one are more than a plan can say. */
export function isPlainVlan(vlan: XmlElement): boolean {
  const [tag, ...others] = childrenOf(vlan, "tag");
  const extra = attributeOf(vlan, "trunk") ?? attributeOf(tag, "nativeMode");
  return tag !== undefined && others.length === 0 && extra === undefined;
}

function readTuning(element: XmlElement): InterfaceTuning {
  const vlan = childOf(element, "vlan");
  return {
    mtuBytes: integerOf(attributeOf(childOf(element, "mtu"), "size")),
    vlan: vlan === undefined || !isPlainVlan(vlan) ? undefined : integerOf(attributeOf(childOf(vlan, "tag"), "id")),
    bandwidth: readBandwidth(element),
    bootOrder: integerOf(attributeOf(childOf(element, "boot"), "order")),
    queues: integerOf(attributeOf(childOf(element, "driver"), "queues")),
  };
}

/** `place` counts all cards from 0: libvirt names a card that has no name of its own after it. */
export function parseInterface(element: XmlElement, place: number, keyByMac: ReadonlyMap<string, string> | undefined): ObservedInterface {
  const alias = attributeOf(childOf(element, "alias"), "name");
  const mac = (attributeOf(childOf(element, "mac"), "address") ?? "").toLowerCase();
  const ownKey = alias?.startsWith(userAliasPrefix) === true ? alias.slice(userAliasPrefix.length) : undefined;
  const sourceType = attributeOf(element, "type") ?? "";
  return present({
    key: ownKey ?? keyByMac?.get(mac) ?? `net${place}`,
    alias,
    sourceType,
    source: sourceReaders[sourceType]?.(element),
    model: attributeOf(childOf(element, "model"), "type"),
    mac,
    linkState: wordOf(linkStates, attributeOf(childOf(element, "link"), "state")) ?? "up",
    ...readTuning(element),
  });
}

export function parseInterfaces(devices: XmlElement | undefined, keyByMac: ReadonlyMap<string, string> | undefined): ObservedInterface[] {
  const elements = devices === undefined ? [] : childrenOf(devices, "interface");
  return elements.map((element, place) => parseInterface(element, place, keyByMac));
}

const agentChannel = "org.qemu.guest_agent.0";

/** Whether the guest agent has its end of the channel open; undefined where the definition has no such channel, or does not run. */
export function parseAgentState(devices: XmlElement | undefined): boolean | undefined {
  const channels = devices === undefined ? [] : childrenOf(devices, "channel");
  const target = channels.map((channel) => childOf(channel, "target")).find((each) => attributeOf(each, "name") === agentChannel);
  const state = attributeOf(target, "state");
  return state === undefined ? undefined : state === "connected";
}
