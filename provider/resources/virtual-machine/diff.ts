// diff: compares the checked inputs of last time with the new ones, field by field; no I/O.
import { driverFields } from "../../plan/settings";
import { propertyPath } from "../property-path";
import type { DiffRequest, DiffResult, PropertyChange, Value, Values } from "../resource";
import { unknown } from "../resource";
import { containsUnknown, isValues, sameValue, sizeBytes } from "../values";
import { cloudInitDiff } from "./cloud-init-changes";
import { deviceDiff } from "./devices-changes";
import { defaultBus, diskShapeFields, isReadonlyByNature } from "./disk-layout";
import { questionChanges } from "./effective-disks";
import { networkChanges } from "./network-changes";
import { platformDiff } from "./platform-changes";

/** How a top-level field is compared. `kept`: absent means "as it is"; `data`: absent means "none", its removal is a change. */
const comparisons = {
  name: "kept",
  description: "data",
  cpus: "kept",
  memory: "size",
  machine: "kept",
  cpuMode: "kept",
  accelerator: "kept",
  ignitionPool: "kept",
  directBoot: "data",
  serial: "data",
  autostart: "kept",
  power: "kept",
} as const satisfies Record<string, "kept" | "data" | "size">;

/** Fields of a disk that are compared; the cache settings are not: their effect is compared in effectiveDisks. */
const diskFields = ["file", "pool", "volume", "image", "nvme", "vhostUser", "http", "format", ...diskShapeFields, "keepOnDelete"] as const;

/** Fields of a disk that are objects and compared part by part. */
const diskParts = ["rbd", "iscsi", "nfs", "throttle"] as const;

/** What an absent field of a disk means: a default, or (format, volume) what it was given at first. */
function diskDefaults(disk: Values, effective: Value | undefined): Readonly<Record<string, Value | undefined>> {
  const device = disk["device"] === "cdrom" ? "cdrom" : "disk";
  const { format, path } = isValues(effective) ? effective : {};
  const volume = disk["pool"] === undefined || typeof path !== "string" ? undefined : path.slice(path.lastIndexOf("/") + 1);
  const readonly = isReadonlyByNature(disk);
  return { device, bus: defaultBus[device], readonly, shareable: false, discardNoUnref: false, keepOnDelete: false, format, volume };
}

/** Fields of a disk whose absence is no value of its own. */
const givenOnce = ["format", "volume"];

/** The most CPUs and memory; absent, they are as many and as much as there are. */
const maxima = { maxCpus: "cpus", maxMemory: "memory" } as const;

function maximaChanges(olds: Values, news: Values): PropertyChange[] {
  return Object.entries(maxima).flatMap(([most, now]) => {
    const before = olds[most];
    const after = news[most];
    if (before === undefined && after === undefined) return [];
    return sameAmount(before ?? olds[now], after ?? news[now]) ? [] : [change([most], before, after)];
  });
}

/** Equal numbers, or sizes that are as much, however written. */
function sameAmount(left: Value | undefined, right: Value | undefined): boolean {
  if (sameValue(left, right)) return true;
  const bytes = sizeBytes(left);
  return bytes !== undefined && bytes === sizeBytes(right);
}

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
    const same = comparison === "size" ? sameAmount(before, after) : sameValue(before, after);
    return same ? [] : [change([field], before, after, field === "name")];
  });
}

function diskChanges({ oldInputs, oldState, news }: DiffRequest): PropertyChange[] {
  const olds = oldInputs["disks"];
  const wanted = news["disks"];
  if (containsUnknown(wanted) && !isValues(wanted)) return [change(["disks"], olds, wanted)];
  const before: Values = isValues(olds) ? olds : {};
  const after: Values = isValues(wanted) ? wanted : {};
  const effective = oldInputs["effectiveDisks"] ?? oldState["effectiveDisks"];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => oneDiskChanges(key, before[key], after[key], isValues(effective) ? effective[key] : undefined));
}

function oneDiskChanges(key: string, before: Value | undefined, after: Value | undefined, effective: Value | undefined): PropertyChange[] {
  if (!isValues(before) || !isValues(after)) return sameValue(before, after) ? [] : [change(["disks", key], before, after)];
  const [old, now] = [diskDefaults(before, effective), diskDefaults(after, undefined)];
  const fields = diskFields.flatMap((field) => {
    if (after[field] === undefined && givenOnce.includes(field)) return [];
    return sameValue(before[field] ?? old[field], after[field] ?? now[field])
      ? []
      : [change(["disks", key, field], before[field], after[field])];
  });
  const parts = diskParts.flatMap((part) => partChanges(["disks", key, part], before[part], after[part]));
  const grows = after["size"] !== undefined && !sameAmount(before["size"], after["size"]);
  return [...fields, ...parts, ...(grows ? [change(["disks", key, "size"], before["size"], after["size"])] : [])];
}

