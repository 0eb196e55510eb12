// HostDefaults: the policy as asked, with the facts of the host beside it. It observes, and changes nothing on the host.
import { probeIsDue } from "../../host/observer";
import type { ObserveOptions } from "../../host/observer";
import type { HostFacts, PoolFacts } from "../../plan/facts";
import type { HostPolicy } from "../../plan/policy";
import { planPoolDefault } from "../../plan/plan-pool-default";
import { contractProblems } from "../contract";
import type {
  Call,
  CheckRequest,
  CheckResult,
  Created,
  DiffRequest,
  DiffResult,
  Observed,
  PropertyChange,
  ResourceDefinition,
  Stored,
  Values,
} from "../resource";
import { unknown } from "../resource";
import { asValues, containsUnknown, isValues, sameValue } from "../values";
import type { HostDefaultsOutputs } from "./contract";
import { description, inputs, outputs } from "./contract";

const check = ({ news }: CheckRequest): Promise<CheckResult> => Promise.resolve({ inputs: news, problems: contractProblems(inputs, news) });

/** A refresh may not ask a probe domain: what it left open, the next update asks. */
function dueChanges(oldState: Values): PropertyChange[] {
  const pools = knownFacts(oldState)?.pools ?? {};
  return Object.values(pools).some(({ why }) => why === probeIsDue) ? [{ path: "settings", kind: "update", inputDiff: false }] : [];
}

function diff({ oldInputs, oldState, news }: DiffRequest): Promise<DiffResult> {
  const fields = [...new Set([...Object.keys(oldInputs), ...Object.keys(news)])].sort();
  const changes = fields.flatMap((field): PropertyChange[] => {
    const [before, after] = [oldInputs[field], news[field]];
    if (sameValue(before, after)) return [];
    return [{ path: field, kind: before === undefined ? "add" : after === undefined ? "delete" : "update", inputDiff: true }];
  });
  return Promise.resolve({ changes: [...changes, ...dueChanges(oldState)] });
}

/** Facts found earlier, so that answers of the probe domain are kept where it may not run. */
const knownFacts = (state: Values | undefined): HostFacts | undefined => {
  const settings = state?.["settings"];
  return isValues(settings) && isValues(settings["facts"]) && !containsUnknown(settings)
    ? (settings["facts"] as unknown as HostFacts)
    : undefined;
};

/** What Create, Read and Update of any engine that knows it turn into a refresh before the next update: facts stay fresh. */
const refreshBeforeUpdate = true;

/** What a new disk in the pool gets; where the policy refuses it, why. */
function poolDefault(name: string, pool: PoolFacts, policy: HostPolicy, facts: HostFacts): HostDefaultsOutputs["poolDefaults"][string] {
  const plan = planPoolDefault(name, pool, policy, facts);
  return "problems" in plan ? { reason: plan.problems.map(({ reason }) => reason).join(" ") } : plan;
}

function stored(policy: HostPolicy, facts: HostFacts): Stored {
  const poolDefaults = Object.fromEntries(
    Object.entries(facts.pools).map(([name, pool]) => [name, poolDefault(name, pool, policy, facts)]),
  );
  return {
    state: { ...asValues(policy), settings: asValues({ policy, facts }), poolDefaults: asValues(poolDefaults) },
    refreshBeforeUpdate,
  };
}

/** What a preview can say: a pool of which only a probe domain can tell is left open, the others stand. Machines know the mark (probeIsDue), and wait too. */
function foreseen({ state, refreshBeforeUpdate: again }: Stored, facts: HostFacts): Stored {
  const due = Object.entries(facts.pools).filter(([, { why }]) => why === probeIsDue);
  const open = Object.fromEntries(due.map(([name]) => [name, unknown] as const));
  const poolDefaults = isValues(state["poolDefaults"]) ? state["poolDefaults"] : {};
  return { state: { ...state, poolDefaults: { ...poolDefaults, ...open } }, refreshBeforeUpdate: again };
}

const notKnownYet = (policy: Values): Stored => ({ state: { ...policy, settings: unknown, poolDefaults: unknown }, refreshBeforeUpdate });

type How = Pick<ObserveOptions, "depth" | "known" | "withoutProbe"> & { readonly preview?: boolean };
const atPreview = { depth: "look", withoutProbe: "unknown", preview: true } as const;

async function observe(policy: Values, { preview = false, ...how }: How, { services, signal, log }: Call): Promise<Stored> {
  if (containsUnknown(policy)) return notKnownYet(policy);
  const observation = await services.host.observeHost({ ...how, signal, status: (message) => log.status(message) });
  if ("needsProbe" in observation) return notKnownYet(policy);
  const asked = policy as unknown as HostPolicy;
  for (const name of Object.keys(asked.pools ?? {})) {
    if (!(name in observation.facts.pools))
      log.warn(`pools.${name}: the host has no storage pool of that name (yet); its rule waits for one.`);
  }
  const result = stored(asked, observation.facts);
  return preview ? foreseen(result, observation.facts) : result;
}

async function create({ inputs: policy, preview }: { readonly inputs: Values; readonly preview: boolean }, call: Call): Promise<Created> {
  const result = await observe(policy, preview ? atPreview : { depth: "probe" }, call);
  if (preview) return { id: "", ...result };
  const { hostname } = await call.services.libvirt.identify({ signal: call.signal });
  return { id: hostname, ...result };
}

async function read(
  { id, oldInputs, oldState }: { readonly id: string; readonly oldInputs?: Values | undefined; readonly oldState?: Values | undefined },
  call: Call,
): Promise<Observed> {
  const policy = oldInputs ?? {};
  return { id, inputs: policy, ...(await observe(policy, { depth: "look", known: knownFacts(oldState), withoutProbe: "unknown" }, call)) };
}

const update = ({ news, oldState, preview }: DiffRequest & { readonly preview: boolean }, call: Call): Promise<Stored> =>
  observe(news, { ...(preview ? atPreview : { depth: "probe" }), known: knownFacts(oldState) }, call);

export const hostDefaults: ResourceDefinition = {
  token: "kvm:index:HostDefaults",
  description,
  inputs,
  outputs,
  derivedFrom: { settings: [], poolDefaults: [] },
  lifecycle: { check, diff, create, read, update, remove: () => Promise.resolve() },
};
