// check: validates the inputs, fills in defaults and resolves every disk's effective settings, so that preview shows them. Writes nothing.
import type { Problem } from "../../errors";
import type { HostFacts } from "../../plan/facts";
import type { HostSettings } from "../../plan/policy";
import { formatSize } from "../../plan/size";
import { fragmentProblems } from "../../xml/fragments";
import { xmlTextProblem } from "../../xml/xml-text";
import { givenOrAutoName } from "../auto-name";
import { contractProblems, withDefaults } from "../contract";
import { propertyPath } from "../property-path";
import type { Call, CheckRequest, CheckResult, Value, Values } from "../resource";
import { asValues, containsUnknown, defined, isValues, sizeBytes, without } from "../values";
import { atSeed, cloudInitProblems, isSeedPlaceKnown, seedPlaceProblems, withSeed, withSeedPlaces } from "./cloud-init";
import type { CheckedInputs, EffectiveDisk } from "./contract";
import { defaultApplyChanges, defaults, inputs as contract } from "./contract";
import { deviceProblems } from "./devices-problems";
import { growthProblems } from "./disk-growth";
import { diskProblems } from "./disk-problems";
import { networkProblems } from "./network-problems";
import type { Resolution } from "./effective-disks";
import { questionChanges, resolveDisks } from "./effective-disks";
import { acceleratorProblems, displayProblems, machineProblems } from "./machine-problems";
import { platformProblems } from "./platform-problems";

/** Fields that are decided once, by the program or the host's policy, and then kept: a later policy is for new VMs. */
const keptOnceGiven = ["machine", "cpuMode", "accelerator", "video", "graphics"] as const;

/** What the disks' settings depend on: while one of these is unknown, so are they. */
const resolvedFrom = ["disks", "host", "name", "cache", "io", "discard", "detectZeroes"] as const;

export async function check(request: CheckRequest, call: Call): Promise<CheckResult> {
  const asked = without(request.news, "effectiveDisks");
  const naming = givenOrAutoName(request);
  const inputs = withSeedPlaces(filled({ ...asked, ...naming.name }, request.olds), request.olds);
  const problems = [
    ...contractProblems(contract, { ...asked, ...naming.name }),
    ...naming.problems,
    ...acrossFields(asked, request.olds),
    ...networkProblems(asked),
    ...acceleratorProblems(inputs, request.olds),
    ...platformProblems(inputs, request.olds),
    ...deviceProblems(inputs),
    ...cloudInitProblems(inputs),
    ...textProblems(asked),
    ...ownXmlProblems(asked),
  ];
  if (problems.length > 0) return { inputs, problems };
  const ofHost = [...(await machineProblems(inputs, request.olds, call)), ...(await displayProblems(inputs, request.olds, call))];
  if (ofHost.length > 0) return { inputs, problems: ofHost };
  if (resolvedFrom.some((field) => containsUnknown(inputs[field])) || !isSeedPlaceKnown(inputs)) return { inputs, problems };
  return resolved(inputs, request.olds, call);
}

function filled(asked: Values, olds: Values | undefined): Values {
  const { host } = asked;
  const policy = isValues(host) && isValues(host["policy"]) ? host["policy"] : {};
  // A CPU model is a CPU mode of its own.
  const isModelGiven = isValues(asked["cpu"]) && asked["cpu"]["model"] !== undefined;
  const fields = keptOnceGiven.filter((field) => field !== "cpuMode" || !isModelGiven);
  const kept = Object.fromEntries(fields.map((field) => [field, asked[field] ?? (olds === undefined ? policy[field] : olds[field])]));
  const { accelerator, ...fixed } = defaults;
  return defined(
    withDefaults({ ...asked, ...defined(kept) } as Values, {
      ...fixed,
      // A machine that was imported keeps the graphics that these inputs cannot say (spice).
      ...(olds === undefined ? { graphics: "none" } : {}),
      // A policy that is not known yet may say other ones.
      ...(containsUnknown(isValues(host) ? host["policy"] : host)
        ? {}
        : { accelerator, applyChanges: policy["applyChanges"] ?? defaultApplyChanges }),
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
      reason: `is ${formatSize(most)}, less than the ${formatSize(now)} of \`memory\`: raise it, or lower \`memory\`.`,
    });
  }
  return problems;
}

