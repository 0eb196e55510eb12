// Brings what is defined to a machine that runs or lies saved, the way the user chose: by save and restore, or by a restart. Converges the host.
import type { ApplyPlan } from "../../plan/plan-apply";
import { driverSettingsXml } from "../../xml/disk-xml";
import type { Call } from "../resource";
import type { CheckedInputs } from "./contract";
import type { EffectiveDisks } from "./domain-plan";
import { stopGracefully } from "./power";
import type { ObservedMachine } from "./state";

export interface RunningWork {
  readonly machine: ObservedMachine;
  readonly inputs: CheckedInputs;
  readonly effective: EffectiveDisks;
  readonly how: ApplyPlan["how"];
}

export async function applyToRunning(work: RunningWork, call: Call): Promise<void> {
  if (work.how === "suspend") await saveAndRestore(work, call);
  if (work.how === "restart") await restart(work, call);
}

/** Managed save, the new driver settings written into the saved definition, start: the guest goes on where it was. */
async function saveAndRestore({ machine, effective, inputs }: RunningWork, { services: { libvirt }, signal, log }: Call): Promise<void> {
  const { uuid, name, liveXml } = machine.record;
  if (liveXml !== undefined) {
    log.status(`saving ${name}; the guest is held for the moment`);
    await libvirt.saveDomain(uuid, { signal });
  }
  const before = await libvirt.savedXml(uuid);
  const settings = new Map(
    Object.values(effective).map(({ target, cache, io, discard, detectZeroes }) => [target, { cache, io, discard, detectZeroes }]),
  );
  try {
    await libvirt.redefineSaved(uuid, driverSettingsXml(before, settings));
    if (inputs.power === "stopped") return;
    log.status(`resuming ${name} with the new disk settings`);
    await libvirt.startDomain(uuid);
  } catch (error) {
    // A failed restore leaves the image intact: with the old definition in it the guest comes back as it was.
    await libvirt.redefineSaved(uuid, before);
    if (inputs.power !== "stopped") await libvirt.startDomain(uuid);
    const detail = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${name} could not be resumed with the new disk settings, and was brought back with the old ones; no guest state is lost. ${detail}`,
    );
  }
}

async function restart({ machine, inputs }: RunningWork, call: Call): Promise<void> {
  const { libvirt } = call.services;
  const { signal, log } = call;
  const { record } = machine;
  // A saved guest is woken first, so that it can stop in good order.
  if (record.liveXml === undefined) await libvirt.startDomain(record.uuid, { signal });
  if (record.state === "paused") await libvirt.resumeDomain(record.uuid, { signal });
  await stopGracefully(record, inputs.shutdownTimeoutSeconds, call);
  log.status(`starting ${record.name}`);
  await libvirt.startDomain(record.uuid, { signal, paused: inputs.power === "paused" });
}
