// Pairs the network cards of two definitions of a machine: by identity as far as both have one, else by what is most likely the same card. Pure.
import type { DomainInterface, ObservedInterface } from "../plan/domain";
import { userAliasPrefix } from "./disk-xml";

type Wanted = Pick<DomainInterface, "key" | "mac">;
type Present = Pick<ObservedInterface, "key" | "mac" | "alias">;

/**
 * The surest signs first. The key of a card that was imported is only its place among the cards, so its MAC says more; a card of ours is known by its
 * own name, whatever its MAC has become.
 */
const signs: readonly ((wanted: Wanted, present: Present) => boolean)[] = [
  (wanted, present) => wanted.key === present.key && wanted.mac === present.mac,
  (wanted, present) => present.alias === `${userAliasPrefix}${wanted.key}`,
  (wanted, present) => wanted.mac !== "" && wanted.mac === present.mac,
  (wanted, present) => wanted.key === present.key,
];

/** For each wanted card the present one that is it; each present card is given once. */
export function matchInterfaces<W extends Wanted, P extends Present>(wanted: readonly W[], present: readonly P[]): Map<W, P> {
  const free = new Set(present);
  const matched = new Map<W, P>();
  for (const isSame of signs) {
    for (const card of wanted) {
      const found = matched.has(card) ? undefined : [...free].find((each) => isSame(card, each));
      if (found !== undefined && free.delete(found)) matched.set(card, found);
    }
  }
  return matched;
}