/** Both there: what differs in them; else the whole. Sizes that are as much, however written, are the same. */
function partChanges(path: readonly string[], before: Value | undefined, after: Value | undefined): PropertyChange[] {
  if (!isValues(before) || !isValues(after)) return sameValue(before, after) ? [] : [change(path, before, after)];
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return fields.flatMap((field) =>
    sameAmount(before[field], after[field]) ? [] : [change([...path, field], before[field], after[field])],
  );
}

/** Maps that are compared entry by entry: the user's own XML, and what a restart is asked for with. */
const freeMaps = ["xml", "restartTriggers"] as const;

function freeMapChanges(olds: Values, news: Values): PropertyChange[] {
  return freeMaps.flatMap((name) => {
    if (news[name] === unknown) return [change([name], olds[name], unknown)];
    const entriesOf = (value: Value | undefined): Values => (isValues(value) ? value : {});
    const [before, after] = [entriesOf(olds[name]), entriesOf(news[name])];
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => (sameValue(before[key], after[key]) ? [] : [change([name, key], before[key], after[key])]));
  });
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

/**
 * What waited and is due: changes for the next cold start, now that the program asks for a way that need not wait; volumes of removed disks, once
 * nothing runs on them.
 */
function dueChanges({ oldState, news }: DiffRequest): PropertyChange[] {
  const path = oldState["restartPending"] === true ? "restartPending" : "pendingChanges";
  const asked = news["applyChanges"] === "suspend" || news["applyChanges"] === "restart";
  const leftovers = oldState["pendingChanges"];
  const due = path === "restartPending" ? asked : Array.isArray(leftovers) && leftovers.length > 0;
  return due ? [{ path, kind: "update", inputDiff: false }] : [];
}

/** Where the disks' settings are not known before apply, what asks something else of them is the change; so is a host that is not known yet. */
function openChanges({ oldInputs, news }: DiffRequest, known: readonly PropertyChange[]): PropertyChange[] {
  if (news["effectiveDisks"] !== undefined) return [];
  const said = known.map(({ path }) => path);
  const asked = questionChanges(oldInputs, news).filter(
    (path) => !path.some((_, end) => said.includes(propertyPath(path.slice(0, end + 1)))),
  );
  const host = containsUnknown(news["host"]) && !asked.some(([field]) => field === "host") ? [["host"]] : [];
  const at = (values: Values, path: readonly string[]) =>
    path.reduce<Value | undefined>((value, key) => (isValues(value) ? value[key] : undefined), values);
  return [...asked, ...host].map((path) => change(path, at(oldInputs, path), at(news, path)));
}

/** Two machines of one name, two that write one image, or a volume that goes with the old machine: these cannot be there at once. */
function cannotCoexist({ oldInputs, oldState, news }: DiffRequest): boolean {
  const disks = news["disks"];
  return (
    sameValue(oldInputs["name"] ?? oldState["name"], news["name"]) ||
    Object.values(isValues(disks) ? disks : {}).some((disk) => {
      if (!isValues(disk)) return false;
      const shared = diskDefaults(disk, undefined);
      const isWritten = (disk["readonly"] ?? shared["readonly"]) === false && disk["shareable"] !== true;
      return disk["volume"] !== undefined || (disk["file"] !== undefined && isWritten);
    })
  );
}

export function diff(request: DiffRequest): DiffResult {
  const { oldInputs, news } = request;
  const known = [
    ...topLevelChanges(oldInputs, news),
    ...maximaChanges(oldInputs, news),
    ...platformDiff(oldInputs, news),
    ...deviceDiff(oldInputs, news),
    ...diskChanges(request),
    ...networkChanges(request),
    ...cloudInitDiff(request),
    ...freeMapChanges(oldInputs, news),
    ...effectiveChanges(request),
    ...dueChanges(request),
  ];
  const changes = [...known, ...openChanges(request, known)];
  const stables = changes.some(({ path }) => path === "accelerator") ? ["uuid"] : ["uuid", "domainType"];
  return { changes, stables, deleteBeforeReplace: cannotCoexist(request) };
}
