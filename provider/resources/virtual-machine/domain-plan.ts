// Checked inputs and effective disks -> the machine as decided, which provider/xml writes. Pure.
import type { DomainDisk, DomainPlan, ManagedMetadata, ObservedDomain, OwnedVolume } from "../../plan/domain";
import type { PlatformFacts } from "../../plan/facts";
import { BugError } from "../../errors";
import { defined, sizeBytes } from "../values";
import type { CheckedInputs, EffectiveDisk } from "./contract";
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
  readonly metadata: Omit<ManagedMetadata, "disks">;
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
  return {
    name: inputs.name,
    ...defined({
      uuid: observed?.uuid,
      description: inputs.description,
      machine: keptMachine(inputs.machine, observed),
      cpuMode: inputs.cpuMode,
      directBoot: inputs.directBoot,
      serialFile: inputs.serial?.file,
      video: inputs.video,
    }),
    domainType,
    architecture,
    cpus: inputs.cpus,
    maxCpus: inputs.maxCpus ?? inputs.cpus,
    memoryKiB,
    maxMemoryKiB: inputs.maxMemory === undefined ? memoryKiB : kibOf(inputs.maxMemory),
    graphics: inputs.graphics ?? "none",
    disks: diskLayouts(inputs.disks, effective).map((layout) => domainDisk(layout, effective)),
    metadata: { ...metadata, disks: metadataDisks(inputs, effective) },
  };
}

function effectiveOf(effective: EffectiveDisks, key: string): EffectiveDisk {
  const disk = effective[key];
  if (disk === undefined) throw new BugError(`The disk ${JSON.stringify(key)} has no effective settings.`);
  return disk;
}

function domainDisk(layout: DiskLayout, effective: EffectiveDisks): DomainDisk {
  const { key, device, bus, target, readonly, shareable, inputs } = layout;
  const { path, format, cache, io, discard, detectZeroes } = effectiveOf(effective, key);
  return {
    key,
    device,
    bus,
    target,
    readonly,
    shareable,
    format,
    source: path === undefined ? { type: "empty" } : { type: path.startsWith("/dev/") ? "block" : "file", path },
    ...defined({ serial: inputs.serial, bootOrder: inputs.bootOrder }),
    driver: { cache, io, discard, detectZeroes },
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

/** The targets that existing disks have in the definition win over computed ones: a disk is never renumbered. */
export function withKeptTargets(effective: EffectiveDisks, observed: ObservedDomain | undefined): EffectiveDisks {
  const kept = new Map(observed?.disks.map(({ key, target }) => [key, target]));
  return Object.fromEntries(Object.entries(effective).map(([key, disk]) => [key, { ...disk, target: kept.get(key) ?? disk.target }]));
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

export const volumesByKey = (volumes: readonly OwnedVolume[]): Record<string, { pool: string; name: string; path: string }> =>
  Object.fromEntries(volumes.map(({ key, pool, name, path }) => [key, { pool, name, path }]));
