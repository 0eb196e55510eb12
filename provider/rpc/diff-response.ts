// A resource's list of changed properties, as Pulumi's DiffResponse.
import { DiffResponse, PropertyDiff } from "@pulumi/pulumi/proto/provider_pb";
import type { DiffResult, PropertyChange, PropertyChangeKind } from "../resources/resource";
import { isWithin, parsePath, topLevelName } from "./paths";

const kinds = {
  add: { stay: PropertyDiff.Kind.ADD, replace: PropertyDiff.Kind.ADD_REPLACE },
  update: { stay: PropertyDiff.Kind.UPDATE, replace: PropertyDiff.Kind.UPDATE_REPLACE },
  delete: { stay: PropertyDiff.Kind.DELETE, replace: PropertyDiff.Kind.DELETE_REPLACE },
} as const satisfies Record<PropertyChangeKind, Record<"stay" | "replace", PropertyDiff.Kind>>;

const topLevelNames = (changes: readonly PropertyChange[]) => [...new Set(changes.map(({ path }) => topLevelName(path)))];

const withoutIgnored = (changes: readonly PropertyChange[], ignoreChanges: readonly string[]) => {
  const ignored = ignoreChanges.map(parsePath);
  return changes.filter(({ path }) => !ignored.some((pattern) => isWithin(parsePath(path), pattern)));
};

/** `ignoreChanges`: paths, perhaps with `*`; a change at or below one of them is none. */
export const diffResponse = ({ changes, stables, deleteBeforeReplace }: DiffResult, ignoreChanges: readonly string[]): DiffResponse => {
  const counted = withoutIgnored(changes, ignoreChanges);
  const replacing = counted.filter(({ replace }) => replace === true);
  const response = new DiffResponse()
    .setChanges(counted.length === 0 ? DiffResponse.DiffChanges.DIFF_NONE : DiffResponse.DiffChanges.DIFF_SOME)
    .setHasdetaileddiff(true)
    .setDiffsList(topLevelNames(counted))
    .setReplacesList(topLevelNames(replacing))
    .setStablesList([...(stables ?? [])])
    .setDeletebeforereplace(deleteBeforeReplace === true);
  const detailed = response.getDetaileddiffMap();
  for (const { path, kind, replace, inputDiff } of counted) {
    detailed.set(path, new PropertyDiff().setKind(kinds[kind][replace === true ? "replace" : "stay"]).setInputdiff(inputDiff));
  }
  return response;
};

/** For a preview in which too much is unknown to compare: the engine compares the inputs itself. */
export const unknownDiff = (): DiffResponse => new DiffResponse().setChanges(DiffResponse.DiffChanges.DIFF_UNKNOWN);
