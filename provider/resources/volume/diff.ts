// diff: compares a volume's checked inputs of last time with the new ones; no I/O.
import type { Call, DiffRequest, DiffResult, PropertyChange, Value, Values } from "../resource";
import { unknown } from "../resource";
import { isValues, sameValue, sizeBytes } from "../values";

/** How a field is compared. `kept`: absent means "as it is". */
const comparisons = {
  pool: { kept: true, replace: true },
  name: { kept: true, replace: true },
  format: { kept: true, replace: true },
  size: { kept: true, replace: false },
  preallocation: { kept: false, replace: false },
  imageFormat: { kept: false, replace: false },
  keepOnDelete: { kept: false, replace: false },
} as const satisfies Record<string, { readonly kept: boolean; readonly replace: boolean }>;

const absentMeans: Values = { preallocation: "off", keepOnDelete: false };

const kindOf = (before: Value | undefined, after: Value | undefined) =>
  before === undefined ? "add" : after === undefined ? "delete" : "update";

const isSame = (field: string, before: Value | undefined, after: Value | undefined): boolean => {
  if (field !== "size") return sameValue(before ?? absentMeans[field], after ?? absentMeans[field]);
  const bytes = sizeBytes(before);
  return bytes !== undefined && bytes === sizeBytes(after);
};

function fieldChanges(olds: Values, news: Values): PropertyChange[] {
  return Object.entries(comparisons).flatMap(([field, { kept, replace }]) => {
    const before = olds[field];
    const after = news[field];
    if ((kept && after === undefined) || isSame(field, before, after)) return [];
    return [{ path: field, kind: kindOf(before, after), inputDiff: true, ...(replace ? { replace } : {}) }];
  });
}

/** What a volume's content comes from: an image below it, or one that it was copied from. */
type Origin = { readonly below: Value } | { readonly copied: Value } | undefined;

function originOf({ backingStore, image, clone }: Values, folder: string): Origin {
  const notKnown: Value = unknown;
  if (isValues(backingStore)) return { below: backingStore["path"] ?? notKnown };
  if (backingStore !== undefined) return { below: notKnown };
  if (image === undefined) return undefined;
  const path = typeof image === "string" && !image.startsWith("/") ? `${folder}/${image}` : image;
  return clone === "full" ? { copied: path } : { below: path };
}

/**
 * An image that is linked is the same thing as a backing store, as which an import reads it. So a change of words alone is none; of the image itself,
 * or from a link to a copy, it makes a new volume.
 */
function originChanges(olds: Values, news: Values, oldState: Values): PropertyChange[] {
  const { path } = oldState;
  const folder = typeof path === "string" ? path.slice(0, path.lastIndexOf("/")) : "";
  const areStores = isValues(olds["backingStore"]) && isValues(news["backingStore"]);
  const same = areStores
    ? sameValue(olds["backingStore"], news["backingStore"])
    : sameValue(originOf(olds, folder) ?? null, originOf(news, folder) ?? null);
  if (same) return [];
  const changed = (["image", "backingStore", "clone"] as const).filter((field) => !sameValue(olds[field] ?? null, news[field] ?? null));
  return changed.map((field) => ({ path: field, kind: kindOf(olds[field], news[field]), inputDiff: true, replace: true }));
}

/** A name of our making, which the replacement does not get too. */
function isAutoNamed(name: Value | undefined, urn: string): boolean {
  const resource = urn.slice(urn.lastIndexOf("::") + 2).replace(/[/\n]/g, "-");
  if (typeof name !== "string" || !name.startsWith(`${resource}-`)) return false;
  return /^[0-9a-f]{7}(\.qcow2|\.img)?$/.test(name.slice(resource.length + 1));
}

export function diff({ oldInputs, oldState, news }: DiffRequest, { urn }: Pick<Call, "urn">): DiffResult {
  const changes = [...fieldChanges(oldInputs, news), ...originChanges(oldInputs, news, oldState)];
  if (!changes.some(({ replace }) => replace === true)) return { changes, stables: ["path", "key", "name", "format", "pool"] };
  const keepsPlace = !changes.some(({ path }) => path === "name" || path === "pool");
  return { changes, deleteBeforeReplace: keepsPlace && !isAutoNamed(news["name"], urn) };
}
