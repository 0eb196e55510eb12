// What the planner is asked about one disk and what it answers: the types between facts and libvirt.
import type { StorageFacts } from "./facts";
import type { HostPolicy } from "./policy";
import type { CacheMode, DiskRule, DriverSettings } from "./settings";

/** Where a rule may stand, in the order of resolution: the first level that says something decides. */
export const ruleLevels = ["disk", "vm", "pool", "storageKind", "host"] as const;
export type RuleLevel = (typeof ruleLevels)[number];

/** One disk, as asked. */
export interface DiskRequest {
  /** The disk's key in the VM's `disks` map, for property paths and reasons. */
  readonly key: string;
  readonly device: "disk" | "cdrom";
  readonly format: "raw" | "qcow2";
  readonly readonly: boolean;
  readonly shareable: boolean;
  /** The pool that holds it, where it lies in one. */
  readonly pool?: string | undefined;
  /** All its space is there from the beginning, and shall stay: what the guest frees is not given back unless somebody asks. */
  readonly preallocated?: boolean | undefined;
  /** qcow2: freed clusters keep their place in the file. */
  readonly discardNoUnref?: boolean | undefined;
  /** The disk's own settings. */
  readonly own: DiskRule;
  /** The VM's settings for all its disks. */
  readonly vm: DiskRule;
}

/** Versions that rules depend on. */
export interface HypervisorFacts {
  readonly libvirtVersion: string;
  readonly qemuVersion: string;
}

export interface DiskQuestion {
  readonly disk: DiskRequest;
  /** The disk's own storage first, then each element of its backing chain. At least one; empty cdroms have no question. */
  readonly chain: readonly [StorageFacts, ...StorageFacts[]];
  readonly policy: HostPolicy;
  readonly hypervisor: HypervisorFacts;
}

/** Whether libvirt would migrate a VM with this disk live, without copying storage. */
export interface MigrationVerdict {
  readonly safe: boolean;
  readonly reason: string;
}

/** The decision, with its reasons as data. */
export interface DiskPlan extends DriverSettings {
  /** What was asked for and where: { level: "host", cache: "auto" }; `level` is `default` where nobody said anything. */
  readonly requested: { readonly level: RuleLevel | "default"; readonly cache: CacheMode | "auto" };
  /** A sentence a person understands: names the path, the file system and what decided it. */
  readonly reason: string;
  /** Why the mode could not be verified ("unknown is not no"); absent where it was. */
  readonly notVerified?: string | undefined;
  /** Repairs and things to know ("io native needs direct I/O, so threads is used"), each a sentence. */
  readonly warnings: readonly string[];
  /** The guest sees a volatile write cache, and so sends flushes. */
  readonly guestWriteCache: boolean;
  readonly migration: MigrationVerdict;
}

/** A refusal: which of the disk's fields (`cache`, `io`, …) and why, with the ways out. */
export interface DiskProblem {
  readonly field: keyof DriverSettings | "shareable" | "discardNoUnref";
  readonly reason: string;
}

export type DiskDecision = { readonly plan: DiskPlan } | { readonly problems: readonly DiskProblem[] };
