// Checked inputs and effective disks -> the machine as decided, which provider/xml writes. Pure.
import { assignTargets, targetPrefix } from "../../plan/disk-targets";
import type {
  DiskBus,
  DiskSource,
  DiskThrottle,
  DiskTuning,
  DomainDisk,
  DomainInterface,
  DomainPlan,
  ManagedMetadata,
  ObservedDomain,
  OwnedVolume,
} from "../../plan/domain";
import { diskBuses } from "../../plan/domain";
import type { PlatformFacts } from "../../plan/facts";
import { marksOf } from "../../xml/fragments";
import { BugError } from "../../errors";
import { defined, sizeBytes } from "../values";
import type { CheckedInputs, DiskInputs, EffectiveDisk } from "./contract";
import { askedMaps, characterSource, domainDevices } from "./devices-plan";
import { namedSource, networkSource } from "./disk-sources";
import type { MacAddresses } from "./network-plan";
import { domainInterfaces, managedNetworks } from "./network-plan";
import { cpuFeaturesNote, domainPlatform } from "./platform-fields";
import type { DiskLayout } from "./disk-layout";
import { diskLayouts } from "./disk-layout";

const bytesPerKiB = 1024;

export function kibOf(size: string): number {
  const bytes = sizeBytes(size);
  if (bytes === undefined) throw new BugError(`The size ${JSON.stringify(size)} passed the check but cannot be read.`);
  return Math.ceil(bytes / bytesPerKiB);
}

export type EffectiveDisks = Readonly<Record<string, EffectiveDisk>>;

/** What a plan is made from, besides the inputs. */
export interface PlanBasis {
  readonly effective: EffectiveDisks;
  readonly domainType: "kvm" | "qemu";
  readonly architecture: string;
  readonly metadata: Omit<ManagedMetadata, "disks" | "interfaces" | "cpuFeatures" | "devices">;
  /** The MAC address of each network card for which the program names none. */
  readonly macs?: MacAddresses | undefined;
  /** Ignition's file on the host. */
  readonly ignitionFile?: string | undefined;
  /** The definition as it is, for an update. */
  readonly observed?: ObservedDomain | undefined;
}

/** libvirt answers "q35" with the versioned machine behind it; that is no change. */
const machineAliases: Readonly<Record<string, RegExp>> = { q35: /^pc-q35-/, pc: /^pc-i440fx-/, virt: /^virt-/ };

export const sameMachine = (asked: string, actual: string): boolean => asked === actual || (machineAliases[asked]?.test(actual) ?? false);

const keptMachine = (asked: string | undefined, observed: ObservedDomain | undefined): string | undefined =>
  asked !== undefined && observed !== undefined && sameMachine(asked, observed.machine) ? observed.machine : asked;

export function domainPlan(inputs: CheckedInputs, basis: PlanBasis): DomainPlan {
  const { observed, effective, domainType, architecture, metadata } = basis;
  const memoryKiB = kibOf(inputs.memory);
  const networks = managedNetworks(inputs.networks, observed);
  const interfaces = networks && domainInterfaces(networks, basis.macs ?? {}, observed?.interfaces);
  return {
    name: inputs.name,
    ...defined({
      uuid: observed?.uuid,
      description: inputs.description,
      machine: keptMachine(inputs.machine, observed),
      cpuMode: inputs.cpuMode,
      platform: domainPlatform(inputs),
      directBoot: inputs.directBoot,
      ignitionFile: basis.ignitionFile,
      serial: inputs.serial && characterSource(inputs.serial),
      devices: domainDevices(inputs),
      iothreads: iothreadsOf(inputs.disks),
      fragments: inputs.xml,
    }),
    domainType,
    architecture,
    cpus: inputs.cpus,
    maxCpus: inputs.maxCpus ?? inputs.cpus,
    memoryKiB,
    maxMemoryKiB: inputs.maxMemory === undefined ? memoryKiB : kibOf(inputs.maxMemory),
    disks: diskLayouts(inputs.disks, effective).map((layout) => domainDisk(inputs.name, layout, effective)),
    ...(interfaces === undefined ? {} : { interfaces }),
    metadata: {
      ...metadata,
      ...metadataInterfaces(interfaces, networks),
      ...cpuFeaturesNote(inputs),
      ...devicesNote(inputs),
      disks: metadataDisks(inputs, effective),
      ...fragmentMarks(inputs),
    },
  };
}

