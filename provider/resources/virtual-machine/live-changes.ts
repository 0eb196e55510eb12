// The changes that a running machine takes at once: description, memory within its maximum, CPUs, new disks, growth. Converges the host.
import { HostError } from "../../errors";
import type { DomainDisk, ObservedDomain } from "../../plan/domain";
import { diskXml } from "../../xml/disk-xml";
import type { Call } from "../resource";
import type { ObservedMachine } from "./state";
import type { VolumeSurvey } from "./volumes";
import { growVolumes } from "./volumes";

export interface LiveWork {
  readonly machine: ObservedMachine;
  /** The definition as it is now, parsed. */
  readonly wanted: ObservedDomain;
  readonly disks: readonly DomainDisk[];
  readonly survey: VolumeSurvey;
  /** A stop follows, and the next start brings everything but growth. */
  readonly restarts: boolean;
  readonly memoryAsked: boolean;
}

export async function applyLive(work: LiveWork, call: Call): Promise<void> {
  const { machine, wanted, restarts, survey } = work;
  await growVolumes(survey, machine, call);
  if (machine.record.liveXml === undefined || machine.running === undefined || restarts) return;
  const running = machine.running;
  const { uuid } = machine.record;
  const { libvirt } = call.services;
  const options = { signal: call.signal };
  if (running.description !== wanted.description) await libvirt.setLiveDescription(uuid, wanted.description ?? "", options);
  const memoryChanges = work.memoryAsked || wanted.memoryKiB !== machine.defined.memoryKiB;
  if (memoryChanges && wanted.memoryKiB <= running.maxMemoryKiB) {
    await orPending("memory", () => libvirt.setLiveMemory(uuid, wanted.memoryKiB, options), call);
  }
  if (wanted.cpus !== running.cpus && wanted.cpus <= running.maxCpus) {
    await orPending("cpus", () => libvirt.setLiveVcpus(uuid, wanted.cpus, options), call);
  }
  await plugDisks(work, running, call);
}

/** What the guest or the machine type does not allow live waits for the next cold start, and is said. */
async function orPending(path: string, work: () => Promise<void>, { log }: Call): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    log.warn(`${path}: could not be changed while the VM runs (${error.libvirtMessage}); it waits for the next cold start.`);
  }
}

async function plugDisks({ disks, machine }: LiveWork, running: ObservedDomain, call: Call): Promise<void> {
  const present = new Set(running.disks.flatMap(({ target, key }) => [`target ${target}`, `key ${key}`]));
  for (const disk of disks.filter(({ target, key }) => !present.has(`target ${target}`) && !present.has(`key ${key}`))) {
    const plug = () => call.services.libvirt.attachLiveDevice(machine.record.uuid, diskXml(disk), { signal: call.signal });
    await orPending(`disks.${disk.key}`, plug, call);
  }
}
