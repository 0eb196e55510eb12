// What each mode of a network needs, may not have, and is in libvirt's words: the one table that check and the lifecycle go by. Pure.
import type { ObservedNetwork } from "../../xml/parse-network";

export const networkModes = ["nat", "route", "open", "isolated", "bridge", "ovs", "macvtap", "private", "vepa", "passthrough"] as const;
export type NetworkMode = (typeof networkModes)[number];

/** The parts of a network that mean something in some modes only. */
export const partMeanings = {
  bridge: "a bridge",
  devices: "devices of the host",
  nat: "translation of addresses",
  mac: "the MAC of the host's side",
  mtu: "an MTU",
  domain: "a DNS domain",
  addresses: "addresses of the host in it",
  dns: "name service",
  ipv6: "IPv6 among the guests",
} as const;
export type Part = keyof typeof partMeanings;
export const partNames = Object.keys(partMeanings) as readonly Part[];

export interface ModeRules {
  /** The mode of libvirt's <forward>; absent: there is none. */
  readonly forward?: string;
  readonly virtualPort?: "openvswitch";
  /** libvirt makes a bridge for it, with the host on it and a dnsmasq. */
  readonly ownBridge: boolean;
  readonly required: readonly Part[];
  readonly optional: readonly Part[];
  readonly mostDevices: number;
  /** Why the rest of the parts is not for this mode. */
  readonly otherwise: string;
  /** What `bridge` is here. */
  readonly bridgeIs?: string;
}

const own = {
  ownBridge: true,
  mostDevices: 1,
  otherwise: "leave it out",
} as const;
const ownParts = ["bridge", "mac", "mtu", "domain", "addresses", "dns", "ipv6"] as const satisfies readonly Part[];
const routedParts = ["bridge", "mac", "mtu", "domain", "dns", "ipv6"] as const satisfies readonly Part[];

const direct = {
  ownBridge: false,
  required: ["devices"],
  optional: [],
  mostDevices: Infinity,
  otherwise: "the guests are on the devices' network, which has its own; leave it out",
} as const;
const foreign = {
  ownBridge: false,
  forward: "bridge",
  required: ["bridge"],
  optional: [],
  mostDevices: 0,
  otherwise: "the guests are on the network of the host's bridge, which has its own; leave it out",
} as const;

export const modeRules = {
  nat: { ...own, forward: "nat", required: ["addresses"], optional: [...routedParts, "devices", "nat"] },
  route: { ...own, forward: "route", required: ["addresses"], optional: [...routedParts, "devices"] },
  open: {
    ...own,
    forward: "open",
    required: ["addresses"],
    optional: routedParts,
    otherwise: "it goes wherever the host's routes go; leave it out",
  },
  isolated: { ...own, required: [], optional: ownParts, otherwise: "nothing leaves an isolated network; leave it out" },
  bridge: { ...foreign, bridgeIs: "a bridge that the host has" },
  ovs: { ...foreign, virtualPort: "openvswitch", bridgeIs: "a bridge of Open vSwitch that the host has" },
  macvtap: { ...direct, forward: "bridge" },
  private: { ...direct, forward: "private" },
  vepa: { ...direct, forward: "vepa" },
  passthrough: { ...direct, forward: "passthrough" },
} as const satisfies Readonly<Record<NetworkMode, ModeRules>>;

export const rulesOf = (mode: NetworkMode): ModeRules => modeRules[mode];

export const isNetworkMode = (value: unknown): value is NetworkMode => networkModes.some((mode) => mode === value);

/** undefined: a network that this provider does not manage (devices by PCI address, physical functions, other virtual ports). */
export function modeOf({ forward, virtualPort, bridge }: ObservedNetwork): NetworkMode | undefined {
  if (forward === undefined) return virtualPort === undefined ? "isolated" : undefined;
  return networkModes.find((mode) => {
    const rules = rulesOf(mode);
    if (rules.forward !== forward.mode || rules.virtualPort !== virtualPort) return false;
    return rules.ownBridge || (rules.required.includes("bridge") ? bridge !== undefined : forward.devices.length > 0);
  });
}
