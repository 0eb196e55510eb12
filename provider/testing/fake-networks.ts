// The network verbs of the fake: bridges and addresses of a host in memory, with libvirt's refusals.
import type { networkVerbs } from "../libvirt/networks";
import type { NetworkRecord, NetworkUpdate } from "../libvirt/port";
import { isInNetwork, networksOverlap, parseIp, parseIpInterface, prefixOfNetmask } from "../plan/ip-address";
import type { IpInterface } from "../plan/ip-address";
import { updateSection } from "./fake-network-entries";
import { fakeError, newUuid } from "./fake-state";
import type { FakeNetwork, FakeState } from "./fake-state";
import { at, children, rootElement, setText, textAt, xmlText } from "./fake-xml";
import type { Element } from "./fake-xml";

type NetworkVerbs = ReturnType<typeof networkVerbs>;

/** libvirt's forward modes: those whose bridge libvirt makes, and those that use what the host has. */
const ownBridge: Readonly<Record<string, boolean>> = {
  none: true,
  nat: true,
  route: true,
  open: true,
  bridge: false,
  private: false,
  vepa: false,
  passthrough: false,
};

const attribute = (element: Element | undefined, name: string) => element?.getAttribute(name) ?? undefined;
const modeOf = (root: Element) => {
  const forward = at(root, "forward");
  return forward === undefined ? "none" : (attribute(forward, "mode") ?? "nat");
};
const bridgeOf = (root: Element) => attribute(at(root, "bridge"), "name");

function interfaceOf(ip: Element): IpInterface {
  const address = attribute(ip, "address") ?? "";
  const netmask = attribute(ip, "netmask");
  const prefix = netmask === undefined ? attribute(ip, "prefix") : String(prefixOfNetmask(netmask) ?? "");
  const parsed = parseIpInterface(`${address}/${prefix ?? ""}`);
  if (parsed === undefined) throw fakeError("xmlError", `XML error: bad address '${address}' in network definition`);
  return parsed;
}

const addressesOf = (root: Element) => children(root, "ip").map(interfaceOf);

/** DHCP of one address: ranges in the network, hosts with an address. */
function checkDhcp(ip: Element): void {
  const own = interfaceOf(ip);
  const dhcp = at(ip, "dhcp");
  if (dhcp === undefined) return;
  for (const range of children(dhcp, "range")) {
    const [start, end] = ["start", "end"].map((name) => parseIp(attribute(range, name) ?? ""));
    if (start === undefined || end === undefined) throw fakeError("xmlError", "XML error: Missing 'start' attribute in dhcp range");
    const fits = isInNetwork(start, own) && isInNetwork(end, own) && start.value <= end.value;
    if (!fits) throw fakeError("internalError", "internal error: range is not entirely within network");
  }
  for (const host of children(dhcp, "host")) {
    if (attribute(host, "ip") === undefined) throw fakeError("xmlError", "XML error: Missing IP address in static host definition");
  }
}

function checkOwn(root: Element, mode: string): void {
  const ips = children(root, "ip");
  if (mode !== "none" && ips.length === 0)
    throw fakeError("xmlError", `XML error: ${mode} forwarding requested, but no IP address provided`);
  const devices = attribute(at(root, "forward"), "dev");
  if (mode === "open" && devices !== undefined) throw fakeError("xmlError", "XML error: forward dev not allowed with forward mode='open'");
  ips.forEach(checkDhcp);
  const served = ips.filter((ip) => (at(ip, "dhcp")?.children.length ?? 0) > 0).map((ip) => interfaceOf(ip).family);
  if (new Set(served).size < served.length) {
    throw fakeError("configUnsupported", "unsupported configuration: Multiple IPv4 dhcp sections found");
  }
}

