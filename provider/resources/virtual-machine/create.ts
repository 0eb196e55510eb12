// create: defines the machine, makes its volumes and brings it into the asked state.
import { CreatedButFailedError, RefusedError } from "../../errors";
import type { DomainRecord } from "../../libvirt/port";
import type { DomainPlan, OwnedVolume } from "../../plan/domain";
import type { PlatformFacts } from "../../plan/facts";
import { domainXml } from "../../xml/domain-xml";
import { parseDomain } from "../../xml/parse-domain";
import type { Call, Created, Values } from "../resource";
import { unknown } from "../resource";
import { asValues, defined, without } from "../values";
import { clearAbandoned, thisMaker } from "./abandoned";
import { withSeed } from "./cloud-init";
import type { SeedParts } from "./cloud-init-volumes";
import { newSeedParts, refuseForeignSeeds } from "./cloud-init-volumes";
import type { CheckedInputs } from "./contract";
import { dropSecrets, ensureSecrets } from "./disk-secrets";
import type { EffectiveDisks } from "./domain-plan";
import { chooseAccelerator, domainPlan } from "./domain-plan";
import { awaitAddress, observeAddresses } from "./addresses";
import type { MacAddresses } from "./network-plan";
import { settledMacs } from "./network-macs";
import { previewAddresses } from "./network-preview";
import { convergePower } from "./power";
import { settledDisks } from "./settled-disks";
import { failureReason } from "./start-failure";
import type { StaticPlan } from "./static-addresses";
import { applyStatic, entriesOf, planStatic } from "./static-addresses";
import { observedMachine, outputsOf, stateOf } from "./state";
import type { VolumeSurvey, WantedVolume } from "./volumes";
import { createVolumes, growVolumes, refuseMissingVolumes, surveyVolumes, unmakeVolumes, wantedVolumes } from "./volumes";

export async function create(
  { inputs: values, preview }: { readonly inputs: Values; readonly preview: boolean },
  call: Call,
): Promise<Created> {
  if (preview) return { id: "", state: previewState(values) };
  const asked = values as unknown as CheckedInputs;
  const inputs = withSeed(asked);
  await clearAbandoned(call);
  await refuseTakenName(inputs, call);
  const effective = await settledDisks(inputs, undefined, call);
  await refuseMissingVolumes(inputs, call);
  const parts = await newSeedParts(asked, async () => (await platformOf(inputs, call)).architecture, call);
  const wanted = [...wantedVolumes(inputs, effective, parts.contents), ...(parts.ignition === undefined ? [] : [parts.ignition])];
  const survey = await surveyVolumes(wanted, call);
  refuseForeignSeeds(
    wanted.filter(({ key }) => survey.present.has(key)),
    [],
  );
  warnOfFoundVolumes(inputs, survey.present, effective, call);

  const macs = await settledMacs(inputs, {}, call);
  const plan = await planOf(inputs, effective, { missing: survey.missing, parts, macs }, call);
  const leases = await planStatic(entriesOf(plan.metadata), [], call);
  const { uuid } = await call.services.libvirt.defineDomain(domainXml(plan), { signal: call.signal });
  await makeParts(uuid, asked, survey, call);
  return finish(uuid, asked, effective, { plan, leases }, call);
}

/** What a preview can say: everything asked and planned; what only the host gives is unknown. */
function previewState(inputs: Values): Values {
  return {
    ...inputs,
    effectiveDisks: inputs["effectiveDisks"] ?? unknown,
    uuid: unknown,
    domainType: inputs["accelerator"] === "kvm" || inputs["accelerator"] === "qemu" ? inputs["accelerator"] : unknown,
    runningDisks: unknown,
    ...previewAddresses(inputs),
    restartPending: false,
    pendingChanges: [],
    volumes: unknown,
  };
}

async function refuseTakenName({ name }: CheckedInputs, { services, signal }: Call): Promise<void> {
  const taken = await services.libvirt.findDomain({ name }, { signal });
  if (taken === undefined) return;
  const reason = `is ${JSON.stringify(name)}, and the host has a VM of that name already (${taken.uuid}). Give another name, or take that VM over: pulumi import kvm:index:VirtualMachine … ${name}.`;
  throw new RefusedError([{ path: "name", reason }]);
}

/** A volume that was there before is used as it is, and is not ours: it stays when the VM goes. */
function warnOfFoundVolumes(inputs: CheckedInputs, present: ReadonlySet<string>, effective: EffectiveDisks, { log }: Call): void {
  for (const key of present) {
    log.warn(
      `disks.${key}: the volume ${effective[key]?.path ?? key} is there already. It is used with the data it holds, and kept when ${inputs.name} is deleted.`,
    );
  }
}

