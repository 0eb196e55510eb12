// Which network cards of a definition a running machine does not have yet, or has otherwise, and what each difference costs. Pure.
import type { InterfaceSource, ObservedDomain, ObservedInterface } from "../../plan/domain";
import type { ChangeEffect } from "../../plan/field-effects";
import { networkFieldEffects } from "../../plan/field-effects";
import { matchInterfaces } from "../../xml/match-interfaces";
import { propertyPath } from "../property-path";
import { sameValue } from "../values";
import { sayableCards } from "./network-observed";
import type { MachineChange } from "./pending";

/** "network default", "bridge br0": where a card's frames go. */
export function shownSource(source: InterfaceSource | undefined): string {
  switch (source?.type) {
    case "network":
      return `network ${source.network}`;
    case "bridge":
      return `bridge ${source.bridge}`;
    case "direct":
      return `direct ${source.device} (${source.mode})`;
    case "user":
      return "user";
    case "vhostuser":
      return `vhostUser ${source.socket}`;
    case undefined:
      return "a network of another kind";
  }
}

const shown = (value: unknown): string => (value === undefined ? "none" : typeof value === "string" ? value : JSON.stringify(value));

const difference = (path: readonly string[], effect: ChangeEffect, from: unknown, to: unknown): MachineChange[] =>
  sameValue(from, to) ? [] : [{ path: propertyPath(["networks", ...path]), effect, from: shown(from), to: shown(to) }];

/** By input: what of a card is compared. */
const fields = {
  model: ({ model }) => model,
  mac: ({ mac }) => mac,
  mtu: ({ mtuBytes }) => mtuBytes,
  vlan: ({ vlan }) => vlan,
  bandwidth: ({ bandwidth }) => bandwidth,
  linkState: ({ linkState }) => linkState,
  bootOrder: ({ bootOrder }) => bootOrder,
  queues: ({ queues }) => queues,
} as const satisfies Partial<Record<keyof typeof networkFieldEffects, (card: ObservedInterface) => unknown>>;

type Field = keyof typeof fields;

/** What a port group gives a running card that asks for none itself; the definition does not say it. */
const givenByPortGroup: readonly Field[] = ["bandwidth", "vlan"];
/** A network may have an MTU of its own, which the running card shows. */
const givenByNetwork: readonly Field[] = ["mtu"];

function isGiven(field: Field, wanted: ObservedInterface): boolean {
  if (wanted.source?.type !== "network" || fields[field](wanted) !== undefined) return false;
  return givenByNetwork.includes(field) || (wanted.source.portgroup !== undefined && givenByPortGroup.includes(field));
}

const onBridge: ReadonlySet<string> = new Set(["network", "bridge"]);

/** libvirt moves a running card from bridge to bridge, and nowhere else. */
function sourceChanges(wanted: ObservedInterface, running: ObservedInterface): MachineChange[] {
  const [to, from] = [wanted.source, running.source];
  if (sameValue(to, from)) return [];
  const isMove = to !== undefined && from !== undefined && onBridge.has(to.type) && onBridge.has(from.type);
  const isSameNetwork = to?.type === "network" && from?.type === "network" && to.network === from.network;
  if (isSameNetwork) return difference([wanted.key, "portgroup"], networkFieldEffects.portgroup.effect, from.portgroup, to.portgroup);
  const isSameBridge = to?.type === "bridge" && from?.type === "bridge" && to.bridge === from.bridge;
  if (isSameBridge)
    return difference([wanted.key, "openvswitch"], networkFieldEffects.openvswitch.effect, from.openvswitch, to.openvswitch);
  const effect = isMove ? networkFieldEffects.network.effect : networkFieldEffects.changed.effect;
  return difference([wanted.key], effect, shownSource(from), shownSource(to));
}

/** The differences of one card, each with the part of the card that it is about. */
interface CardChange {
  readonly part: Field | "source";
  readonly change: MachineChange;
}

function cardChanges(wanted: ObservedInterface, running: ObservedInterface): CardChange[] {
  const compared = (Object.keys(fields) as Field[]).filter((field) => !isGiven(field, wanted));
  return [
    ...sourceChanges(wanted, running).map((change) => ({ part: "source" as const, change })),
    ...compared.flatMap((field) =>
      difference([wanted.key, field], networkFieldEffects[field].effect, fields[field](running), fields[field](wanted)).map((change) => ({
        part: field,
        change,
      })),
    ),
  ];
}

/** Whether our notes speak of the network cards: where they do not, what waits is other hands' matter. */
export const areOurs = ({ metadata }: ObservedDomain): boolean => metadata?.interfaces !== undefined;

export interface CardPair {
  readonly wanted: ObservedInterface;
  readonly running: ObservedInterface;
  readonly changes: readonly CardChange[];
}

/** The cards of a definition and of the run, paired. Cards that inputs cannot say are nobody's business here. */
export interface CardDelta {
  readonly pairs: readonly CardPair[];
  readonly added: readonly ObservedInterface[];
  readonly removed: readonly ObservedInterface[];
}

export function cardDelta(wanted: Pick<ObservedDomain, "interfaces">, running: Pick<ObservedDomain, "interfaces">): CardDelta {
  const [asked, present] = [sayableCards(wanted), sayableCards(running)];
  const matched = matchInterfaces(asked, present);
  const found = new Set(matched.values());
  return {
    pairs: [...matched].map(([card, now]) => ({ wanted: card, running: now, changes: cardChanges(card, now) })),
    added: asked.filter((card) => !matched.has(card)),
    removed: present.filter((card) => !found.has(card)),
  };
}

export function networkPending(wanted: ObservedDomain, running: ObservedDomain): MachineChange[] {
  if (!areOurs(wanted)) return [];
  const { pairs, added, removed } = cardDelta(wanted, running);
  return [
    ...pairs.flatMap(({ changes }) => changes.map(({ change }) => change)),
    ...added.flatMap(({ key, source }) => difference([key], networkFieldEffects.added.effect, undefined, shownSource(source))),
    ...removed.flatMap(({ key, source }) => difference([key], networkFieldEffects.removed.effect, shownSource(source), undefined)),
  ];
}
