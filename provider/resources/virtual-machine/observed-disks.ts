// What a disk of a definition would have been asked as: Read's disks, for drift and for import. Pure.
import type { DiskThrottle, ObservedDisk, ObservedDomain } from "../../plan/domain";
import { diskBuses, diskFormats } from "../../plan/domain";
import type { DriverSettings } from "../../plan/settings";
import { cacheModeMeaning, cacheModes, detectZeroesModes, discardModes, driverFields, ioModes } from "../../plan/settings";
import { formatSize } from "../../plan/size";
import { isSayable } from "../../xml/parse-domain";
import { defined, sameValue, sizeBytes, without } from "../values";
import type { CheckedInputs, DiskInputs, EffectiveDisk } from "./contract";
import { defaultBus, diskShapeFields, isReadonlyByNature } from "./disk-layout";
import { importedSource, shownNetwork, sourceFields } from "./disk-sources";
import { isSizeAsked, throttleOf } from "./domain-plan";
import { driverOf } from "./pending";

/** `value` where it is one of our words; foreign words are left to the host. */
export const oneOf = <Word extends string>(words: readonly Word[], value: string | undefined): Word | undefined =>
  words.find((word) => word === value);

const knownDriver = (disk: ObservedDisk): DriverSettings => {
  const driver = driverOf(disk);
  return {
    cache: oneOf(cacheModes, driver.cache) ?? "writeback",
    io: oneOf(ioModes, driver.io) ?? "threads",
    discard: oneOf(discardModes, driver.discard) ?? "ignore",
    detectZeroes: oneOf(detectZeroesModes, driver.detectZeroes) ?? "off",
  };
};

const isPassthrough = ({ source }: ObservedDisk) => source?.type === "nvme" || source?.type === "vhostuser";

/** Limits in the words of the inputs. */
function importedThrottle(throttle: DiskThrottle): DiskInputs["throttle"] {
  const size = (bytes: number | undefined) => (bytes === undefined ? undefined : formatSize(bytes));
  return defined({
    totalBytesSec: size(throttle.totalBytesPerSecond),
    readBytesSec: size(throttle.readBytesPerSecond),
    writeBytesSec: size(throttle.writeBytesPerSecond),
    totalIopsSec: throttle.totalIops,
    readIopsSec: throttle.readIops,
    writeIopsSec: throttle.writeIops,
    totalBytesSecMax: size(throttle.maxTotalBytesPerSecond),
    readBytesSecMax: size(throttle.maxReadBytesPerSecond),
    writeBytesSecMax: size(throttle.maxWriteBytesPerSecond),
    totalIopsSecMax: throttle.maxTotalIops,
    readIopsSecMax: throttle.maxReadIops,
    writeIopsSecMax: throttle.maxWriteIops,
    groupName: throttle.group,
  });
}

const importedTuning = ({ tuning = {} }: ObservedDisk): DiskInputs => {
  const { iothread, queues, discardNoUnref, throttle, wwn } = tuning;
  return defined({ iothread, queues, discardNoUnref, wwn, throttle: throttle && importedThrottle(throttle) });
};

/** A disk as its definition asks for it, with the settings spelled out. */
export function importedDisk(disk: ObservedDisk): DiskInputs {
  const device = disk.device === "cdrom" ? "cdrom" : "disk";
  const bus = oneOf(diskBuses, disk.bus);
  const source = { device, ...(disk.source === undefined ? {} : importedSource(disk.source)) };
  return defined({
    ...source,
    format: isPassthrough(disk) ? undefined : oneOf(diskFormats, disk.format),
    device: device === "disk" ? undefined : device,
    bus: bus === defaultBus[device] ? undefined : bus,
    readonly: disk.readonly === isReadonlyByNature(source) ? undefined : disk.readonly,
    shareable: disk.shareable ? true : undefined,
    serial: disk.serial,
    bootOrder: disk.bootOrder,
    ...importedTuning(disk),
    ...(disk.path === undefined || isPassthrough(disk) ? {} : knownDriver(disk)),
  });
}

