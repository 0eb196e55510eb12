// What a definition on the host would have been asked as: the inputs that Read returns, for drift and for import. Pure.
import type { DomainRecord } from "../../libvirt/port";
import type { ObservedDisk, ObservedDomain } from "../../plan/domain";
import { diskBuses, diskFormats } from "../../plan/domain";
import { cpuModes, videoModels } from "../../plan/policy";
import type { DriverSettings } from "../../plan/settings";
import { cacheModes, detectZeroesModes, discardModes, driverFields, ioModes } from "../../plan/settings";
import { formatSize } from "../../plan/size";
import { defined, sameValue } from "../values";
import type { CheckedInputs, DiskInputs, EffectiveDisk } from "./contract";
import { kibOf, sameMachine } from "./domain-plan";
import { driverOf } from "./pending";
import { powerOf } from "./power";
import type { ObservedMachine } from "./state";

const bytesPerKiB = 1024;

/** `value` where it is one of our words; foreign words are left to the host. */
const oneOf = <Word extends string>(words: readonly Word[], value: string | undefined): Word | undefined =>
  words.find((word) => word === value);

/** Disks that the inputs can say: files, block devices and empty drives. Others stay on the host untouched. */
export const expressible = ({ sourceType, device, path, bus }: ObservedDisk): boolean =>
  (device === "disk" || device === "cdrom") &&
  oneOf(diskBuses, bus) !== undefined &&
  (sourceType === "file" || sourceType === "block") &&
  (path !== undefined || device === "cdrom");

const knownDriver = (disk: ObservedDisk): DriverSettings => {
  const driver = driverOf(disk);
  return {
    cache: oneOf(cacheModes, driver.cache) ?? "writeback",
    io: oneOf(ioModes, driver.io) ?? "threads",
    discard: oneOf(discardModes, driver.discard) ?? "ignore",
    detectZeroes: oneOf(detectZeroesModes, driver.detectZeroes) ?? "off",
  };
};

/** A disk as its definition asks for it, with the settings spelled out. */
function importedDisk(disk: ObservedDisk): DiskInputs {
  const device = disk.device === "cdrom" ? "cdrom" : "disk";
  const bus = oneOf(diskBuses, disk.bus);
  return defined({
    file: disk.path,
    format: oneOf(diskFormats, disk.format),
    device: device === "disk" ? undefined : device,
    bus: bus === (device === "disk" ? "virtio" : "sata") ? undefined : bus,
    readonly: disk.readonly === (device === "cdrom") ? undefined : disk.readonly,
    shareable: disk.shareable ? true : undefined,
    serial: disk.serial,
    bootOrder: disk.bootOrder,
    ...(disk.path === undefined ? {} : knownDriver(disk)),
  });
}

function observedEffective(disk: ObservedDisk, before: EffectiveDisk | undefined): EffectiveDisk {
  const driver = knownDriver(disk);
  const unchanged = before !== undefined && driverFields.every((field) => before[field] === driver[field]);
  const { migratable = false, migrationReason = "not looked at yet", notVerified } = before ?? {};
  return {
    target: disk.target,
    ...defined({ path: disk.path, notVerified }),
    format: oneOf(diskFormats, disk.format) ?? "raw",
    ...driver,
    reason: unchanged ? before.reason : `${driver.cache}, as found in the definition on the host`,
    migratable,
    migrationReason,
  };
}

/** The inputs of a machine that the state does not know: everything the definition says. */
export function importedInputs({ record, defined: domain }: ObservedMachine): CheckedInputs {
  const disks = domain.disks.filter(expressible);
  const kib = (value: number) => formatSize(value * bytesPerKiB);
  return {
    name: domain.name,
    cpus: domain.cpus,
    memory: kib(domain.memoryKiB),
    machine: domain.machine,
    accelerator: domain.domainType === "kvm" ? "kvm" : "qemu",
    applyChanges: "nextBoot",
    autostart: record.autostart,
    power: powerOf(record),
    ...defined({
      description: domain.description,
      maxCpus: domain.maxCpus === domain.cpus ? undefined : domain.maxCpus,
      maxMemory: domain.maxMemoryKiB === domain.memoryKiB ? undefined : kib(domain.maxMemoryKiB),
      cpuMode: oneOf(cpuModes, domain.cpuMode),
      directBoot: domain.directBoot,
      serial: domain.serialFile === undefined ? undefined : { file: domain.serialFile },
      graphics: oneOf(["none", "vnc"] as const, domain.graphics),
      video: oneOf(videoModels, domain.video),
    }),
    disks: Object.fromEntries(disks.map((disk) => [disk.key, importedDisk(disk)])),
    effectiveDisks: Object.fromEntries(disks.map((disk) => [disk.key, observedEffective(disk, undefined)])),
  };
}

/** What is known of the volumes behind the disks: capacity by path; absent = there is no such volume. */
export type VolumeCapacities = ReadonlyMap<string, number>;

