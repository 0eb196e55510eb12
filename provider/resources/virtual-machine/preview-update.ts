// What an update will cost, said at preview from the state alone: no I/O. The update itself asks the host again. Pure.
import type { Problem } from "../../errors";
import { fieldEffect } from "../../plan/field-effects";
import { isRestartTrigger, planApply } from "../../plan/plan-apply";
import { applyChangesChoices } from "../../plan/policy";
import { driverFields } from "../../plan/settings";
import { pathKeys } from "../property-path";
import type { DiffRequest, Value, Values } from "../resource";
import { containsUnknown, isValues, sizeBytes } from "../values";
import { hiddenWords, recordedOnly } from "./cloud-init-changes";
import type { CheckedInputs } from "./contract";
import { diff } from "./diff";
import { wordsOfSecret } from "./platform-changes";
import { sameMachine } from "./domain-plan";
import { triggerWords } from "./lifecycle-triggers";
import type { MachineChange } from "./pending";
import { isPending, partsOfSentence, pendingSentence } from "./pending";

export interface PreviewDecision {
  /** Whether the guest is started anew. */
  readonly restarts: boolean;
  readonly problems: readonly Problem[];
  /** Each change that the running machine takes at once, as a sentence. */
  readonly live: readonly string[];
  /** Each change that it does not, with when and how it is applied. */
  readonly notLive: readonly string[];
}

const howSentence = {
  unknown: "in a way that is known at apply",
  none: "",
  nextBoot: "at the next cold start (applyChanges: nextBoot)",
  suspend: "at once, by save and restore: the guest goes on without a reboot (applyChanges: suspend)",
  restart: "at once, by a restart (applyChanges: restart)",
  triggered: "at once, by a restart (restartTriggers)",
} as const;

export function previewDecision(request: DiffRequest): PreviewDecision {
  const { oldState, news } = request;
  const inputs = news as unknown as CheckedInputs;
  const runs = oldState["power"] !== "stopped" && inputs.power !== "stopped";
  const made = runs ? [...driverChanges(oldState, news), ...machineChanges(request)] : [];
  const changes = runs ? [...made, ...waitingChanges(request, made)] : [];
  const choice = applyChangesChoices.find((word) => word === inputs.applyChanges);
  // A policy that is not known yet may say another way: nothing is refused for it.
  const { how, problems } =
    choice === undefined ? ({ how: "unknown", problems: [] } as const) : planApply(changes.filter(isPending), choice, true);
  const seeds = runs ? recordedSentences(request) : [];
  const taken = changes.filter((change) => !isPending(change) && !isOfNewVolumes(change));
  return {
    problems,
    restarts: how === "restart" || how === "unknown",
    live: taken.map((change) => `${pendingSentence(change)}: ${isUnplugged(change) ? "live, if the guest lets go of it" : "live"}`),
    notLive: [
      ...changes
        .filter(isPending)
        .map((change) => `${pendingSentence(change)}: ${howSentence[changes.some(isRestartTrigger) ? "triggered" : how]}`),
      ...(runs ? openTriggers(request) : []),
      ...seeds,
      ...changes.filter(isOfNewVolumes).map((change) => `${pendingSentence(change)}: ${newVolumesOnly}`),
    ],
  };
}

const isUnplugged = ({ path, to }: MachineChange) => to === "none" && /^(disks|networks|hostDevices)\.[^.]+$/.test(path);

/** Inputs of a disk that are heard when its volume is made, and never again. */
const isOfNewVolumes = ({ path }: MachineChange) => /^disks\..+\.image$/.test(path);
const newVolumesOnly =
  "the disk keeps the data that it has, as an image is heard only when a volume is made. To start from the new image give the disk another `volume` name, or have the VM replaced (the resource option replaceOnChanges)";

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

/** What waits since an earlier update, and is not changed again: it is applied along with the rest where the program asks for a way that does not wait. */
function waitingChanges({ oldState, news }: DiffRequest, made: readonly MachineChange[]): MachineChange[] {
  const sentences = oldState["pendingChanges"];
  if (news["applyChanges"] === "nextBoot" || !Array.isArray(sentences)) return [];
  const said = new Set(made.map(({ path }) => path));
  return sentences.flatMap((sentence) => {
    const parts = typeof sentence === "string" ? partsOfSentence(sentence) : undefined;
    if (parts === undefined || said.has(parts.path)) return [];
    const effect = fieldEffect(parts.path, "changed")?.effect;
    return effect === "suspend" || effect === "restart" ? [{ ...parts, effect }] : [];
  });
}

/** What a change is to a whole disk or network card. */
const wholeWords = { add: "added", delete: "removed", update: "changed" } as const;

/** Shown elsewhere, or no change of the machine itself. */
const notOfTheMachine = ["host", "restartPending", "pendingChanges", "maxCpus", "maxMemory"];

function machineChanges(request: DiffRequest): MachineChange[] {
  const { oldInputs, news } = request;
  const changed = diff(request)
    .changes.filter(({ path, replace }) => replace !== true && !path.startsWith("effectiveDisks") && !notOfTheMachine.includes(path))
    // What is not known yet may turn out to be what it was.
    .filter(({ path }) => !containsUnknown(at(news, path)) && !isSame(path, request))
    .filter((change) => recordedOnly(change, news) === undefined)
    .map(({ path, kind }) => ({
      path,
      effect: fieldEffect(path, wholeWords[kind])?.effect ?? "restart",
      ...(hiddenWords(path, kind) ??
        wordsOfSecret(path) ??
        (isRestartTrigger({ path }) ? triggerWords : undefined) ?? { from: shown(at(oldInputs, path)), to: shown(at(news, path)) }),
    }));
  return [...changed, ...maximumChanges(oldInputs, news)];
}

/** Triggers that are known at apply only. */
const openTriggers = (request: DiffRequest): string[] =>
  diff(request)
    .changes.filter((change) => isRestartTrigger(change) && containsUnknown(at(request.news, change.path)))
    .map(({ path }) => `${path}: known at apply; the VM is restarted then if it is another`);

/** Content that is other than it was, and that the machine does not take. */
export const recordedSentences = (request: DiffRequest): string[] =>
  diff(request).changes.flatMap((change) => recordedOnly(change, request.news) ?? []);

/** Another word for what the machine has already: it is noted, and costs nothing. */
function isSame(path: string, { oldInputs, oldState, news }: DiffRequest): boolean {
  const [before, after] = [oldInputs[path], news[path]];
  if (path === "accelerator") return after === "auto" || after === oldState["domainType"];
  return path === "machine" && typeof before === "string" && typeof after === "string" && sameMachine(after, before);
}

/** The most that the machine can have, which only a cold start changes: asked for, or raised by what it shall have. */
function maximumChanges(olds: Values, news: Values): MachineChange[] {
  const pairs = [["maxCpus", "cpus"] as const, ["maxMemory", "memory"] as const];
  return pairs.flatMap(([most, now]): MachineChange[] => {
    const from = olds[most] ?? olds[now];
    const to = news[most] ?? news[now];
    if (containsUnknown(to) || from === to || (sizeBytes(from) !== undefined && sizeBytes(from) === sizeBytes(to))) return [];
    return [{ path: most, effect: "restart", from: shown(from), to: shown(to) }];
  });
}

const at = (values: Values, path: string): Value | undefined =>
  pathKeys(path).reduce<Value | undefined>((value, key) => (isValues(value) ? value[key] : undefined), values);

const shown = (value: Value | undefined): string => {
  if (value === undefined) return "none";
  if (typeof value === "symbol") return "(known at apply)";
  return typeof value === "string" ? value : JSON.stringify(value);
};
