// What of the platform differs: between the inputs of last time and the new ones (diff), and between a definition and the run (pending). Pure.
import type { ObservedDomain } from "../../plan/domain";
import type { CpuFeaturePolicy } from "../../plan/platform";
import { fieldEffect } from "../../plan/field-effects";
import { propertyPath } from "../property-path";
import type { PropertyChange, Value, Values } from "../resource";
import { sameValue } from "../values";
import { foundAt, platformTable, valueAt, withBlockDefaults } from "./platform-fields";
import type { MachineChange } from "./pending";

/** Field by field; one that is left out of the program stays as it is. */
export function platformDiff(olds: Values, news: Values): PropertyChange[] {
  const [before, after] = [withBlockDefaults(olds), withBlockDefaults(news)];
  return platformTable.flatMap(({ path, toPlan }): PropertyChange[] => {
    const then = valueAt(before, path);
    const now = valueAt(after, path);
    if (now === undefined || (then !== undefined && sameValue(toPlan(then), toPlan(now)))) return [];
    return [{ path: propertyPath(path), kind: then === undefined ? "add" : "update", inputDiff: true }];
  });
}

const isOn: Readonly<Partial<Record<CpuFeaturePolicy, boolean>>> = { require: true, force: true, disable: false, forbid: false };

/** libvirt expands a running CPU: it lists more than was asked for, and `optional` becomes what came of it. */
function hasFeatures(wanted: Values, running: Values): boolean {
  const state = (policy: Value | undefined) => (typeof policy === "string" ? isOn[policy as CpuFeaturePolicy] : undefined);
  return Object.entries(wanted).every(([name, policy]) => {
    const asked = state(policy);
    return asked === undefined || (state(running[name]) ?? false) === asked;
  });
}

/** Our notes tell what the run was started with; without them what it lacks is all that can be told. */
function areFeaturesTaken(wanted: ObservedDomain, running: ObservedDomain): boolean {
  const [asked, ran] = [wanted.metadata?.cpuFeatures, running.metadata?.cpuFeatures];
  if (asked !== undefined && running.metadata !== undefined) return asked === (ran ?? "");
  const featuresOf = ({ platform }: ObservedDomain): Values => platform?.cpu?.features ?? {};
  return hasFeatures(featuresOf(wanted), featuresOf(running));
}

const shown = (value: Value | undefined): string =>
  value === undefined ? "none" : typeof value === "string" ? value : JSON.stringify(value);

/** What a definition says and the run has otherwise. What it leaves to libvirt is whatever libvirt made of it. */
export const platformPending = (wanted: ObservedDomain, running: ObservedDomain): MachineChange[] =>
  rowsPending(platformTable, wanted, running);

/** A password that the running display does not ask for yet. */
export const passwordChanges = (wanted: ObservedDomain, running: ObservedDomain): MachineChange[] =>
  rowsPending(
    platformTable.filter(({ isSecret }) => isSecret === true),
    wanted,
    running,
  );

/** The words for a changed field whose value nobody may see. */
export const secretWords = { from: "the one there is", to: "a new one" } as const;
const secretPaths = platformTable.filter(({ isSecret }) => isSecret === true).map(({ path }) => propertyPath(path));
export const wordsOfSecret = (path: string) => (secretPaths.includes(path) ? secretWords : undefined);

function rowsPending(rows: typeof platformTable, wanted: ObservedDomain, running: ObservedDomain): MachineChange[] {
  const isNamedCpu = wanted.cpuMode === undefined || wanted.cpuMode === "custom";
  return rows.flatMap((each): MachineChange[] => {
    const asked = foundAt(wanted.platform, each);
    const runs = foundAt(running.platform, each);
    if (asked === undefined || sameValue(asked, runs)) return [];
    const name = each.path.join(".");
    if ((name === "cpu.model" && !isNamedCpu) || (name === "cpu.features" && areFeaturesTaken(wanted, running))) return [];
    const inputOf = (value: Value | undefined) => shown(value === undefined ? value : each.toInput(value));
    const words = each.isSecret === true ? secretWords : { from: inputOf(runs), to: inputOf(asked) };
    return [{ path: propertyPath(each.path), effect: fieldEffect(name)?.effect ?? "restart", ...words }];
  });
}