function checkForeign(root: Element, mode: string): void {
  if (at(root, "mtu") !== undefined) throw fakeError("xmlError", `XML error: mtu size only allowed in open, route, nat, and isolated mode`);
  const wrong = ["mac", "ip", "domain"].find((name) => at(root, name) !== undefined);
  const hasRecords = ["host", "txt", "srv"].some((name) => at(root, "dns", name) !== undefined);
  if (wrong !== undefined || hasRecords) {
    throw fakeError("configUnsupported", `unsupported configuration: Unsupported <${wrong ?? "dns"}> element with forward mode='${mode}'`);
  }
  const bridge = bridgeOf(root);
  if (mode !== "bridge" && bridge !== undefined) throw fakeError("xmlError", `XML error: bridge name not allowed in ${mode} mode`);
  if (bridge !== undefined && at(root, "forward", "interface") !== undefined) {
    throw fakeError("xmlError", "XML error: a bridge name or a forward dev, but not both");
  }
}

const bridgesOf = ({ definition, live }: FakeNetwork) =>
  [definition, ...(live === undefined ? [] : [live])].map((xml) => bridgeOf(rootElement(xml)));

/** Names and MAC that libvirt gives where the definition has none. */
function fillIn(state: FakeState, root: Element, name: string): void {
  const taken = [...state.networks.values()].filter((network) => network.name !== name).flatMap(bridgesOf);
  const asked = bridgeOf(root);
  if (asked !== undefined && taken.includes(asked))
    throw fakeError("internalError", `internal error: bridge name '${asked}' already in use.`);
  const numbers = [...taken.keys(), taken.length].map((number) => `virbr${number}`);
  const bridge = asked ?? numbers.find((each) => !taken.includes(each) && !state.interfaces.has(each)) ?? "virbr99";
  const element = at(root, "bridge") ?? setText(root, "bridge", "");
  for (const [key, value] of Object.entries({ name: bridge, stp: "on", delay: "0" })) {
    if (!element.hasAttribute(key)) element.setAttribute(key, value);
  }
  if (at(root, "mac") === undefined)
    setText(root, "mac", "").setAttribute("address", `52:54:00:00:00:${String(taken.length).padStart(2, "0")}`);
}

/** The definition as libvirt would take it, or its refusal. */
function takenDefinition(state: FakeState, xml: string): Pick<FakeNetwork, "name" | "uuid" | "definition"> {
  const root = rootElement(xml);
  const name = textAt(root, "name") ?? "";
  if (name.includes("/")) throw fakeError("xmlSyntax", `name ${name} cannot contain '/'`);
  const mode = modeOf(root);
  const isOwn = ownBridge[mode];
  if (isOwn === undefined) throw fakeError("configUnsupported", `unsupported configuration: unknown forwarding type '${mode}'`);
  if (isOwn) {
    checkOwn(root, mode);
    fillIn(state, root, name);
  } else checkForeign(root, mode);
  const uuid = textAt(root, "uuid") ?? newUuid();
  setText(root, "uuid", uuid);
  return { name, uuid, definition: xmlText(root) };
}

function define(state: FakeState, xml: string): FakeNetwork {
  const taken = takenDefinition(state, xml);
  const { name, uuid } = taken;
  const other = [...state.networks.values()].find((each) => (each.uuid === uuid) !== (each.name === name));
  if (other !== undefined) {
    throw fakeError("operationFailed", `operation failed: network '${other.name}' is already defined with uuid ${other.uuid}`);
  }
  const held = state.networks.get(name);
  const network =
    held === undefined ? { ...taken, persistent: true, autostart: false, leases: [] } : { ...held, ...taken, persistent: true };
  state.networks.set(name, network);
  return network;
}

function networkOf(state: FakeState, name: string): FakeNetwork {
  const network = state.networks.get(name);
  if (network === undefined) throw fakeError("noNetwork", `Network not found: no network with matching name '${name}'`);
  return network;
}