export function observedEffective(disk: ObservedDisk, before: EffectiveDisk | undefined): EffectiveDisk {
  const driver = knownDriver(disk);
  const unchanged = before !== undefined && driverFields.every((field) => before[field] === driver[field]);
  const { migratable = false, migrationReason = "not looked at yet", notVerified, image } = before ?? {};
  const network = disk.source?.type === "network" ? shownNetwork(disk.source) : undefined;
  return {
    target: disk.target,
    ...defined({ path: disk.path, network, image, notVerified, guestWriteCache: cacheModeMeaning[driver.cache].guestWriteCache }),
    format: oneOf(diskFormats, disk.format) ?? "raw",
    ...driver,
    reason: unchanged ? before.reason : `${driver.cache}, as found in the definition on the host`,
    migratable,
    migrationReason,
  };
}

/** What is known of the volumes behind the disks: capacity by path; absent = there is no such volume. A stopped pool does not tell. */
export type VolumeCapacities = ReadonlyMap<string, number | "not told">;

/** The disks of last time as they are on the host now: gone ones left out, foreign ones added, changed ones as found. */
export function driftedDisks(
  old: CheckedInputs,
  { disks: found }: ObservedDomain,
  volumes: VolumeCapacities,
): Pick<CheckedInputs, "disks" | "effectiveDisks"> {
  const disks: Record<string, DiskInputs> = {};
  const effectiveDisks: Record<string, EffectiveDisk> = {};
  for (const disk of found.filter(isSayable)) {
    const { key, path } = disk;
    const asked = old.disks?.[key];
    const before = old.effectiveDisks?.[key];
    const capacity = path === undefined ? undefined : volumes.get(path);
    // The volume was deleted by other hands: the disk is as good as gone.
    if (asked?.pool !== undefined && path === before?.path && capacity === undefined) continue;
    disks[key] = asked === undefined ? importedDisk(disk) : driftedDisk(asked, disk, before, capacity);
    effectiveDisks[key] = observedEffective(disk, before);
  }
  return { ...(old.disks === undefined && Object.keys(disks).length === 0 ? {} : { disks }), effectiveDisks };
}

/** What says that a disk is a volume of ours. */
const volumeFields = ["volume", "size", "preallocation", "image", "imageFormat", "clone"] as const;

function driftedDisk(
  asked: DiskInputs,
  disk: ObservedDisk,
  before: EffectiveDisk | undefined,
  capacity: number | "not told" | undefined,
): DiskInputs {
  const found = importedDisk(disk);
  const shape = { ...observedShape(asked, found), ...observedThrottle(asked, found) };
  const others = without(asked, ...diskShapeFields, "throttle");
  const elsewhere = before?.path !== undefined && disk.path !== before.path;
  if (elsewhere) {
    const source = disk.source === undefined ? {} : importedSource(disk.source);
    return { ...without(others, ...sourceFields, ...volumeFields), ...shape, ...source };
  }
  const askedBytes = sizeBytes(asked.size);
  const differs = typeof capacity === "number" && askedBytes !== undefined && !isSizeAsked(disk.path, askedBytes, capacity);
  const size = differs ? { size: formatSize(capacity) } : {};
  return { ...others, ...shape, ...size };
}

/** The limits as found; those that are as the program has them stay as it writes them. */
function observedThrottle({ throttle: asked }: DiskInputs, { throttle: found }: DiskInputs): DiskInputs {
  if (found === undefined) return {};
  const isSame = asked !== undefined && sameValue(throttleOf(asked), throttleOf(found));
  return { throttle: isSame ? asked : found };
}

/** The shape as found; defaults that the program spells out stay spelled out. */
function observedShape(asked: DiskInputs, found: DiskInputs): DiskInputs {
  const device = found.device ?? "disk";
  const plain: DiskInputs = {
    device,
    bus: defaultBus[device],
    readonly: isReadonlyByNature(asked),
    shareable: false,
    discardNoUnref: false,
  };
  const shape = diskShapeFields.map((field) => [field, found[field] ?? (asked[field] === undefined ? undefined : plain[field])] as const);
  return defined(Object.fromEntries(shape));
}
