// diff: compares the settled fields of last time with the new ones; says which change replaces the network, and why. No I/O.
import { networksOverlap, parseIpInterface } from "../../plan/ip-address";
import { propertyPath } from "../property-path";
import type { Call, DiffRequest, DiffResult, PropertyChange, Value, Values } from "../resource";
import { unknown } from "../resource";
import { isValues, sameValue } from "../values";
import { effectOf, fieldEffects } from "./field-effects";
import { cellsOf, changedCells } from "./network-fields";
import type { CellChange, NetworkField } from "./network-fields";
import { isNetworkMode, rulesOf } from "./network-modes";

/** Absent means "as it is". */
const keptFields: readonly NetworkField[] = ["bridge", "mac"];

function rawAt(inputs: Values, path: readonly PropertyKey[]): Value | undefined {
  let at: Value | undefined = inputs;
  for (const key of path) {
    if (at === unknown) return unknown;
    at = isValues(at) || Array.isArray(at) ? (at as unknown as Readonly<Record<PropertyKey, Value>>)[key] : undefined;
  }
  return at;
}

/** What differs, as the diff counts it. */
export const networkChanges = (olds: Values, news: Values): readonly CellChange[] =>
  changedCells(cellsOf(olds), cellsOf(news)).filter(({ field, after }) => after !== undefined || !keptFields.includes(field));

function propertyChange({ path, field }: CellChange, olds: Values, news: Values): PropertyChange {
  const [before, after] = [rawAt(olds, path), rawAt(news, path)];
  return {
    path: propertyPath(path),
    kind: before === undefined ? "add" : after === undefined ? "delete" : "update",
    inputDiff: true,
    ...(fieldEffects[field].effect === "replace" ? { replace: true } : {}),
  };
}

const interfacesOf = (inputs: Values) =>
  cellsOf(inputs).flatMap(({ field, path }) => {
    const text = field === "address" ? rawAt(inputs, path) : undefined;
    const ip = typeof text === "string" ? parseIpInterface(text) : undefined;
    return ip === undefined ? [] : [ip];
  });

/** libvirt takes no two networks of one name or, where it makes the bridge, of one bridge or in one network of addresses. */
function cannotCoexist(olds: Values, news: Values): boolean {
  if (sameValue(olds["name"], news["name"])) return true;
  const mode = olds["mode"];
  if (!isNetworkMode(mode) || !rulesOf(mode).ownBridge) return false;
  const sharesBridge = olds["bridge"] !== undefined && sameValue(olds["bridge"], news["bridge"]);
  return sharesBridge || interfacesOf(olds).some((ip) => interfacesOf(news).some((other) => networksOverlap(ip, other)));
}

export function diff({ oldInputs, news }: DiffRequest, { log }: Call): DiffResult {
  const changed = networkChanges(oldInputs, news);
  const deleteBeforeReplace = cannotCoexist(oldInputs, news);
  for (const { path, field } of changed) {
    if (fieldEffects[field].effect !== "replace") continue;
    const order = deleteBeforeReplace
      ? "the old one goes first, as the two cannot be there at once, and it does not go while a running VM is on it"
      : "VMs that name it by this resource's output move over before the old one goes";
    log.warn(`${propertyPath(path)}: a change replaces the network, as ${fieldEffects[field].because}; ${order}.`);
  }
  const isReplaced = changed.some(({ field }) => fieldEffects[field].effect === "replace");
  const changes = changed.map((change) => propertyChange(change, oldInputs, news));
  const keepsBridge = changed.every(({ field }) => field !== "bridge" && field !== "mode");
  return { changes, deleteBeforeReplace, ...(isReplaced ? {} : { stables: ["uuid", ...(keepsBridge ? ["bridge"] : [])] }) };
}

/** Fields of the changes that wait for a start of the network. */
export const waitingChanges = (changes: readonly CellChange[], hasOwnBridge: boolean): readonly CellChange[] =>
  changes.filter(({ field }) => effectOf(field, hasOwnBridge) === "nextStart");
