// diff of the networks: card by card and field by field. Pure; no I/O.
import { propertyPath } from "../property-path";
import type { DiffRequest, PropertyChange, Value, Values } from "../resource";
import { containsUnknown, isValues, sameValue, sizeBytes } from "../values";
import { networkSourceFields, sourceDefaults } from "./network-plan";

const kindOf = (before: Value | undefined, after: Value | undefined) =>
  before === undefined ? "add" : after === undefined ? "delete" : "update";

const change = (path: readonly string[], before: Value | undefined, after: Value | undefined): PropertyChange => ({
  path: propertyPath(["networks", ...path]),
  kind: kindOf(before, after),
  inputDiff: true,
});

/** How a field of a card is compared. `kept`: absent means "as it is"; `data`: absent means none, or the default beside it. */
const fields = {
  network: { as: "data" },
  portgroup: { as: "data" },
  bridge: { as: "data" },
  openvswitch: { as: "data", default: false },
  user: { as: "data", default: false },
  model: { as: "kept" },
  mac: { as: "kept" },
  mtu: { as: "data" },
  vlan: { as: "data" },
  linkState: { as: "data", default: "up" },
  bootOrder: { as: "data" },
  queues: { as: "data" },
  staticAddress: { as: "data" },
} as const satisfies Record<string, { readonly as: "kept" | "data"; readonly default?: Value }>;

/** Fields that are objects, with what an absent word in them means. */
const parts = { ...sourceDefaults, bandwidth: {} } as const satisfies Record<string, Values>;

/** Which of the sources a card is on; undefined while that is not known. */
function sourceOf(card: Values): string | undefined {
  return networkSourceFields.find((field) => card[field] !== undefined && card[field] !== false);
}

const onBridge: readonly (string | undefined)[] = ["network", "bridge"];

/** Sizes that are as much, however written, are the same; so are limits whose parts are. */
function sameAmounts(left: Value | undefined, right: Value | undefined): boolean {
  if (sameValue(left, right)) return true;
  if (isValues(left) && isValues(right))
    return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => sameAmounts(left[key], right[key]));
  const bytes = sizeBytes(left);
  return bytes !== undefined && bytes === sizeBytes(right);
}

function partChanges(path: readonly string[], defaults: Values, before: Value | undefined, after: Value | undefined): PropertyChange[] {
  if (!isValues(before) || !isValues(after)) return sameValue(before, after) ? [] : [change(path, before, after)];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) =>
    sameAmounts(before[name] ?? defaults[name], after[name] ?? defaults[name]) ? [] : [change([...path, name], before[name], after[name])],
  );
}

function fieldChanges(key: string, before: Values, after: Values): PropertyChange[] {
  return Object.entries(fields).flatMap(([field, comparison]) => {
    if (comparison.as === "kept" && after[field] === undefined) return [];
    const absent = "default" in comparison ? comparison.default : undefined;
    return sameValue(before[field] ?? absent, after[field] ?? absent) ? [] : [change([key, field], before[field], after[field])];
  });
}

function cardChanges(key: string, before: Value | undefined, after: Value | undefined): PropertyChange[] {
  if (!isValues(before) || !isValues(after)) return sameValue(before, after) ? [] : [change([key], before, after)];
  const [from, to] = [sourceOf(before), sourceOf(after)];
  // From bridge to bridge a card moves as it is; to any other kind of network it is as good as another card.
  if (from !== to && !(onBridge.includes(from) && onBridge.includes(to))) return [change([key], before, after)];
  const inParts = Object.entries(parts).flatMap(([part, defaults]) => partChanges([key, part], defaults, before[part], after[part]));
  return [...fieldChanges(key, before, after), ...inParts];
}

export function networkChanges({ oldInputs, news }: DiffRequest): PropertyChange[] {
  const olds = oldInputs["networks"];
  const wanted = news["networks"];
  if (containsUnknown(wanted) && !isValues(wanted)) return [change([], olds, wanted)];
  const [before, after]: [Values, Values] = [isValues(olds) ? olds : {}, isValues(wanted) ? wanted : {}];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => cardChanges(key, before[key], after[key]));
}