/** The inputs of last time, with everything that differs on the host put in its place. */
export function driftedInputs(old: CheckedInputs, machine: ObservedMachine, volumes: VolumeCapacities): CheckedInputs {
  const observed = importedInputs(machine);
  const { record, defined: domain } = machine;
  const result: CheckedInputs = {
    ...old,
    name: observed.name,
    cpus: observed.cpus,
    memory: kibOf(old.memory) === domain.memoryKiB ? old.memory : observed.memory,
    autostart: observed.autostart,
    power: powerOf(record),
    ...driftedDisks(old, domain, observed, volumes),
  };
  return withOptionalFields(result, old, observed);
}

/** Fields whose absence means "as it is": only a program that says them is told of a difference. */
const keptFields = {
  maxCpus: sameValue,
  maxMemory: (asked: unknown, found: unknown) => typeof asked === "string" && typeof found === "string" && kibOf(asked) === kibOf(found),
  machine: (asked: unknown, found: unknown) => typeof asked === "string" && typeof found === "string" && sameMachine(asked, found),
  cpuMode: sameValue,
  graphics: sameValue,
  video: sameValue,
  accelerator: (asked: unknown, found: unknown) => asked === "auto" || asked === found,
} as const satisfies Partial<Record<keyof CheckedInputs, (asked: unknown, found: unknown) => boolean>>;

function withOptionalFields(result: CheckedInputs, old: CheckedInputs, observed: CheckedInputs): CheckedInputs {
  const whole = { ...observed, maxCpus: observed.maxCpus ?? observed.cpus, maxMemory: observed.maxMemory ?? observed.memory };
  const kept = Object.entries(keptFields).flatMap(([field, same]) => {
    const name = field as keyof typeof keptFields;
    return old[name] === undefined || same(old[name], whole[name]) ? [] : [[name, whole[name]]];
  });
  const { description: _d, directBoot: _b, serial: _s, ...rest } = result;
  const { description, directBoot, serial } = observed;
  return { ...rest, ...Object.fromEntries(kept), ...defined({ description, directBoot, serial }) } as CheckedInputs;
}

function driftedDisks(
  old: CheckedInputs,
  domain: ObservedDomain,
  observed: CheckedInputs,
  volumes: VolumeCapacities,
): Pick<CheckedInputs, "disks" | "effectiveDisks"> {
  const found = new Map(domain.disks.filter(expressible).map((disk) => [disk.key, disk]));
  const disks: Record<string, DiskInputs> = {};
  const effectiveDisks: Record<string, EffectiveDisk> = {};
  for (const [key, disk] of found) {
    const asked = old.disks?.[key];
    const before = old.effectiveDisks?.[key];
    const capacity = disk.path === undefined ? undefined : volumes.get(disk.path);
    // The volume was deleted by other hands: the disk is as good as gone.
    if (asked?.pool !== undefined && disk.path === before?.path && capacity === undefined) continue;
    disks[key] = asked === undefined ? (observed.disks?.[key] ?? {}) : driftedDisk(asked, disk, before, capacity);
    effectiveDisks[key] = observedEffective(disk, before);
  }
  return { ...(old.disks === undefined && found.size === 0 ? {} : { disks }), effectiveDisks };
}

function driftedDisk(asked: DiskInputs, disk: ObservedDisk, before: EffectiveDisk | undefined, capacity: number | undefined): DiskInputs {
  const found = importedDisk(disk);
  const elsewhere = before?.path !== undefined && disk.path !== before.path;
  const { cache: _c, io: _i, discard: _d, detectZeroes: _z, file: _f, format: _m, ...shape } = found;
  const { device: _1, bus: _2, readonly: _3, shareable: _4, serial: _5, bootOrder: _6, ...rest } = asked;
  const spelled = { ...askedShape(asked, found), ...shape };
  if (elsewhere) {
    const { pool: _p, volume: _v, size: _s, preallocation: _a, ...others } = rest;
    return { ...others, ...spelled, ...defined({ file: disk.path }) };
  }
  const grown =
    capacity !== undefined && asked.size !== undefined && kibOf(asked.size) * bytesPerKiB !== capacity
      ? { size: formatSize(capacity) }
      : {};
  return { ...rest, ...spelled, ...grown };
}

/** Defaults that the program spells out stay spelled out. */
function askedShape(asked: DiskInputs, found: DiskInputs): DiskInputs {
  const device = found.device ?? "disk";
  const plain = { device, bus: device === "disk" ? "virtio" : "sata", readonly: device === "cdrom", shareable: false } as const;
  const fields = ["device", "bus", "readonly", "shareable"] as const;
  return Object.fromEntries(
    fields.flatMap((field) => (asked[field] !== undefined && found[field] === undefined ? [[field, plain[field]]] : [])),
  ) as DiskInputs;
}
