// diff: compares the settled fields of last time with the new ones; says which change replaces the pool, and why. No I/O.
import { propertyPath } from "../property-path";
import type { Call, DiffRequest, DiffResult, PropertyChange, Value, Values } from "../resource";
import { unknown } from "../resource";
import { sameValue } from "../values";
import type { PoolField } from "./pool-fields";
import { poolFields, settledFields, valueAt } from "./pool-fields";
import type { PoolType } from "./pool-types";

/** Why a change of the field is another pool. What is not named here is changed in place. */
const replaceReasons: Partial<Readonly<Record<PoolField, string>>> = {
  name: "libvirt cannot rename a pool",
  type: "a pool of another type is another pool",
  "target.path": "its volumes have other paths then",
  "source.hosts": "another server is other storage",
  "source.devices": "another device is other storage",
  "source.dir": "another folder is other storage",
  "source.name": "another name is other storage",
  "source.format": "another format is other storage",
};

/** The same storage under other words: monitors and portals come and go, devices of a volume group are heard when it is made. */
const inPlace: readonly (readonly [PoolType, PoolField])[] = [
  ["rbd", "source.hosts"],
  ["iscsi-direct", "source.hosts"],
  ["logical", "source.devices"],
  ["zfs", "source.devices"],
];

/** Absent means "as it is". */
const keptFields: readonly PoolField[] = ["target.permissions.mode", "target.permissions.owner", "target.permissions.group"];

function replaceReason(field: PoolField, news: Values): string | undefined {
  return inPlace.some(([type, changeable]) => type === news["type"] && changeable === field) ? undefined : replaceReasons[field];
}

const kindOf = (before: Value | undefined, after: Value | undefined) =>
  before === undefined ? "add" : after === undefined ? "delete" : "update";

const parentOf = (field: PoolField) => field.slice(0, Math.max(0, field.lastIndexOf(".")));

function fieldChange(field: PoolField, olds: Values, news: Values): PropertyChange | undefined {
  const [before, after] = [settledFields[field](olds), settledFields[field](news)];
  if (sameValue(before, after) || (after === undefined && keptFields.includes(field))) return undefined;
  // An object that is not known yet may lack the field, as the old one does.
  if (before === undefined && after === unknown && valueAt(news, parentOf(field)) === unknown) return undefined;
  const replace = replaceReason(field, news) !== undefined;
  return {
    path: propertyPath(field.split(".")),
    kind: kindOf(valueAt(olds, field), valueAt(news, field)),
    inputDiff: true,
    ...(replace ? { replace } : {}),
  };
}

/** libvirt takes no two pools of one name, nor (but for networks) on one folder or device. */
function cannotCoexist(olds: Values, news: Values): boolean {
  if (!sameValue(olds["name"], news["name"])) {
    const [before, after] = [olds, news].map((inputs) => settledFields["source.devices"](inputs));
    const shared = Array.isArray(before) && Array.isArray(after) && before.some((device) => after.includes(device));
    return shared || sameValue(settledFields["target.path"](olds), settledFields["target.path"](news));
  }
  return true;
}

export function diff({ oldInputs, news }: DiffRequest, { log }: Call): DiffResult {
  const changed = poolFields.flatMap((field) => {
    const change = fieldChange(field, oldInputs, news);
    return change === undefined ? [] : [{ field, change }];
  });
  const replacing = changed.filter(({ change }) => change.replace === true);
  const fate = oldInputs["deleteContent"] === true ? "is deleted with it (deleteContent)" : "stays where it is";
  for (const { field } of replacing) {
    log.warn(`${field}: a change replaces the pool, as ${replaceReason(field, news) ?? ""}; what the old one holds ${fate}.`);
  }
  const changes = changed.map(({ change }) => change);
  if (replacing.length === 0) return { changes, stables: ["uuid", "path"] };
  return { changes, deleteBeforeReplace: cannotCoexist(oldInputs, news) };
}
