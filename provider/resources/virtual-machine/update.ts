// update: observes the machine, works out the delta and what each part costs, refuses before touching anything, then converges.
import type { Problem } from "../../errors";
import { CreatedButFailedError, HostError, RefusedError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import type { DomainPlan, ObservedDomain } from "../../plan/domain";
import type { ApplyPlan } from "../../plan/plan-apply";
import { planApply } from "../../plan/plan-apply";
import { domainXml } from "../../xml/domain-xml";
import { sameXml } from "../../xml/same-xml";
import { parseDomain } from "../../xml/parse-domain";
import type { Call, DiffRequest, Stored, Values } from "../resource";
import { unknown } from "../resource";
import { asValues, defined, sameValue } from "../values";
import { awaitAddress, observeAddresses } from "./addresses";
import { applyToRunning } from "./apply-to-running";
import { withSeed } from "./cloud-init";
import type { SeedParts } from "./cloud-init-volumes";
import { presentSeedParts, refuseForeignSeeds, rewriteVolumes } from "./cloud-init-volumes";
import type { CheckedInputs } from "./contract";
import { refuseForeignDevices } from "./devices-observed";
import { withDevices } from "./devices-plan";
import { diskKeysOf, dropSecrets, ensureSecrets } from "./disk-secrets";
import type { EffectiveDisks } from "./domain-plan";
import { domainPlan, withKeptTargets } from "./domain-plan";
import { overlaidDisks } from "./lifecycle-snapshots";
import { triggerChanges } from "./lifecycle-triggers";
import { applyLive } from "./live-changes";
import { observeMachine } from "./observe-machine";
import { dropVolumes, ownedVolumes } from "./owned-volumes";
import { isPending, pendingChanges } from "./pending";
import type { MacAddresses } from "./network-plan";
import { settledMacs } from "./network-macs";
import { refuseForeignCards } from "./network-foreign";
import { macAddressesOf } from "./network-observed";
import { keptAddresses } from "./network-preview";
import { convergePower, powerOf } from "./power";
import { previewDecision, recordedSentences } from "./preview-update";
import { settledDisks } from "./settled-disks";
import { failureReason } from "./start-failure";
import type { ObservedMachine } from "./state";
import { outputsOf, stateOf } from "./state";
import { applyStatic, entriesOf, planStatic } from "./static-addresses";
import type { VolumeSurvey, WantedVolume } from "./volumes";
import { createVolumes, surveyVolumes, unmakeVolumes, wantedVolumes } from "./volumes";

export async function update(request: DiffRequest & { readonly preview: boolean }, call: Call): Promise<Stored> {
  if (request.preview) return preview(request, call);
  const inputs = request.news as unknown as CheckedInputs;
  const machine = await observeMachine({ uuid: request.id }, call);
  if (machine === undefined) throw gone(inputs.name, request.id);
  const seeded = withSeed(inputs);
  const settled = await settledDisks(seeded, request.oldState["effectiveDisks"] as EffectiveDisks | undefined, call);
  const effective = withKeptTargets(seeded.disks, settled, machine);
  refuseForeignCards(request, inputs, machine);
  refuseForeignDevices(request.oldInputs, inputs, machine.defined);
  refuse({ problems: await overlaidDisks(machine, effective, call) });
  const macs = await settledMacs(inputs, presentMacs(request, machine), call);
  return converge({ request, inputs, machine, effective, macs }, call);
}

/** Those of the definition; where other hands took a card away, the one it had. */
const presentMacs = ({ oldState }: DiffRequest, { defined: definition }: ObservedMachine): MacAddresses => ({
  ...(oldState["macAddresses"] as MacAddresses | undefined),
  ...macAddressesOf(definition),
});

/** Networks that the program had and has no more are none; those of a machine whose networks it never spoke of stay. */
const withNetworks = (inputs: CheckedInputs, { networks }: Values): CheckedInputs =>
  inputs.networks === undefined && networks !== undefined ? { ...inputs, networks: {} } : inputs;

const gone = (name: string, uuid: string) =>
  new HostError(hostErrorCodes.noDomain, `no domain with UUID ${uuid}`, {
    doing: "updating",
    what: `VM ${name}`,
    wayOut: "It was removed from the host by other hands: run `pulumi refresh`, then `pulumi up` makes it anew.",
  });

function preview(request: DiffRequest, call: Call): Stored {
  const { news, oldState } = request;
  const decision = previewDecision(request);
  refuse(decision);
  for (const sentence of decision.live) call.log.info(sentence);
  for (const sentence of decision.notLive) call.log.warn(sentence);
  return {
    state: {
      ...news,
      effectiveDisks: news["effectiveDisks"] ?? unknown,
      uuid: oldState["uuid"] ?? unknown,
      domainType: oldState["domainType"] ?? unknown,
      runningDisks: unknown,
      ...keptAddresses(request, !decision.restarts && news["power"] === oldState["power"]),
      restartPending: unknown,
      pendingChanges: unknown,
      volumes: unknown,
    },
  };
}

function refuse({ problems }: { readonly problems: readonly Problem[] }): void {
  if (problems.length > 0) throw new RefusedError(problems);
}

interface Convergence {
  readonly macs: MacAddresses;
  readonly request: DiffRequest;
  readonly inputs: CheckedInputs;
  readonly machine: ObservedMachine;
  readonly effective: EffectiveDisks;
}

async function converge(work: Convergence, call: Call): Promise<Stored> {
  const { inputs, machine, effective } = work;
  const { log } = call;
  const parts = await seedPartsOf(work, call);
  const wantedVolumesNow = [
    ...wantedVolumes(withSeed(inputs), effective, parts.contents),
    ...(parts.ignition === undefined ? [] : [parts.ignition]),
  ];
  const survey = await surveyVolumes(wantedVolumesNow, call);
  const isPresent = ({ key }: WantedVolume) => survey.present.has(key);
  refuseForeignSeeds(wantedVolumesNow.filter(isPresent), machine.defined.metadata?.volumes ?? []);
  const plan = planOf(work, survey, parts, call.urn);
  const xml = domainXml(plan, machine.record.inactiveXml);
  const wanted = parseDomain(xml);
  const changes =
    machine.running === undefined || inputs.power === "stopped"
      ? []
      : [...pendingChanges(wanted, machine.running), ...triggerChanges(work.request)];
  const decision = planApply(changes.filter(isPending), inputs.applyChanges, changes.length > 0);
  refuse(decision);

  const leases = await planStatic(entriesOf(plan.metadata), entriesOf(machine.defined.metadata), call);
  await ensureSecrets(inputs, work.request.oldInputs as unknown as CheckedInputs, call);
  await define(work, survey, xml, call);
  await rewriteVolumes(wantedVolumesNow.filter(isPresent), parts, call);
  let problem: string | undefined;
  try {
    await applyStatic(leases, call);
    problem = await run(work, { decision, wanted, survey, plan }, call);
  } catch (error) {
    problem = await failureReason(inputs, error, effective, call);
  }
  await dropVolumes(machine.record.uuid, plan, call).catch((error: unknown) =>
    log.warn(error instanceof Error ? error.message : String(error)),
  );

  const after = await observeMachine({ uuid: machine.record.uuid }, { ...call, signal: new AbortController().signal });
  if (after === undefined) throw gone(inputs.name, machine.record.uuid);
  const outputs = outputsOf(after, effective, await observeAddresses(after, { ...call, signal: new AbortController().signal }));
  const keys = diskKeysOf(machine.defined, machine.running, after.defined);
  await dropSecrets({ name: inputs.name, keys, inputs, running: after.running }, call);
  if (problem !== undefined) throw new CreatedButFailedError(outputs.uuid, stateOf(inputs, outputs), asValues(inputs), [problem]);
  for (const sentence of recordedSentences(work.request)) log.warn(sentence);
  for (const pending of outputs.pendingChanges) log.warn(`waits for the next cold start of ${inputs.name}: ${pending}`);
  return { state: stateOf(inputs, outputs) };
}

function seedPartsOf({ inputs, machine: { defined: definition }, request: { oldInputs } }: Convergence, call: Call): Promise<SeedParts> {
  const { instanceId, volumes = [] } = definition.metadata ?? {};
  return presentSeedParts(inputs, { instanceId, volumes, oldInputs }, call);
}

function planOf(
  { inputs, machine, effective, macs, request: { oldInputs } }: Convergence,
  survey: VolumeSurvey,
  parts: SeedParts,
  urn: string,
): DomainPlan {
  const { defined: observed } = machine;
  const current = observed.domainType === "kvm" ? "kvm" : "qemu";
  // `auto` was decided when the machine was made; only a word that names an accelerator changes it.
  const domainType = inputs.accelerator === "auto" ? current : inputs.accelerator;
  const metadata = {
    urn,
    phase: "ready",
    volumes: ownedVolumes(machine, inputs, survey),
    ...defined({ instanceId: parts.instanceId }),
  } as const;
  return domainPlan(withSeed(withDevices(withNetworks(inputs, oldInputs), oldInputs)), {
    effective,
    macs,
    domainType,
    architecture: observed.architecture,
    metadata,
    observed,
    ...defined({ ignitionFile: parts.ignition?.path }),
  });
}

/** New volumes, then the definition over the old one. What libvirt refuses leaves the machine and its volumes as they were. */
async function define({ machine }: Convergence, { missing }: VolumeSurvey, xml: string, call: Call): Promise<void> {
  const made: WantedVolume[] = [];
  try {
    await createVolumes(missing, (volume) => made.push(volume), call);
    if (!sameXml(xml, machine.record.inactiveXml)) await call.services.libvirt.defineDomain(xml, { signal: call.signal });
  } catch (error) {
    await unmakeVolumes(await unnamed(made, machine, error, call), call);
    throw error instanceof HostError
      ? new HostError(error.code, error.libvirtMessage, {
          doing: "changing",
          what: `VM ${machine.record.name}`,
          wayOut: "The VM and its definition stay as they were. Correct the input that libvirt names.",
        })
      : error;
  }
}

/** The volumes that the definition does not name. After an answer that was lost it may name them; where nobody can tell, they stay. */
async function unnamed(
  made: readonly WantedVolume[],
  { record }: ObservedMachine,
  error: unknown,
  { services }: Call,
): Promise<readonly WantedVolume[]> {
  if (error instanceof HostError || made.length === 0) return made;
  const now = await services.libvirt.findDomain({ uuid: record.uuid }).catch(() => undefined);
  if (now === undefined) return [];
  const named = new Set(parseDomain(now.inactiveXml).metadata?.volumes.map(({ path }) => path));
  return made.filter(({ path }) => !named.has(path));
}

/** What the guest did not take live (a disk that it does not let go of) is applied by a restart, where the program asks for that way. */
async function howOfLeftOvers(
  wanted: ObservedDomain,
  machine: ObservedMachine,
  inputs: CheckedInputs,
  call: Call,
): Promise<ApplyPlan["how"]> {
  if (inputs.applyChanges !== "restart" || machine.record.liveXml === undefined || inputs.power === "stopped") return "none";
  const now = await observeMachine({ uuid: machine.record.uuid }, call);
  return now?.running !== undefined && pendingChanges(wanted, now.running).length > 0 ? "restart" : "none";
}

/** What is to be done, and how. */
interface Delta {
  readonly decision: ApplyPlan;
  readonly wanted: ObservedDomain;
  readonly survey: VolumeSurvey;
  readonly plan: DomainPlan;
}

/** Returns why the running machine could not take a change, where it goes on as it was. */
async function run(
  { inputs, machine, request, effective }: Convergence,
  { decision, wanted, survey, plan }: Delta,
  call: Call,
): Promise<string | undefined> {
  const { libvirt } = call.services;
  const { record } = machine;
  if (record.autostart !== inputs.autostart) await libvirt.setAutostart(record.uuid, inputs.autostart, { signal: call.signal });
  const restarts = decision.how === "restart" || inputs.power === "stopped";
  // A guest that is held cannot let go of a disk, nor give memory back.
  if (record.state === "paused" && inputs.power === "running" && !restarts)
    await libvirt.resumeDomain(record.uuid, { signal: call.signal });
  await applyLive(
    {
      machine,
      wanted,
      survey,
      disks: plan.disks,
      interfaces: plan.interfaces,
      restarts,
      memoryAsked: request.oldInputs["memory"] !== inputs.memory,
      unplugTimeoutSeconds: inputs.unplugTimeoutSeconds,
    },
    call,
  );
  const how = decision.how === "none" ? await howOfLeftOvers(wanted, machine, inputs, call) : decision.how;
  const problem = await applyToRunning({ machine, inputs, effective, how }, call);
  if (problem !== undefined) return problem;
  const now = await libvirt.findDomain({ uuid: record.uuid }, { signal: call.signal });
  if (now === undefined) throw gone(inputs.name, record.uuid);
  if (powerOf(now) !== inputs.power) await convergePower(now, inputs, call);
  const hasStarted = record.id === undefined || now.id !== record.id;
  if (hasStarted || !sameValue(request.oldInputs["networks"], inputs.networks)) await awaitAddress(record.uuid, inputs, call);
  return undefined;
}