function effectiveOf(effective: EffectiveDisks, key: string): EffectiveDisk {
  const disk = effective[key];
  if (disk === undefined) throw new BugError(`The disk ${JSON.stringify(key)} has no effective settings.`);
  return disk;
}

/** Volume groups and partition tables give whole extents: a device may be larger than was asked for by less than one of any usual size. */
const largestExtentBytes = 64 * 2 ** 20;

/** Whether a volume of `foundBytes` is what `askedBytes` makes. */
export function isSizeAsked(path: string | undefined, askedBytes: number, foundBytes: number): boolean {
  const extraBytes = foundBytes - askedBytes;
  return extraBytes === 0 || (path !== undefined && isDevice(path) && extraBytes > 0 && extraBytes < largestExtentBytes);
}

/** /dev/shm is a file system like any other. */
const isDevice = (path: string) => path.startsWith("/dev/") && !path.startsWith("/dev/shm/");

function sourceOf(vm: string, { key, inputs }: DiskLayout, { path, network }: EffectiveDisk): DiskSource {
  if (network !== undefined) return networkSource(network);
  const named = namedSource(inputs, { vm, key });
  if (named !== undefined) return named;
  return path === undefined ? { type: "empty" } : { type: isDevice(path) ? "block" : "file", path };
}

/** Limits as numbers: bytes and requests a second. */
export function throttleOf(throttle: NonNullable<DiskInputs["throttle"]>): DiskThrottle {
  const bytes = (size: string | undefined) => sizeBytes(size);
  return defined({
    totalBytesPerSecond: bytes(throttle.totalBytesSec),
    readBytesPerSecond: bytes(throttle.readBytesSec),
    writeBytesPerSecond: bytes(throttle.writeBytesSec),
    totalIops: throttle.totalIopsSec,
    readIops: throttle.readIopsSec,
    writeIops: throttle.writeIopsSec,
    maxTotalBytesPerSecond: bytes(throttle.totalBytesSecMax),
    maxReadBytesPerSecond: bytes(throttle.readBytesSecMax),
    maxWriteBytesPerSecond: bytes(throttle.writeBytesSecMax),
    maxTotalIops: throttle.totalIopsSecMax,
    maxReadIops: throttle.readIopsSecMax,
    maxWriteIops: throttle.writeIopsSecMax,
    group: throttle.groupName,
  });
}

function tuningOf({ iothread, queues, discardNoUnref, throttle, wwn }: DiskInputs): DiskTuning | undefined {
  const limits = throttle === undefined ? {} : throttleOf(throttle);
  const tuning = defined({
    iothread,
    queues,
    discardNoUnref,
    wwn,
    throttle: Object.keys(limits).length === 0 ? undefined : limits,
  });
  return Object.keys(tuning).length === 0 ? undefined : tuning;
}

function iothreadsOf(disks: CheckedInputs["disks"]): number | undefined {
  const numbers = Object.values(disks ?? {}).flatMap(({ iothread }) => iothread ?? []);
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}

function domainDisk(vm: string, layout: DiskLayout, effective: EffectiveDisks): DomainDisk {
  const { key, device, bus, target, readonly, shareable, inputs } = layout;
  const disk = effectiveOf(effective, key);
  const { format, cache, io, discard, detectZeroes } = disk;
  return {
    key,
    device,
    bus,
    target,
    readonly,
    shareable,
    format,
    source: sourceOf(vm, layout, disk),
    ...defined({ serial: inputs.serial, bootOrder: inputs.bootOrder, tuning: tuningOf(inputs) }),
    driver: { cache, io, discard, detectZeroes },
  };
}

const fragmentMarks = ({ xml = {} }: CheckedInputs): Pick<ManagedMetadata, "fragments"> =>
  Object.keys(xml).length === 0 ? {} : { fragments: marksOf(xml) };

function devicesNote(inputs: CheckedInputs): Pick<ManagedMetadata, "devices"> {
  const devices = askedMaps(inputs);
  return devices.length === 0 ? {} : { devices };
}

