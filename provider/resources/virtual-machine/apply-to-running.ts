// Brings what is defined to a machine that runs or lies saved, the way the user chose: by save and restore, or by a restart. Converges the host.
import type { ApplyPlan } from "../../plan/plan-apply";
import { driverSettingsXml } from "../../xml/disk-xml";
import { parseDomain } from "../../xml/parse-domain";
import type { Call } from "../resource";
import type { CheckedInputs } from "./contract";
import type { EffectiveDisks } from "./domain-plan";
import { stopGracefully } from "./power";
import { explained } from "./start-failure";
import type { ObservedMachine } from "./state";

export interface RunningWork {
  readonly machine: ObservedMachine;
  readonly inputs: CheckedInputs;
  readonly effective: EffectiveDisks;
  readonly how: ApplyPlan["how"];
}

/** Returns why the machine could not take it, where it goes on as it was. */
export async function applyToRunning(work: RunningWork, call: Call): Promise<string | undefined> {
  if (work.how === "suspend") return saveAndRestore(work, call);
  if (work.how === "restart") await restart(work, call);
  return undefined;
}

/** Managed save, the new driver settings written into the saved definition, start: the guest goes on where it was. */
async function saveAndRestore(work: RunningWork, call: Call): Promise<string | undefined> {
  const { machine, effective, inputs } = work;
  const { services, signal, log } = call;
  const { libvirt } = services;
  const { uuid, name, liveXml } = machine.record;
  if (liveXml !== undefined) {
    log.status(`saving ${name}; the guest is held for the moment`);
    await libvirt.saveDomain(uuid, { signal });
  }
  // From here on nothing stops the work half-way: the guest would be left lying.
  let before: string | undefined;
  try {
    before = await libvirt.savedXml(uuid);
    await libvirt.redefineSaved(uuid, withSettings(before, effective));
    log.status(`resuming ${name} with the new disk settings`);
    await libvirt.startDomain(uuid, { paused: inputs.power === "paused" });
    return undefined;
  } catch (error) {
    return bringBack(work, before, await explained(work.inputs, error, effective, call), call);
  }
}

/** The saved definition with the new settings of the disks that it has: a new disk may not be in it. */
function withSettings(savedXml: string, effective: EffectiveDisks): string {
  const settings = parseDomain(savedXml).disks.flatMap(({ key, target }) => {
    const disk = effective[key] ?? Object.values(effective).find((each) => each.target === target);
    if (disk === undefined) return [];
    const { cache, io, discard, detectZeroes } = disk;
    return [[target, { cache, io, discard, detectZeroes }] as const];
  });
  return driverSettingsXml(savedXml, new Map(settings));
}

/** A failed restore leaves the image intact: with the old definition in it the guest comes back as it was. */
async function bringBack({ machine, inputs }: RunningWork, before: string | undefined, why: string, { services }: Call): Promise<string> {
  const { uuid, name } = machine.record;
  const failed = `${name} could not be resumed with the new disk settings`;
  try {
    if (before !== undefined) await services.libvirt.redefineSaved(uuid, before);
    await services.libvirt.startDomain(uuid, { paused: inputs.power === "paused" });
    return `${failed}, and was brought back with the old ones; no guest state is lost. ${why}`;
  } catch (error) {
    const nor = error instanceof Error ? error.message : String(error);
    return `${failed}: ${why} It lies saved with all its state, as it could not be resumed with the old ones either: ${nor} The next update tries again.`;
  }
}

async function restart({ machine, inputs }: RunningWork, call: Call): Promise<void> {
  const { libvirt } = call.services;
  const { signal, log } = call;
  const { record } = machine;
  // A saved guest is woken first, so that it can stop in good order.
  if (record.liveXml === undefined) await libvirt.startDomain(record.uuid, { signal });
  if (record.state === "paused") await libvirt.resumeDomain(record.uuid, { signal });
  await stopGracefully(record, inputs, call);
  log.status(`starting ${record.name}`);
  await libvirt.startDomain(record.uuid, { signal, paused: inputs.power === "paused" });
}