const ownedOf = ({ key, pool, name, path, keep }: WantedVolume): OwnedVolume => ({ key, pool, name, path, keep });

const platformOf = async ({ host }: CheckedInputs, { services, signal }: Call): Promise<PlatformFacts> =>
  host?.facts ?? (await services.host.observePlatform({ depth: "probe", signal }));

async function planOf(
  inputs: CheckedInputs,
  effective: EffectiveDisks,
  { missing, parts, macs }: { readonly missing: readonly WantedVolume[]; readonly parts: SeedParts; readonly macs: MacAddresses },
  call: Call,
): Promise<DomainPlan> {
  const { log, urn } = call;
  const platform = await platformOf(inputs, call);
  const { domainType, warning } = chooseAccelerator(inputs.accelerator, platform);
  if (warning !== undefined) log.warn(warning);
  const metadata = {
    urn,
    phase: "creating",
    maker: thisMaker(),
    volumes: missing.map(ownedOf),
    ...defined({ instanceId: parts.instanceId }),
  } as const;
  return domainPlan(inputs, {
    effective,
    macs,
    domainType,
    architecture: platform.architecture,
    metadata,
    ...defined({ ignitionFile: parts.ignition?.path }),
  });
}

/** Secrets and volumes. When one cannot be made, nothing is left: the definition, which names them, goes last. */
async function makeParts(uuid: string, inputs: CheckedInputs, survey: VolumeSurvey, call: Call): Promise<void> {
  const made: WantedVolume[] = [];
  try {
    await ensureSecrets(inputs, undefined, call);
    await createVolumes(survey.missing, (volume) => made.push(volume), call);
    await growVolumes(survey, undefined, call);
  } catch (error) {
    try {
      await unmakeVolumes(made, call);
      const keys = Object.keys(inputs.disks ?? {});
      await dropSecrets({ name: inputs.name, keys }, { ...call, signal: new AbortController().signal });
      await call.services.libvirt.undefineDomain(uuid);
    } catch (second) {
      call.log.warn(
        `What was made so far could not be cleared away; the next run does it. ${second instanceof Error ? second.message : ""}`,
      );
    }
    throw error;
  }
}

/** What is to be finished. */
interface Made {
  readonly plan: DomainPlan;
  readonly leases: StaticPlan;
}

async function finish(
  uuid: string,
  inputs: CheckedInputs,
  effective: EffectiveDisks,
  { plan, leases }: Made,
  call: Call,
): Promise<Created> {
  const { libvirt } = call.services;
  const find = async (options: { signal?: AbortSignal } = {}) => {
    const record = await libvirt.findDomain({ uuid }, options);
    if (record === undefined) throw new Error(`${inputs.name} vanished while it was being made.`);
    return record;
  };
  try {
    if (inputs.autostart) await libvirt.setAutostart(uuid, true, { signal: call.signal });
    await applyStatic(leases, call);
    const stopped = await find({ signal: call.signal });
    await convergePower(stopped, inputs, call);
    const record = await markReady(await find(), plan, call);
    await awaitAddress(uuid, inputs, call);
    const machine = observedMachine(await latest(record, call));
    return { id: uuid, state: stateOf(inputs, outputsOf(machine, effective, await observeAddresses(machine, call))) };
  } catch (error) {
    const reason = await failureReason(inputs, error, effective, call);
    // Reported to the engine, it is no longer a half-made machine that the next run clears away.
    const record = await markReady(await find(), plan, call);
    const state = stateOf(inputs, outputsOf(observedMachine(record), effective));
    throw new CreatedButFailedError(uuid, state, asValues(inputs), [reason]);
  }
}

/** The record as it is by now: an agent may have come, or the guest have stopped, while an address was waited for. */
const latest = async (record: DomainRecord, { services }: Call): Promise<DomainRecord> =>
  (await services.libvirt.findDomain({ uuid: record.uuid })) ?? record;

/** Writes into the definition that the machine has been made; returns the record with that definition. */
async function markReady(record: DomainRecord, plan: DomainPlan, { services }: Call): Promise<DomainRecord> {
  const observed = parseDomain(record.inactiveXml);
  const inactiveXml = domainXml(
    {
      ...plan,
      uuid: record.uuid,
      ...(plan.machine === undefined ? {} : { machine: observed.machine }),
      metadata: { ...without(plan.metadata, "maker"), phase: "ready" },
    },
    record.inactiveXml,
  );
  await services.libvirt.defineDomain(inactiveXml);
  return { ...record, inactiveXml };
}
