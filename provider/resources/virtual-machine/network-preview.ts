// What a preview can say of a VM's addresses. Pure.
import type { DiffRequest, Value, Values } from "../resource";
import { unknown } from "../resource";
import { isValues, sameValue } from "../values";

type AddressState = Readonly<Record<"macAddresses" | "addresses" | "ipAddress", Value>>;

/** The MACs that the program names or the machine has; one that is yet to be made is unknown. */
function macsOf(inputs: Values, present: Value | undefined): Value {
  const { networks } = inputs;
  if (networks !== undefined && !isValues(networks)) return unknown;
  const known = isValues(present) ? present : {};
  return Object.fromEntries(
    Object.entries(networks ?? {}).map(([key, card]) => [key, (isValues(card) ? card["mac"] : undefined) ?? known[key] ?? unknown]),
  );
}

/** Of a machine that is yet to be made. */
export function previewAddresses(inputs: Values): Partial<AddressState> {
  const isWithout = inputs["networks"] === undefined || inputs["power"] === "stopped";
  const rest: Partial<AddressState> = isWithout ? { addresses: {} } : { addresses: unknown, ipAddress: unknown };
  return { macAddresses: macsOf(inputs, undefined), ...rest };
}

/** Of a machine that is there: its addresses stay unless it starts anew or its networks change. */
export function keptAddresses({ oldInputs, oldState, news }: DiffRequest, staysAsItRuns: boolean): Partial<AddressState> {
  const macAddresses = macsOf(news, oldState["macAddresses"]);
  const { addresses, ipAddress } = oldState;
  const isKept = staysAsItRuns && addresses !== undefined && sameValue(oldInputs["networks"], news["networks"]);
  if (!isKept) return { macAddresses, addresses: unknown, ipAddress: unknown };
  return { macAddresses, addresses, ...(ipAddress === undefined ? {} : { ipAddress }) };
}
