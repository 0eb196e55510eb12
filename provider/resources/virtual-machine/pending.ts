// Which parts of a definition a running machine does not have yet: asked, effective and running are three values. Pure.
import type { ObservedDisk, ObservedDomain } from "../../plan/domain";
import type { DriverSettings } from "../../plan/settings";
import { driverFields } from "../../plan/settings";
import type { ChangeEffect } from "../../plan/field-effects";
import type { PendingChange } from "../../plan/plan-apply";
import { propertyPath } from "../property-path";
import { sameValue, without } from "../values";
import { devicesPending } from "./devices-changes";
import { networkPending } from "./network-pending";
import { platformPending } from "./platform-changes";

/** What QEMU does where a definition leaves the attribute out: the mode that really runs. */
const hypervisorDefaults = { cache: "writeback", io: "threads", discard: "ignore", detectZeroes: "off" } as const satisfies DriverSettings;

/** What a disk does that takes none of these attributes: QEMU drives the device itself, or hands the guest's requests on. */
const passthroughDriver = { cache: "none", io: "native", discard: "ignore", detectZeroes: "off" } as const satisfies DriverSettings;
const passthroughTypes: ReadonlySet<string> = new Set(["nvme", "vhostuser"]);

/** libvirt adds cache='none' to a live shareable disk that has no attribute. */
const shareableCache = "none";

/** The settings a disk of a definition has, with absent attributes as the hypervisor takes them. */
export function driverOf(disk: ObservedDisk): Record<keyof DriverSettings, string> {
  const { cache, io, discard, detectZeroes, sourceType } = disk;
  if (passthroughTypes.has(sourceType)) return passthroughDriver;
  const given = cache === "default" ? undefined : cache;
  return {
    cache: given ?? (disk.shareable ? shareableCache : hypervisorDefaults.cache),
    io: io ?? hypervisorDefaults.io,
    discard: discard ?? hypervisorDefaults.discard,
    detectZeroes: detectZeroes ?? hypervisorDefaults.detectZeroes,
  };
}

/** A difference between two definitions of a machine, and what it costs to remove it. */
export interface MachineChange {
  readonly path: string;
  readonly effect: ChangeEffect;
  readonly from: string;
  readonly to: string;
}

/** Those that the running machine cannot take live. */
export const isPending = (change: MachineChange): change is MachineChange & PendingChange =>
  change.effect === "suspend" || change.effect === "restart";

const change = (path: string, effect: ChangeEffect, from: unknown, to: unknown): MachineChange[] =>
  sameValue(from, to) ? [] : [{ path, effect, from: shown(from), to: shown(to) }];

const shown = (value: unknown): string => (value === undefined ? "none" : typeof value === "string" ? value : JSON.stringify(value));

/** Top-level fields that only a cold start changes. */
const coldFields = ["domainType", "machine", "directBoot", "ignitionFile", "serial"] as const;
const inputNames: Partial<Record<(typeof coldFields)[number], string>> = {
  domainType: "accelerator",
  ignitionFile: "ignition",
};

function machineChanges(wanted: ObservedDomain, running: ObservedDomain): MachineChange[] {
  const kib = (value: number) => `${value} KiB`;
  return [
    ...coldFields.flatMap((field) => change(inputNames[field] ?? field, "restart", running[field], wanted[field])),
    ...(cpuModeDiffers(wanted, running) ? change("cpuMode", "restart", running.cpuMode, wanted.cpuMode) : []),
    ...change("maxCpus", "restart", running.maxCpus, wanted.maxCpus),
    ...(wanted.cpus <= running.maxCpus && wanted.maxCpus === running.maxCpus ? change("cpus", "live", running.cpus, wanted.cpus) : []),
    ...platformPending(wanted, running),
    ...fragmentChanges(wanted, running),
    ...instanceChanges(wanted, running),
    ...change("maxMemory", "restart", kib(running.maxMemoryKiB), kib(wanted.maxMemoryKiB)),
  ];
}

/** The user's own XML: what the run was started with stands in its notes. */
function fragmentChanges(wanted: ObservedDomain, running: ObservedDomain): MachineChange[] {
  const digests = ({ metadata }: ObservedDomain) => new Map((metadata?.fragments ?? []).map(({ key, digest }) => [key, digest]));
  const [now, then] = [digests(wanted), digests(running)];
  const word = (isThere: boolean, isOther: boolean) => (isThere ? (isOther ? "the new one" : "there") : undefined);
  return [...new Set([...now.keys(), ...then.keys()])]
    .filter((key) => now.get(key) !== then.get(key))
    .flatMap((key) => change(propertyPath(["xml", key]), "restart", word(then.has(key), false), word(now.has(key), then.has(key))));
}

/** cloud-init's seed, by the name of the instance that it makes: a guest reads it when it boots. One that is gone has done its work. */
function instanceChanges({ metadata: wanted }: ObservedDomain, { metadata: running }: ObservedDomain): MachineChange[] {
  return wanted?.instanceId === undefined ? [] : change("cloudInit", "restart", running?.instanceId, wanted.instanceId);
}