function metadataInterfaces(
  interfaces: readonly DomainInterface[] | undefined,
  networks: CheckedInputs["networks"] = {},
): Pick<ManagedMetadata, "interfaces"> {
  if (interfaces === undefined) return {};
  return {
    interfaces: interfaces.map(({ key, mac }) => {
      const { network, staticAddress: address } = networks[key] ?? {};
      return { key, mac, ...(address === undefined ? {} : defined({ network, address })) };
    }),
  };
}

function metadataDisks(inputs: CheckedInputs, effective: EffectiveDisks): ManagedMetadata["disks"] {
  return Object.entries(inputs.disks ?? {}).map(([key, disk]) => {
    const { cache, io, discard, detectZeroes, reason } = effectiveOf(effective, key);
    const pick = ["cache", "io", "discard", "detectZeroes"] as const;
    const requested = defined(Object.fromEntries(pick.map((field) => [field, disk[field] ?? inputs[field]])));
    return { key, requested, effective: { cache, io, discard, detectZeroes }, reason };
  });
}

/** The machine that a plan is written over. */
export interface PresentMachine {
  readonly defined: ObservedDomain;
  readonly running?: ObservedDomain | undefined;
}

const suits = (target: string, bus: DiskBus) => target.startsWith(targetPrefix[bus]);
const anyBus = (target: string): DiskBus | undefined => diskBuses.find((bus) => suits(target, bus));

/**
 * The effective disks with the targets that the machine has for them: a disk is never renumbered, and a new one takes no place of a disk that
 * somebody else gave the machine or that a running guest still has.
 */
export function withKeptTargets(
  disks: CheckedInputs["disks"],
  effective: EffectiveDisks,
  { defined: now, running }: PresentMachine,
): EffectiveDisks {
  const requests = diskLayouts(disks, effective).map(({ key, bus, target }) => {
    const path = effective[key]?.path;
    const present = now.disks.find((disk) => disk.key === key) ?? now.disks.find((disk) => path !== undefined && disk.path === path);
    return {
      key,
      bus,
      target: present !== undefined && suits(present.target, bus) ? present.target : target,
      isPresent: present !== undefined,
    };
  });
  const kept = new Set(requests.filter(({ isPresent }) => isPresent).map(({ target }) => target));
  const others = [...now.disks, ...(running?.disks ?? [])].map(({ target }) => target).filter((target) => !kept.has(target));
  const taken = [...new Set(others)].flatMap((target) => {
    const bus = anyBus(target);
    // A key that no disk can have, and that comes before all others.
    return bus === undefined ? [] : [{ key: ` ${target}`, bus, target }];
  });
  const assigned = new Map([...requests, ...taken].map(({ key, target }) => [key, target]));
  const targets = assignTargets([...requests, ...taken], assigned);
  return Object.fromEntries(Object.entries(effective).map(([key, disk]) => [key, { ...disk, target: targets.get(key) ?? disk.target }]));
}

export interface AcceleratorChoice {
  readonly domainType: "kvm" | "qemu";
  /** Told to the user when the choice is not what a user would wish for. */
  readonly warning?: string | undefined;
}

/** `auto` is KVM where QEMU may use it; anything else is TCG, and said. */
export function chooseAccelerator(asked: CheckedInputs["accelerator"], { kvm }: PlatformFacts): AcceleratorChoice {
  if (asked !== "auto") return { domainType: asked };
  if (kvm.usable === "yes") return { domainType: "kvm" };
  return { domainType: "qemu", warning: `accelerator: TCG (software emulation, slow) is used, because KVM cannot be: ${kvm.why}` };
}

/** Whether a volume stays when its disk goes: as the program says now, or, for a disk that is gone from it, as it said last. */
export const isKept = ({ key, keep }: Pick<OwnedVolume, "key" | "keep">, disks: CheckedInputs["disks"]): boolean => {
  const disk = disks?.[key];
  return disk === undefined ? keep : (disk.keepOnDelete ?? false);
};

export const volumesByKey = (volumes: readonly OwnedVolume[]): Record<string, { pool: string; name: string; path: string }> =>
  Object.fromEntries(volumes.map(({ key, pool, name, path }) => [key, { pool, name, path }]));
