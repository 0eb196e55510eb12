// The network cards of a definition as inputs: Read's networks, for drift and for import. Pure.
import type { ObservedDomain, ObservedInterface } from "../../plan/domain";
import { matchInterfaces } from "../../xml/match-interfaces";
import { defined, sameValue } from "../values";
import type { NetworkCardInputs, NetworksInputs } from "./network-contract";
import type { MacAddresses } from "./network-plan";
import { bandwidthOf, cardSource, importedCard, managedNetworks } from "./network-plan";

/** Cards that inputs can say; any other stays on the host untouched. */
export const sayableCards = ({ interfaces }: Pick<ObservedDomain, "interfaces">): ObservedInterface[] =>
  interfaces.filter(({ source }) => source !== undefined);

export const importedNetworks = (domain: ObservedDomain): NetworksInputs =>
  Object.fromEntries(sayableCards(domain).map((card) => [card.key, importedCard(card)]));

export const macAddressesOf = (domain: ObservedDomain): MacAddresses =>
  Object.fromEntries(sayableCards(domain).map(({ key, mac }) => [key, mac]));

/** The cards of last time with what differs on the host put in its place. Absent: there are none and none were asked for, or nobody speaks of them. */
export function driftedNetworks(old: NetworksInputs | undefined, domain: ObservedDomain): { readonly networks?: NetworksInputs } {
  const found = sayableCards(domain);
  if (managedNetworks(old, domain) === undefined || (old === undefined && found.length === 0)) return {};
  const asked = Object.entries(old ?? {}).map(([key, card]) => ({ key, mac: card.mac ?? "" }));
  const keys = new Map([...matchInterfaces(asked, found)].map(([{ key }, card]) => [card, key]));
  const networks = found.map((card) => {
    const key = keys.get(card) ?? card.key;
    const before = old?.[key];
    return [key, before === undefined ? importedCard(card) : driftedCard(key, before, card)] as const;
  });
  return { networks: Object.fromEntries(networks) };
}

/** What the program says in other words, or spells out though it is the default, stays as it says it. */
function driftedCard(key: string, asked: NetworkCardInputs, card: ObservedInterface): NetworkCardInputs {
  const found = importedCard(card);
  const { network, portgroup, bridge, openvswitch, direct, user, vhostUser } = sameValue(cardSource(key, asked), card.source)
    ? asked
    : found;
  const sameLimits = sameValue(bandwidthOf(asked.bandwidth), bandwidthOf(found.bandwidth));
  return defined({
    network,
    portgroup,
    bridge,
    openvswitch,
    direct,
    user,
    vhostUser,
    // Absent in the program, these are as they are.
    model: asked.model === undefined ? undefined : card.model,
    mac: asked.mac === undefined ? undefined : card.mac,
    linkState: asked.linkState === undefined ? found.linkState : card.linkState,
    mtu: found.mtu,
    vlan: found.vlan,
    bandwidth: sameLimits ? asked.bandwidth : found.bandwidth,
    bootOrder: found.bootOrder,
    queues: found.queues,
    staticAddress: asked.staticAddress,
  });
}