/** A live definition shows what host-model, or no mode at all, was expanded to: "custom". */
const cpuModeDiffers = (wanted: ObservedDomain, running: ObservedDomain) =>
  wanted.cpuMode !== running.cpuMode &&
  !(running.cpuMode === "custom" && (wanted.cpuMode === undefined || wanted.cpuMode === "host-model"));

/** What of a disk only a cold start changes; its driver settings come apart from these. */
const diskIdentity = (disk: ObservedDisk) => ({
  source: disk.path,
  device: disk.device,
  bus: disk.bus,
  format: disk.format,
  readonly: disk.readonly,
  shareable: disk.shareable,
  serial: disk.serial,
  wwn: disk.tuning?.wwn,
  bootOrder: disk.bootOrder,
  iothread: disk.tuning?.iothread,
  queues: disk.tuning?.queues,
  discardNoUnref: disk.tuning?.discardNoUnref ?? false,
  // By name: libvirt fills ports in.
  network: disk.source?.type === "network" ? disk.source.hosts.map(({ name }) => name) : undefined,
});

/** Limits without the group, in which a running disk stays. */
const limitsOf = ({ tuning }: ObservedDisk) => (tuning?.throttle === undefined ? {} : without(tuning.throttle, "group"));

function diskChanges(wanted: ObservedDisk, running: ObservedDisk): MachineChange[] {
  const [asked, actual] = [diskIdentity(wanted), diskIdentity(running)];
  const fields = Object.keys(asked) as (keyof typeof asked)[];
  const [driver, runs] = [driverOf(wanted), driverOf(running)];
  return [
    ...fields.flatMap((field) => change(propertyPath(["disks", wanted.key, field]), "restart", actual[field], asked[field])),
    ...driverFields.flatMap((field) => change(propertyPath(["disks", wanted.key, field]), "suspend", runs[field], driver[field])),
    ...change(propertyPath(["disks", wanted.key, "throttle"]), "live", limitsOf(running), limitsOf(wanted)),
    ...change(
      propertyPath(["disks", wanted.key, "throttle", "groupName"]),
      "restart",
      running.tuning?.throttle?.group,
      wanted.tuning?.throttle?.group,
    ),
  ];
}

/** Every difference between what is defined and what runs that a cold start would remove. `live` ones can be made at once. */
export function pendingChanges(wanted: ObservedDomain, running: ObservedDomain): MachineChange[] {
  const keys = new Set(wanted.disks.map(({ key }) => key));
  const matched = new Map(wanted.disks.map((disk) => [disk, runningDisk(disk, running, keys)]));
  return [
    ...machineChanges(wanted, running),
    ...wanted.disks.flatMap((disk) => {
      const now = matched.get(disk);
      return now === undefined
        ? change(propertyPath(["disks", disk.key]), "live", undefined, disk.path ?? "an empty drive")
        : diskChanges(disk, now);
    }),
    ...networkPending(wanted, running),
    ...devicesPending(wanted, running),
    ...removedDisks(wanted, running).flatMap((disk) =>
      change(propertyPath(["disks", disk.key]), removalEffect(disk), disk.path ?? "an empty drive", undefined),
    ),
  ];
}

/** Buses whose disks a running machine lets go of, if its guest does. */
const unpluggableBuses: ReadonlySet<string | undefined> = new Set(["virtio", "scsi", "usb"]);

const removalEffect = ({ bus, device }: ObservedDisk): ChangeEffect =>
  unpluggableBuses.has(bus) && device === "disk" ? "live" : "restart";

/** The disks of a running machine that its definition does not have any more. */
export function removedDisks(wanted: ObservedDomain, running: ObservedDomain): ObservedDisk[] {
  const keys = new Set(wanted.disks.map(({ key }) => key));
  const found = new Set(wanted.disks.map((disk) => runningDisk(disk, running, keys)));
  return running.disks.filter((disk) => !found.has(disk));
}

/** Whether a running machine may be asked to let go of the disk. */
export const canUnplug = (disk: ObservedDisk): boolean => removalEffect(disk) === "live";

/** By key, which a change of bus does not touch; else by target: a live definition may lack the key of an imported disk. */
function runningDisk({ key, target }: ObservedDisk, running: ObservedDomain, keys: ReadonlySet<string>): ObservedDisk | undefined {
  return running.disks.find((disk) => disk.key === key) ?? running.disks.find((disk) => disk.target === target && !keys.has(disk.key));
}

export const pendingSentence = ({ path, from, to }: MachineChange): string => `${path}: ${from} => ${to}`;

/** The parts of such a sentence, as the state keeps it. */
export function partsOfSentence(sentence: string): Omit<MachineChange, "effect"> | undefined {
  const [, path, from, to] = /^(\S+): ([^]*?) => ([^]*)$/.exec(sentence) ?? [];
  return path === undefined || from === undefined || to === undefined ? undefined : { path, from, to };
}
