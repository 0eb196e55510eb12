// A VM's networks as asked -> its network cards as decided, and the way back from a definition for import and drift. Pure.
import { BugError } from "../../errors";
import type {
  DomainInterface,
  InterfaceBandwidth,
  InterfaceSource,
  ObservedDomain,
  ObservedInterface,
  TrafficLimit,
} from "../../plan/domain";
import { formatSize } from "../../plan/size";
import { matchInterfaces } from "../../xml/match-interfaces";
import { defined, sizeBytes } from "../values";
import type { NetworkCardInputs, NetworksInputs } from "./network-contract";

const bytesPerKiB = 1024;

/** The card that new ones are. */
export const defaultModel = "virtio";

/** What an absent word of a source means. */
export const sourceDefaults = { direct: { mode: "bridge" }, vhostUser: { mode: "client" } } as const;

/** The inputs that say where a card's frames go: exactly one of them is given. */
export const networkSourceFields = ["network", "bridge", "direct", "user", "vhostUser"] as const;
export type NetworkSourceField = (typeof networkSourceFields)[number];

const kibOf = (size: string): number => Math.ceil((sizeBytes(size) ?? 0) / bytesPerKiB);

type Limit = NonNullable<NonNullable<NetworkCardInputs["bandwidth"]>["inbound"]>;

function limitOf(limit: Limit | undefined): TrafficLimit | undefined {
  if (limit === undefined) return undefined;
  const { average, peak, burst } = limit;
  return {
    averageKiB: kibOf(average),
    ...defined({ peakKiB: peak === undefined ? undefined : kibOf(peak), burstKiB: burst === undefined ? undefined : kibOf(burst) }),
  };
}

export function bandwidthOf(bandwidth: NetworkCardInputs["bandwidth"]): InterfaceBandwidth | undefined {
  const limits = defined({ inbound: limitOf(bandwidth?.inbound), outbound: limitOf(bandwidth?.outbound) });
  return Object.keys(limits).length === 0 ? undefined : limits;
}

export function cardSource(
  key: string,
  { network, portgroup, bridge, openvswitch, direct, user, vhostUser }: NetworkCardInputs,
): InterfaceSource {
  if (network !== undefined) return { type: "network", network, ...defined({ portgroup }) };
  if (bridge !== undefined) return { type: "bridge", bridge, ...defined({ openvswitch: openvswitch === true ? true : undefined }) };
  if (direct !== undefined) return { type: "direct", device: direct.device, mode: direct.mode ?? sourceDefaults.direct.mode };
  if (user === true) return { type: "user" };
  if (vhostUser !== undefined)
    return { type: "vhostuser", socket: vhostUser.socket, mode: vhostUser.mode ?? sourceDefaults.vhostUser.mode };
  throw new BugError(`The network card ${JSON.stringify(key)} passed the check without a network.`);
}

/** MAC addresses by the keys of the networks. */
export type MacAddresses = Readonly<Record<string, string>>;

function missingMac(key: string): never {
  throw new BugError(`The network card ${JSON.stringify(key)} has no MAC address.`);
}

/** `observed`: the cards that the machine has, whose model is kept where the program names none. */
export function domainInterfaces(
  networks: NetworksInputs,
  macs: MacAddresses,
  observed: readonly ObservedInterface[] = [],
): DomainInterface[] {
  const identities = Object.entries(networks).map(([key, card]) => ({ key, card, mac: card.mac ?? macs[key] ?? missingMac(key) }));
  const present = matchInterfaces(identities, observed);
  return identities.map((identity) => {
    const { key, card, mac } = identity;
    const { mtu, vlan, bandwidth, bootOrder, queues } = card;
    const found = present.get(identity);
    const model = card.model ?? (found === undefined ? defaultModel : found.model);
    return {
      key,
      source: cardSource(key, card),
      mac,
      linkState: card.linkState ?? "up",
      ...defined({ model, mtuBytes: mtu, vlan, bandwidth: bandwidthOf(bandwidth), bootOrder, queues }),
    };
  });
}

/**
 * The networks that a machine shall have; undefined where nobody speaks of them: neither the program nor, since it once did, our notes in the
 * definition. Cards that other hands gave such a machine stay.
 */
export const managedNetworks = (networks: NetworksInputs | undefined, observed: ObservedDomain | undefined): NetworksInputs | undefined =>
  networks ?? (observed?.metadata?.interfaces === undefined ? undefined : {});

function importedSource(source: InterfaceSource): NetworkCardInputs {
  switch (source.type) {
    case "network":
      return { network: source.network, ...defined({ portgroup: source.portgroup }) };
    case "bridge":
      return { bridge: source.bridge, ...defined({ openvswitch: source.openvswitch }) };
    case "direct":
      return { direct: { device: source.device, ...(source.mode === sourceDefaults.direct.mode ? {} : { mode: source.mode }) } };
    case "user":
      return { user: true };
    case "vhostuser":
      return { vhostUser: { socket: source.socket, ...(source.mode === sourceDefaults.vhostUser.mode ? {} : { mode: source.mode }) } };
  }
}

const size = (kib: number) => formatSize(kib * bytesPerKiB);

function importedLimit(limit: TrafficLimit | undefined): Limit | undefined {
  if (limit === undefined) return undefined;
  const { averageKiB, peakKiB, burstKiB } = limit;
  return {
    average: size(averageKiB),
    ...defined({ peak: peakKiB === undefined ? undefined : size(peakKiB), burst: burstKiB === undefined ? undefined : size(burstKiB) }),
  };
}

/** libvirt's 0 is none. */
const positive = (value: number | undefined) => (value === 0 ? undefined : value);

/** A card as its definition asks for it. Only of cards that have a source a plan can say. */
export function importedCard({ source, ...card }: ObservedInterface): NetworkCardInputs {
  if (source === undefined) throw new BugError(`The network card ${card.key} (${card.sourceType}) is none that inputs can say.`);
  const { bandwidth } = card;
  const limits = defined({ inbound: importedLimit(bandwidth?.inbound), outbound: importedLimit(bandwidth?.outbound) });
  return {
    ...importedSource(source),
    mac: card.mac,
    ...defined({
      model: card.model === defaultModel ? undefined : card.model,
      mtu: card.mtuBytes,
      vlan: positive(card.vlan),
      bandwidth: Object.keys(limits).length === 0 ? undefined : limits,
      linkState: card.linkState === "up" ? undefined : card.linkState,
      bootOrder: card.bootOrder,
      queues: card.queues,
    }),
  };
}
