// diff: compares the checked inputs of last time with the new ones, field by field; no I/O.
import { driverFields } from "../../plan/settings";
import { propertyPath } from "../property-path";
import type { DiffRequest, DiffResult, PropertyChange, Value, Values } from "../resource";
import { containsUnknown, isValues, sameValue, sizeBytes } from "../values";

/** How a top-level field is compared. `kept`: absent means "as it is"; `data`: absent means "none", its removal is a change. */
const comparisons = {
  name: "kept",
  description: "data",
  cpus: "kept",
  maxCpus: "kept",
  memory: "size",
  maxMemory: "size",
  machine: "kept",
  cpuMode: "kept",
  accelerator: "kept",
  firmware: "kept",
  directBoot: "data",
  serial: "data",
  graphics: "kept",
  video: "kept",
  autostart: "kept",
  power: "kept",
} as const satisfies Record<string, "kept" | "data" | "size">;

/** Fields of a disk that are compared; the cache settings are not: their effect is compared in effectiveDisks. */
const diskFields = [
  "file",
  "pool",
  "volume",
  "format",
  "device",
  "bus",
  "readonly",
  "shareable",
  "serial",
  "bootOrder",
  "keepOnDelete",
] as const;

/** What an absent disk field means. */
const diskDefaults: Readonly<Record<string, Value>> = { device: "disk", readonly: false, shareable: false, keepOnDelete: false };

const kindOf = (before: Value | undefined, after: Value | undefined) =>
  before === undefined ? "add" : after === undefined ? "delete" : "update";

function change(path: readonly string[], before: Value | undefined, after: Value | undefined, replace?: boolean): PropertyChange {
  return { path: propertyPath(path), kind: kindOf(before, after), inputDiff: true, ...(replace === true ? { replace } : {}) };
}

function topLevelChanges(olds: Values, news: Values): PropertyChange[] {
  return Object.entries(comparisons).flatMap(([field, comparison]) => {
    const before = olds[field];
    const after = news[field];
    if (after === undefined && (comparison !== "data" || before === undefined)) return [];
    const same = comparison === "size" && !containsUnknown(after) ? sizeBytes(before) === sizeBytes(after) : sameValue(before, after);
    return same ? [] : [change([field], before, after, field === "name")];
  });
}

function diskChanges(olds: Value | undefined, news: Value | undefined): PropertyChange[] {
  if (containsUnknown(news) && !isValues(news)) return [change(["disks"], olds, news)];
  const before: Values = isValues(olds) ? olds : {};
  const after: Values = isValues(news) ? news : {};
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => oneDiskChanges(key, before[key], after[key]));
}

function oneDiskChanges(key: string, before: Value | undefined, after: Value | undefined): PropertyChange[] {
  if (!isValues(before) || !isValues(after)) return sameValue(before, after) ? [] : [change(["disks", key], before, after)];
  const fields = diskFields.flatMap((field) => {
    // An absent format, bus or volume name is what it was given at first.
    if (
      after[field] === undefined &&
      !(field in diskDefaults) &&
      field !== "serial" &&
      field !== "bootOrder" &&
      field !== "file" &&
      field !== "pool"
    )
      return [];
    const same = sameValue(before[field] ?? diskDefaults[field], after[field] ?? diskDefaults[field]);
    return same ? [] : [change(["disks", key, field], before[field], after[field])];
  });
  const sizes = after["size"] !== undefined && (containsUnknown(after["size"]) || sizeBytes(before["size"]) !== sizeBytes(after["size"]));
  return sizes ? [...fields, change(["disks", key, "size"], before["size"], after["size"])] : fields;
}

function effectiveChanges({ oldInputs, oldState, news }: DiffRequest): PropertyChange[] {
  const before = oldInputs["effectiveDisks"] ?? oldState["effectiveDisks"];
  const after = news["effectiveDisks"];
  if (!isValues(before) || !isValues(after)) return [];
  return Object.entries(after).flatMap(([key, now]) => {
    const old = before[key];
    if (!isValues(now) || !isValues(old)) return [];
    const changed = driverFields.filter((field) => !sameValue(old[field], now[field]));
    const reason = changed.length > 0 && !sameValue(old["reason"], now["reason"]) ? (["reason"] as const) : [];
    return [...changed, ...reason].map((field) => change(["effectiveDisks", key, field], old[field], now[field]));
  });
}

/** A change that waited for the next boot is due now that the program asks for a way that need not wait. */
function dueChanges({ oldState, news }: DiffRequest): PropertyChange[] {
  const now = news["applyChanges"] === "suspend" || news["applyChanges"] === "restart";
  return oldState["restartPending"] === true && now ? [{ path: "restartPending", kind: "update", inputDiff: false }] : [];
}

/** What the disks rest on is not known yet, so neither is what they will get. */
const unknownHost = ({ oldInputs, news }: DiffRequest): PropertyChange[] =>
  containsUnknown(news["host"]) ? [change(["host"], oldInputs["host"], news["host"])] : [];

export function diff(request: DiffRequest): DiffResult {
  const { oldInputs, oldState, news } = request;
  const changes = [
    ...topLevelChanges(oldInputs, news),
    ...diskChanges(oldInputs["disks"], news["disks"]),
    ...effectiveChanges(request),
    ...dueChanges(request),
    ...unknownHost(request),
  ];
  return {
    changes,
    stables: ["uuid", "domainType"],
    // Two domains of one name, or two users of one image, cannot be there at once.
    deleteBeforeReplace: sameValue(oldInputs["name"] ?? oldState["name"], news["name"]),
  };
}
