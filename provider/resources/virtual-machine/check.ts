// check: validates the inputs, fills in defaults and resolves every disk's effective settings, so that preview shows them. Writes nothing.
import type { Problem } from "../../errors";
import type { HostFacts } from "../../plan/facts";
import type { HostPolicy, HostSettings } from "../../plan/policy";
import { xmlTextProblem } from "../../xml/xml-text";
import { autoName } from "../auto-name";
import { contractProblems, typed, withDefaults } from "../contract";
import { propertyPath } from "../property-path";
import type { Call, CheckRequest, CheckResult, Value, Values } from "../resource";
import { asValues, containsUnknown, defined, isValues, sizeBytes } from "../values";
import type { CheckedInputs, EffectiveDisk } from "./contract";
import { defaults, inputs as contract } from "./contract";
import { diskProblems } from "./disk-problems";
import type { Resolution } from "./effective-disks";
import { resolveDisks, sameQuestion } from "./effective-disks";

/** Fields that are decided once, by the program or the host's policy, and then kept: a later policy is for new VMs. */
const keptOnceGiven = ["machine", "cpuMode", "accelerator", "video", "graphics"] as const;

export async function check(request: CheckRequest, call: Call): Promise<CheckResult> {
  const { effectiveDisks: _computed, ...asked } = request.news;
  const problems = [...contractProblems(contract, asked), ...acrossFields(asked, request.olds), ...textProblems(asked)];
  const inputs = filled(asked, request);
  if (problems.length > 0) return { inputs, problems };
  if (containsUnknown(inputs["disks"]) || containsUnknown(inputs["host"]) || containsUnknown(inputs["name"]))
    return { inputs, problems: [] };
  return resolved(inputs, request.olds, call);
}

function filled(asked: Values, { olds, resourceName, autoName: proposal, randomSeed }: CheckRequest): Values {
  const policy = isValues(asked["host"]) && isValues(asked["host"]["policy"]) ? asked["host"]["policy"] : {};
  const kept = Object.fromEntries(keptOnceGiven.map((field) => [field, asked[field] ?? olds?.[field] ?? policy[field]]));
  const name = asked["name"] ?? olds?.["name"] ?? autoName({ resourceName, proposal, randomSeed });
  return defined(
    withDefaults({ ...asked, ...defined(kept), name } as Values, {
      ...defaults,
      // A machine that was imported keeps the graphics that these inputs cannot say (spice).
      ...(olds === undefined ? { graphics: "none" } : {}),
      applyChanges: policy["applyChanges"] ?? "nextBoot",
    }),
  ) as Values;
}

function acrossFields(asked: Values, olds: Values | undefined): Problem[] {
  const { cpus, maxCpus, memory, maxMemory, disks } = asked;
  const oldDisks = olds?.["disks"];
  const problems: Problem[] = isValues(disks) ? diskProblems(disks, isValues(oldDisks) ? oldDisks : undefined) : [];
  if (typeof cpus === "number" && typeof maxCpus === "number" && cpus > maxCpus) {
    problems.push({ path: "maxCpus", reason: `is ${maxCpus}, fewer than the ${cpus} of \`cpus\`: raise it, or lower \`cpus\`.` });
  }
  const [now, most] = [sizeBytes(memory), sizeBytes(maxMemory)];
  if (now !== undefined && most !== undefined && now > most) {
    problems.push({
      path: "maxMemory",
      reason: `is ${String(maxMemory)}, less than the ${String(memory)} of \`memory\`: raise it, or lower \`memory\`.`,
    });
  }
  return problems;
}

/** Text that XML cannot hold (control characters), wherever it stands. */
function textProblems(value: Value | undefined, path: readonly string[] = []): Problem[] {
  if (typeof value === "string") {
    const reason = xmlTextProblem(value);
    return reason === undefined ? [] : [{ path: propertyPath(path), reason }];
  }
  if (!isValues(value) || path[0] === "host") return [];
  return Object.entries(value).flatMap(([key, inner]) => textProblems(inner, [...path, key]));
}

async function resolved(inputs: Values, olds: Values | undefined, call: Call): Promise<CheckResult> {
  const view = typed(contract, inputs) as CheckedInputs;
  const before = olds === undefined || containsUnknown(olds["disks"]) ? undefined : (olds as unknown as CheckedInputs);
  const previous = before?.effectiveDisks;
  const resolution = await resolveDisks({
    inputs: view,
    previous,
    services: call.services,
    observe: { depth: "look", signal: call.signal },
  });
  if ("problems" in resolution) return { inputs, problems: resolution.problems };
  if ("unresolved" in resolution) {
    const same = before !== undefined && previous !== undefined && sameQuestion(before, view);
    return { inputs: same ? withEffective(inputs, previous) : inputs, problems: [] };
  }
  for (const warning of resolution.warnings) call.log.warn(warning);
  const host = view.host === undefined ? {} : { host: asValues(usedPart(view.host, resolution)) };
  return { inputs: withEffective({ ...inputs, ...host }, resolution.effective), problems: [] };
}

const withEffective = (inputs: Values, effective: Readonly<Record<string, EffectiveDisk>>): Values => ({
  ...inputs,
  effectiveDisks: asValues(effective),
});

/** The policy and facts that these disks rest on, so that a change elsewhere on the host is no change here. */
function usedPart(
  { policy, facts }: HostSettings<HostFacts>,
  { usedPools, usedKinds }: Extract<Resolution, { effective: unknown }>,
): HostSettings<HostFacts> {
  const { pools = {}, storageKinds = {}, ...rest } = policy;
  const only = <T>(from: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> | undefined => {
    const entries = Object.entries(from).filter(([key]) => keys.includes(key));
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  };
  const used = defined({ ...rest, pools: only(pools, Object.keys(usedPools)), storageKinds: only(storageKinds, usedKinds) });
  return { policy: used as HostPolicy, facts: { ...facts, pools: usedPools } };
}
