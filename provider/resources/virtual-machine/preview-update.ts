// What an update will cost, said at preview from the state alone: no I/O. The update itself asks the host again. Pure.
import type { Problem } from "../../errors";
import { fieldEffect } from "../../plan/field-effects";
import { planApply } from "../../plan/plan-apply";
import { driverFields } from "../../plan/settings";
import type { DiffRequest, Value, Values } from "../resource";
import { isValues } from "../values";
import type { CheckedInputs } from "./contract";
import { diff } from "./diff";
import type { MachineChange } from "./pending";
import { isPending, pendingSentence } from "./pending";

export interface PreviewDecision {
  readonly problems: readonly Problem[];
  /** Sentences for the user: each change and when it is applied. */
  readonly announcements: readonly string[];
}

const howSentence = {
  none: "",
  nextBoot: "at the next cold start (applyChanges: nextBoot)",
  suspend: "at once, by save and restore: the guest goes on without a reboot (applyChanges: suspend)",
  restart: "at once, by a restart (applyChanges: restart)",
} as const;

export function previewDecision(request: DiffRequest): PreviewDecision {
  const { oldState, news } = request;
  const inputs = news as unknown as CheckedInputs;
  const runs = oldState["power"] !== "stopped" && inputs.power !== "stopped";
  const changes = runs ? [...driverChanges(oldState, news), ...machineChanges(request)] : [];
  const cold = changes.filter(isPending);
  const { how, problems } = planApply(cold, inputs.applyChanges, cold.length > 0);
  const announcements = changes.map((change) => `${pendingSentence(change)}: ${change.effect === "live" ? "live" : howSentence[how]}`);
  return { problems, announcements };
}

/** Cache and its neighbours: what runs now against what shall run, so that what waits already is counted too. */
function driverChanges(oldState: Values, news: Values): MachineChange[] {
  const effective = news["effectiveDisks"];
  const running = oldState["runningDisks"];
  const before = oldState["effectiveDisks"];
  if (!isValues(effective)) return [];
  return Object.entries(effective).flatMap(([key, wanted]) => {
    const runs = isValues(running) && isValues(running[key]) ? running[key] : isValues(before) ? before[key] : undefined;
    if (!isValues(wanted) || !isValues(runs)) return [];
    return driverFields
      .filter((field) => wanted[field] !== runs[field])
      .map((field) => ({ path: `disks.${key}.${field}`, effect: "suspend", from: shown(runs[field]), to: shown(wanted[field]) }) as const);
  });
}

function machineChanges(request: DiffRequest): MachineChange[] {
  return diff(request)
    .changes.filter(
      ({ path, replace }) => replace !== true && !path.startsWith("effectiveDisks") && path !== "restartPending" && path !== "host",
    )
    .map(({ path, kind }) => ({
      path,
      effect: fieldEffect(path, kind === "delete" ? "removed" : "added")?.effect ?? "restart",
      from: shown(at(request.oldInputs, path)),
      to: shown(at(request.news, path)),
    }));
}

const at = (values: Values, path: string): Value | undefined =>
  path.split(".").reduce<Value | undefined>((value, key) => (isValues(value) ? value[key] : undefined), values);

const shown = (value: Value | undefined): string => {
  if (value === undefined) return "none";
  if (typeof value === "symbol") return "(known at apply)";
  return typeof value === "string" ? value : JSON.stringify(value);
};