/** What the host has besides: an interface of the bridge's name, or with an address in the network. */
function refuseStart(state: FakeState, root: Element): void {
  const bridge = bridgeOf(root) ?? "";
  if (state.interfaces.has(bridge)) throw fakeError("systemError", `error creating bridge interface ${bridge}: File exists`);
  const others = [...state.networks.values()].flatMap(({ live }) => {
    const other = live === undefined ? undefined : rootElement(live);
    return other === undefined || !ownBridge[modeOf(other)] ? [] : addressesOf(other).map((ip) => ({ name: bridgeOf(other) ?? "", ip }));
  });
  const own = [...state.interfaces].flatMap(([name, texts]) => texts.map((text) => ({ name, ip: parseIpInterface(text) })));
  const double = [...others, ...own].find(({ ip }) => ip !== undefined && addressesOf(root).some((each) => networksOverlap(each, ip)));
  if (double !== undefined) throw fakeError("internalError", `internal error: Network is already in use by interface ${double.name}`);
}

function start(state: FakeState, name: string): void {
  const network = networkOf(state, name);
  if (network.live !== undefined) return;
  const root = rootElement(network.definition);
  if (ownBridge[modeOf(root)]) refuseStart(state, root);
  // libvirt shows the ports that it translates to, once it does.
  const forward = at(root, "forward");
  if (forward !== undefined && modeOf(root) === "nat" && at(forward, "nat") === undefined) {
    const port = setText(setText(forward, "nat", ""), "port", "");
    port.setAttribute("start", "1024");
    port.setAttribute("end", "65535");
  }
  network.live = xmlText(root);
}

function stop(state: FakeState, name: string): void {
  const network = networkOf(state, name);
  network.live = undefined;
  if (!network.persistent) state.networks.delete(name);
}

function update(state: FakeState, name: string, change: NetworkUpdate): void {
  const network = networkOf(state, name);
  const { affects } = change;
  if (affects !== "definition" && network.live === undefined) {
    throw fakeError("operationInvalid", "Requested operation is not valid: network is not running");
  }
  if (affects !== "live" && !network.persistent) {
    throw fakeError("operationInvalid", "Requested operation is not valid: cannot change persistent config of a transient network");
  }
  const updated = (xml: string) => {
    const root = rootElement(xml);
    updateSection(root, change);
    children(root, "ip").forEach(checkDhcp);
    return xmlText(root);
  };
  const live = affects === "definition" || network.live === undefined ? network.live : updated(network.live);
  const definition = affects === "live" ? network.definition : updated(network.definition);
  Object.assign(network, { live, definition });
}

function record({ name, uuid, persistent, autostart, definition, live }: FakeNetwork): NetworkRecord {
  return {
    name,
    uuid,
    active: live !== undefined,
    persistent,
    autostart,
    xml: definition,
    ...(live === undefined ? {} : { liveXml: live }),
  };
}

export function fakeNetworkVerbs(state: FakeState): NetworkVerbs {
  const { networks } = state;
  return {
    listNetworks: async () => [...networks.values()].map(record),
    findNetwork: async (name) => {
      const network = networks.get(name);
      return network && record(network);
    },
    findNetworkByUuid: async (uuid) => {
      const network = [...networks.values()].find((each) => each.uuid === uuid);
      return network && record(network);
    },
    defineNetwork: async (xml) => {
      const { name, uuid } = define(state, xml);
      return { name, uuid };
    },
    startNetwork: async (name) => start(state, name),
    stopNetwork: async (name) => stop(state, name),
    undefineNetwork: async (name) => {
      const network = networks.get(name);
      if (network?.live === undefined) networks.delete(name);
      else Object.assign(network, { persistent: false, autostart: false, definition: network.live });
    },
    setNetworkAutostart: async (name, autostart) => {
      networkOf(state, name).autostart = autostart;
    },
    updateNetwork: async (name, change) => update(state, name, change),
    networkLeases: async (name, options) => {
      const { leases } = networkOf(state, name);
      const { mac } = options ?? {};
      return mac === undefined ? [...leases] : leases.filter((lease) => lease.mac?.toLowerCase() === mac.toLowerCase());
    },
  };
}
