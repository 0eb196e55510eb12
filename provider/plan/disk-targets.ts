// Gives every disk its target (vda, sdb): once, and kept, so that removing one disk never renames another.
import type { DiskBus } from "./domain";

/** What a target depends on. */
export interface TargetRequest {
  readonly key: string;
  readonly bus: DiskBus;
}

/** The letters that libvirt and guests expect for a bus. Targets are unique over all buses of a machine, so scsi, sata and usb share theirs. */
export const targetPrefix = { virtio: "vd", scsi: "sd", sata: "sd", usb: "sd", ide: "hd" } as const satisfies Record<DiskBus, string>;

/**
 * Targets by disk key. `assigned` is what the machine has: kept while it suits the disk's bus. Other disks take the first free target each, in the order of
 * their keys (by code unit, so that the order of a program's text does not matter).
 */
export function assignTargets(disks: readonly TargetRequest[], assigned: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const sorted = [...disks].sort((one, other) => (one.key < other.key ? -1 : 1));
  const targets = new Map<string, string>();
  const used = new Set<string>();
  const take = (key: string, target: string) => {
    targets.set(key, target);
    used.add(target);
  };
  for (const { key, bus } of sorted) {
    const old = assigned.get(key);
    if (old !== undefined && suits(old, bus) && !used.has(old)) take(key, old);
  }
  for (const { key, bus } of sorted) {
    if (!targets.has(key)) take(key, firstFree(targetPrefix[bus], used));
  }
  return targets;
}

function suits(target: string, bus: DiskBus): boolean {
  return new RegExp(`^${targetPrefix[bus]}[a-z]+$`).test(target);
}

function firstFree(prefix: string, used: ReadonlySet<string>): string {
  let index = 0;
  while (used.has(prefix + targetLetters(index))) index += 1;
  return prefix + targetLetters(index);
}

const letters = 26;

/** 0 is "a", 25 "z", 26 "aa": the kernel's and libvirt's numbering, which has no zero. */
export function targetLetters(index: number): string {
  const last = String.fromCharCode("a".charCodeAt(0) + (index % letters));
  return index < letters ? last : targetLetters(Math.floor(index / letters) - 1) + last;
}
