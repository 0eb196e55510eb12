// What changes of cloud-init's and Ignition's content there are, and the words for them: none shows anything of the content. Pure.
import { sameSeed } from "../../cloud-init/seed-image";
import type { DiffRequest, PropertyChange, Value, Values } from "../resource";
import { containsUnknown, isValues, sameValue } from "../values";
import { changeWay, sameIgnition, seedKey } from "./cloud-init";
import type { CloudInitInputs } from "./cloud-init-contract";
import { seedRequest } from "./cloud-init-contract";

const kindOf = (before: Value | undefined, after: Value | undefined) =>
  before === undefined ? "add" : after === undefined ? "delete" : "update";

/** Whether two `cloudInit` make the same seed. What is not known yet is no other's equal. */
export function sameCloudInit(before: Values, after: Values, vm: string): boolean {
  if (containsUnknown(before) || containsUnknown(after)) return false;
  const requests = [before, after].map((value) => seedRequest(value as unknown as CloudInitInputs));
  const [left = {}, right = {}] = requests;
  return sameSeed(left, right, { instanceId: "", name: vm });
}

/** Without a word of the program's: the pool is the one that it has. */
const placeDefaults = { bus: "virtio", pool: undefined } as const;

function seedChanges({ oldInputs, oldState, news }: DiffRequest): PropertyChange[] {
  const before = oldInputs["cloudInit"];
  const after = news["cloudInit"];
  if (before === undefined && after === undefined) return [];
  const replace = after !== undefined && changeWay(news) === "reprovision";
  const changed = { path: "cloudInit", kind: kindOf(before, after), inputDiff: true } as const;
  const name = news["name"];
  if (!isValues(before) || !isValues(after) || !sameCloudInit(before, after, typeof name === "string" ? name : "")) {
    return [{ ...changed, ...(replace ? { replace } : {}) }];
  }
  const effective = oldInputs["effectiveDisks"] ?? oldState["effectiveDisks"];
  // Deleted or taken out by other hands: it is made anew, which is no other content.
  if (isValues(effective) && effective[seedKey] === undefined) return [changed];
  return (["pool", "bus"] as const)
    .filter((field) => !sameValue(before[field] ?? placeDefaults[field], after[field] ?? placeDefaults[field] ?? before[field]))
    .map((field) => ({ path: `cloudInit.${field}`, kind: kindOf(before[field], after[field]), inputDiff: true }));
}

function ignitionChanges({ oldInputs, news }: DiffRequest): PropertyChange[] {
  const before = oldInputs["ignition"];
  const after = news["ignition"];
  if (sameIgnition(before, after)) return [];
  const replace = after !== undefined && changeWay(news) === "reprovision";
  return [{ path: "ignition", kind: kindOf(before, after), inputDiff: true, ...(replace ? { replace } : {}) }];
}

/** What a change does is a change itself: content that was only recorded is heard then. */
function wayChanges({ oldInputs, news }: DiffRequest): PropertyChange[] {
  const stays = (["cloudInit", "ignition"] as const).some((field) => oldInputs[field] !== undefined && news[field] !== undefined);
  if (!stays || changeWay(oldInputs) === changeWay(news)) return [];
  return [{ path: "cloudInitChange", kind: kindOf(oldInputs["cloudInitChange"], news["cloudInitChange"]), inputDiff: true }];
}

export const cloudInitDiff = (request: DiffRequest): PropertyChange[] => [
  ...seedChanges(request),
  ...ignitionChanges(request),
  ...wayChanges(request),
];

/** The words for a changed field whose content nobody may see; undefined: any other field. */
export function hiddenWords(path: string, kind: PropertyChange["kind"]): { readonly from: string; readonly to: string } | undefined {
  if (path === "cloudInit") {
    const to = "a new seed, on which cloud-init runs again with a new instance-id";
    return { from: kind === "add" ? "none" : "the seed there is", to: kind === "delete" ? "none" : to };
  }
  if (path !== "ignition") return undefined;
  return { from: kind === "add" ? "none" : "the configuration there is", to: kind === "delete" ? "none" : "a new one" };
}

/** Why a changed content leaves the machine as it is; undefined: it does not. */
export function recordedOnly({ path, kind }: PropertyChange, news: Values): string | undefined {
  if (kind !== "update") return undefined;
  if (path === "ignition") {
    return "ignition: other content: the VM keeps what its first boot made of it, as Ignition runs at no other. To make it anew set cloudInitChange to reprovision, which replaces the VM and its disks";
  }
  return path === "cloudInit" && changeWay(news) === "ignore"
    ? "cloudInit: other content: the VM keeps the seed that it has (cloudInitChange: ignore); what is new is recorded only"
    : undefined;
}
