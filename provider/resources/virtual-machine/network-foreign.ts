// A program that speaks of a machine's networks for the first time, while other hands gave it network cards: these must be named, or they would go.
import { RefusedError } from "../../errors";
import { matchInterfaces } from "../../xml/match-interfaces";
import type { DiffRequest } from "../resource";
import type { CheckedInputs } from "./contract";
import { managedNetworks } from "./network-plan";
import { sayableCards } from "./network-observed";
import { shownSource } from "./network-pending";
import type { ObservedMachine } from "./state";

export function refuseForeignCards(
  { oldInputs }: Pick<DiffRequest, "oldInputs">,
  { networks, name }: CheckedInputs,
  { defined: definition }: ObservedMachine,
): void {
  const isFirst = networks !== undefined && oldInputs["networks"] === undefined && managedNetworks(undefined, definition) === undefined;
  if (!isFirst) return;
  const asked = Object.entries(networks).map(([key, card]) => ({ key, mac: card.mac ?? "" }));
  const cards = sayableCards(definition);
  const named = new Set(matchInterfaces(asked, cards).values());
  const foreign = cards.filter((card) => !named.has(card));
  if (foreign.length === 0) return;
  const shown = foreign.map(({ key, source, mac }) => `${key} (${shownSource(source)}, ${mac})`).join(", ");
  const reason = `would take away network cards that other hands gave ${name}: ${shown}. Name each in \`networks\` by that key or with its \`mac\`, or take it out of the VM by hand first.`;
  throw new RefusedError([{ path: "networks", reason }]);
}