/** A display that is not wanted is none that XML could stand in the way of. */
const givenInputs = (inputs: Values): ReadonlySet<string> =>
  new Set(Object.keys(inputs).filter((name) => inputs[name] !== undefined && inputs[name] !== false && inputs[name] !== "none"));

/** Fragments whose shape is right and that are known. */
function ownXmlProblems({ xml, ...others }: Values): Problem[] {
  const fragments = Object.entries(isValues(xml) ? xml : {}).flatMap(([key, fragment]) => {
    const { path, xml: text, remove: name } = isValues(fragment) ? fragment : {};
    const isText = (value: Value | undefined): value is string | undefined => value === undefined || typeof value === "string";
    return typeof path === "string" && isText(text) && isText(name) ? [[key, { path, xml: text, remove: name }] as const] : [];
  });
  return fragmentProblems(Object.fromEntries(fragments), givenInputs(others)).map(({ key, field, reason }) => ({
    path: propertyPath(["xml", key, field]),
    reason,
  }));
}

/** What goes into no XML. */
const notInXml: readonly unknown[] = ["host", "cloudInit", "ignition"];

/** Text that XML cannot hold (control characters), wherever it stands. */
function textProblems(value: Value | undefined, path: readonly PropertyKey[] = []): Problem[] {
  if (typeof value === "string") {
    const reason = xmlTextProblem(value);
    return reason === undefined ? [] : [{ path: propertyPath(path), reason }];
  }
  if (notInXml.includes(path[0])) return [];
  if (Array.isArray(value)) return (value as readonly Value[]).flatMap((item, index) => textProblems(item, [...path, index]));
  if (!isValues(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => textProblems(inner, [...path, key]));
}

async function resolved(inputs: Values, olds: Values | undefined, call: Call): Promise<CheckResult> {
  const view = inputs as unknown as CheckedInputs;
  const before = olds === undefined || containsUnknown(olds["disks"]) ? undefined : (olds as unknown as CheckedInputs);
  const previous = before?.effectiveDisks;
  const resolution = await resolveDisks({
    inputs: withSeed(view),
    previous,
    services: call.services,
    observe: { depth: "look", signal: call.signal },
  });
  const growth = await growthProblems(view, before, call);
  const found =
    "problems" in resolution ? resolution.problems : "effective" in resolution ? seedPlaceProblems(resolution.effective, view) : [];
  const problems = [...growth, ...atSeed(found, view)];
  if ("problems" in resolution || problems.length > 0) return { inputs, problems };
  if ("unresolved" in resolution) {
    const same = olds !== undefined && previous !== undefined && questionChanges(seeded(olds), seeded(inputs)).length === 0;
    return { inputs: same ? withEffective(inputs, previous) : inputs, problems: [] };
  }
  for (const warning of resolution.warnings) call.log.warn(warning);
  const host = view.host === undefined ? {} : { host: asValues(usedPart(view.host, resolution)) };
  return { inputs: withEffective({ ...inputs, ...host }, resolution.effective), problems: [] };
}

const seeded = (inputs: Values): Values => asValues(withSeed(inputs as unknown as CheckedInputs));

const withEffective = (inputs: Values, effective: Readonly<Record<string, EffectiveDisk>>): Values => ({
  ...inputs,
  effectiveDisks: asValues(effective),
});

/** The policy and facts that these disks rest on, so that a change elsewhere on the host is no change here. */
function usedPart(
  { policy, facts }: HostSettings<HostFacts>,
  { usedPools }: Extract<Resolution, { effective: unknown }>,
): HostSettings<HostFacts> {
  const only = <T>(from: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(from).filter(([name]) => usedPools.includes(name)));
  const { pools, ...rest } = policy;
  const rules = only(pools ?? {});
  const used = Object.keys(rules).length === 0 ? rest : { ...rest, pools: rules };
  return { policy: used, facts: { ...facts, pools: only(facts.pools) } };
}
