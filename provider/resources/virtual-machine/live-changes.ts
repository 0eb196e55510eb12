// The changes that a running machine takes at once: description, memory within its maximum, CPUs, disks and network cards in and out, limits, growth. Converges the host.
import { HostError } from "../../errors";
import { isDirectIoRefusal } from "../../libvirt/direct-io-refusal";
import { storageRefusal } from "../../libvirt/storage-refusal";
import type { DomainDisk, DomainInterface, ObservedDomain } from "../../plan/domain";
import { diskXml } from "../../xml/disk-xml";
import { blockIoTuneOf } from "../../xml/iotune";
import { propertyPath } from "../property-path";
import type { Call } from "../resource";
import { defaultUnplugTimeoutSeconds } from "./contract";
import { applyDevices } from "./devices-live";
import { applyNetworks } from "./network-live";
import { canUnplug, pendingChanges, removedDisks } from "./pending";
import type { ObservedMachine } from "./state";
import type { VolumeSurvey } from "./volumes";
import { growVolumes } from "./volumes";
import { unplugLive, type Attempt } from "./unplug-live";

export interface LiveWork {
  readonly machine: ObservedMachine;
  /** The definition as it is now, parsed. */
  readonly wanted: ObservedDomain;
  readonly disks: readonly DomainDisk[];
  readonly interfaces: readonly DomainInterface[] | undefined;
  readonly survey: VolumeSurvey;
  /** A stop follows, and the next start brings everything but growth. */
  readonly restarts: boolean;
  readonly memoryAsked: boolean;
  readonly unplugTimeoutSeconds: number | undefined;
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
  await setLifecycleActions(work, running, call);
  const attempt = (path: string, change: () => Promise<void>) => orPending(path, change, call);
  await unplugDisks(work, running, attempt, call);
  await plugDisks(work, running, call);
  await limitDisks(work, running, call);
  const networks = {
    ...work,
    interfaces: work.interfaces ?? [],
    running,
    liveXml: machine.record.liveXml,
    unplugTimeoutSeconds: unplugSeconds(work),
  };
  await applyNetworks(networks, attempt, call);
  await applyDevices({ ...networks, uuid }, attempt, call);
}

/** A reboot that restarts comes first, one that does not last: together with `onPoweroff: restart` libvirt takes the first only. */
async function setLifecycleActions({ machine, wanted }: LiveWork, running: ObservedDomain, call: Call): Promise<void> {
  const events = [["onPoweroff", "poweroff"] as const, ["onCrash", "crash"] as const];
  const reboot = ["onReboot", "reboot"] as const;
  for (const [field, event] of wanted.platform?.onReboot === "restart" ? [reboot, ...events] : [...events, reboot]) {
    const action = wanted.platform?.[field];
    if (action === undefined || action === running.platform?.[field]) continue;
    const set = () => call.services.libvirt.setLiveLifecycleAction(machine.record.uuid, { event, action }, { signal: call.signal });
    await orPending(field, set, call);
  }
}

/** What the guest or the machine type does not allow live waits for the next cold start, and is said. */
async function orPending(
  path: string,
  work: () => Promise<void>,
  { log }: Call,
  isFailure: (error: HostError) => boolean = () => false,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    if (isFailure(error)) throw new HostError(error.code, error.libvirtMessage, { doing: "Changing", what: path });
    log.warn(`${path}: could not be changed while the VM runs (${error.libvirtMessage}); it waits for the next cold start.`);
  }
}

const unplugSeconds = ({ unplugTimeoutSeconds }: LiveWork) => unplugTimeoutSeconds ?? defaultUnplugTimeoutSeconds;

/** Disks of ours that are gone from the definition; the guest decides whether it lets go of them now. */
async function unplugDisks(work: LiveWork, running: ObservedDomain, attempt: Attempt, call: Call): Promise<void> {
  const { uuid } = work.machine.record;
  for (const { key, alias } of removedDisks(work.wanted, running).filter(canUnplug)) {
    await unplugLive({ path: `disks.${key}`, alias, what: "disk" }, { uuid, unplugTimeoutSeconds: unplugSeconds(work) }, attempt, call);
  }
}

async function limitDisks({ machine, wanted }: LiveWork, running: ObservedDomain, call: Call): Promise<void> {
  const limited = pendingChanges(wanted, running).filter(({ path, effect }) => effect === "live" && path.endsWith(".throttle"));
  for (const disk of wanted.disks.filter(({ key }) => limited.some(({ path }) => path === propertyPath(["disks", key, "throttle"])))) {
    const limits = blockIoTuneOf(disk.tuning?.throttle);
    const set = () => call.services.libvirt.setLiveBlockIoTune(machine.record.uuid, disk.target, limits, { signal: call.signal });
    await orPending(`disks.${disk.key}.throttle`, set, call);
  }
}

async function plugDisks({ disks, machine }: LiveWork, running: ObservedDomain, call: Call): Promise<void> {
  const present = new Set(running.disks.flatMap(({ target, key }) => [`target ${target}`, `key ${key}`]));
  for (const disk of disks.filter(({ target, key }) => !present.has(`target ${target}`) && !present.has(`key ${key}`))) {
    const path = `disks.${disk.key}`;
    const plug = () => call.services.libvirt.attachLiveDevice(machine.record.uuid, diskXml(disk), { signal: call.signal });
    await orPending(path, plug, call, isUnopened);
  }
}

/** Its data cannot be opened: a cold start could not either, so that it is no matter of waiting. */
const isUnopened = ({ libvirtMessage }: HostError): boolean =>
  isDirectIoRefusal(libvirtMessage) || storageRefusal(libvirtMessage) !== undefined;
