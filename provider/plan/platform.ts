// Firmware and platform of a machine as decided: what provider/xml writes into a definition and reads back. All is optional: what is absent stays as it is.
import type { SingleDevices } from "./devices";

export const firmwares = ["bios", "uefi"] as const;
export type Firmware = (typeof firmwares)[number];

export const tpmModels = ["tpm-crb", "tpm-tis", "none"] as const;
export const tpmVersions = ["1.2", "2.0"] as const;

export const cpuFeaturePolicies = ["require", "force", "optional", "disable", "forbid"] as const;
export type CpuFeaturePolicy = (typeof cpuFeaturePolicies)[number];

export const memoryAccesses = ["shared", "private"] as const;
export const memorySources = ["anonymous", "file", "memfd"] as const;
export const memoryAllocations = ["immediate", "ondemand"] as const;
export const numaModes = ["strict", "preferred", "interleave", "restrictive"] as const;

export const clockOffsets = ["utc", "localtime", "timezone"] as const;
/** Timers that a program may set; `hypervclock` comes with `hyperv`. */
export const timerNames = ["platform", "hpet", "kvmclock", "pit", "rtc", "tsc"] as const;
export const tickPolicies = ["delay", "catchup", "merge", "discard"] as const;
export const timerTracks = ["boot", "guest", "wall", "realtime"] as const;

export const watchdogModels = ["i6300esb", "ib700", "diag288", "none"] as const;
export const watchdogActions = ["reset", "shutdown", "poweroff", "pause", "none", "dump", "inject-nmi"] as const;
export const panicModels = ["isa", "hyperv", "none"] as const;
export const balloonModels = ["virtio", "none"] as const;

/** What libvirt does when the guest powers off or reboots; QEMU's driver takes no other of libvirt's words. */
export const powerActions = ["destroy", "restart"] as const;
export const crashActions = ["destroy", "restart", "preserve", "coredump-destroy", "coredump-restart"] as const;

export const smbiosModes = ["emulate", "host", "sysinfo"] as const;
export const smbiosFields = ["manufacturer", "product", "version", "serial", "sku", "family"] as const;
export const ioapicDrivers = ["kvm", "qemu"] as const;

type Word<Words extends readonly string[]> = Words[number];

/** `loader` and `nvramTemplate` name the files; without them libvirt chooses firmware that has the features. */
export interface UefiPlan {
  readonly secureBoot?: boolean | undefined;
  readonly enrolledKeys?: boolean | undefined;
  readonly loader?: string | undefined;
  readonly nvramTemplate?: string | undefined;
}

export interface CpuTopology {
  readonly sockets: number;
  readonly dies: number;
  readonly cores: number;
  readonly threads: number;
}

export interface CpuPlan {
  readonly model?: string | undefined;
  /** All of them: a feature that is not here is as the model has it. */
  readonly features?: Readonly<Record<string, CpuFeaturePolicy>> | undefined;
  readonly topology?: CpuTopology | undefined;
}

/** Sets of host CPUs, in libvirt's own way of writing them (see canonicalCpuSet). The maps are whole: what is not in them is not pinned. */
export interface PinningPlan {
  readonly vcpus?: Readonly<Record<string, string>> | undefined;
  readonly emulator?: string | undefined;
  readonly iothreads?: Readonly<Record<string, string>> | undefined;
}

export interface NumaCell {
  readonly cpus?: string | undefined;
  readonly memoryKiB: number;
  readonly memAccess?: Word<typeof memoryAccesses> | undefined;
}

export interface NumaPlan {
  /** The guest's nodes, all of them. */
  readonly cells?: readonly NumaCell[] | undefined;
  /** The host's nodes that the memory comes from. */
  readonly nodeset?: string | undefined;
  readonly mode?: Word<typeof numaModes> | undefined;
}

export interface MemoryBackingPlan {
  readonly hugepages?: boolean | undefined;
  readonly hugepageKiB?: number | undefined;
  readonly nosharepages?: boolean | undefined;
  readonly locked?: boolean | undefined;
  readonly source?: Word<typeof memorySources> | undefined;
  readonly access?: Word<typeof memoryAccesses> | undefined;
  readonly allocation?: Word<typeof memoryAllocations> | undefined;
  readonly discard?: boolean | undefined;
}

export interface TimerPlan {
  readonly present?: boolean | undefined;
  readonly tickpolicy?: Word<typeof tickPolicies> | undefined;
  readonly track?: Word<typeof timerTracks> | undefined;
}

export interface ClockPlan {
  readonly offset?: Word<typeof clockOffsets> | undefined;
  readonly timezone?: string | undefined;
  /** All of them but hypervclock. */
  readonly timers?: Readonly<Record<string, TimerPlan>> | undefined;
}

export interface FeaturesPlan {
  readonly acpi?: boolean | undefined;
  readonly apic?: boolean | undefined;
  readonly pae?: boolean | undefined;
  readonly kvmHidden?: boolean | undefined;
  readonly pmu?: boolean | undefined;
  readonly smm?: boolean | undefined;
  readonly vmport?: boolean | undefined;
  readonly ioapic?: Word<typeof ioapicDrivers> | undefined;
}

/** `none` as a model takes the device away. */
export interface DomainPlatform extends SingleDevices {
  readonly firmware?: Firmware | undefined;
  readonly uefi?: UefiPlan | undefined;
  readonly tpm?:
    { readonly model?: Word<typeof tpmModels> | undefined; readonly version?: Word<typeof tpmVersions> | undefined } | undefined;
  readonly cpu?: CpuPlan | undefined;
  readonly pinning?: PinningPlan | undefined;
  readonly numa?: NumaPlan | undefined;
  readonly memoryBacking?: MemoryBackingPlan | undefined;
  readonly clock?: ClockPlan | undefined;
  readonly features?: FeaturesPlan | undefined;
  /** The set of enlightenments that Windows is best served with. */
  readonly hyperv?: boolean | undefined;
  readonly rng?: boolean | undefined;
  readonly watchdog?:
    { readonly model?: Word<typeof watchdogModels> | undefined; readonly action?: Word<typeof watchdogActions> | undefined } | undefined;
  readonly panic?: { readonly model?: Word<typeof panicModels> | undefined } | undefined;
  readonly balloon?:
    | {
        readonly model?: Word<typeof balloonModels> | undefined;
        readonly freePageReporting?: boolean | undefined;
        /** 0: the guest is not asked by itself. */
        readonly statsPeriodSeconds?: number | undefined;
      }
    | undefined;
  readonly onPoweroff?: Word<typeof powerActions> | undefined;
  readonly onReboot?: Word<typeof powerActions> | undefined;
  readonly onCrash?: Word<typeof crashActions> | undefined;
  readonly smbios?:
    | {
        readonly mode?: Word<typeof smbiosModes> | undefined;
        readonly system?: Readonly<Partial<Record<Word<typeof smbiosFields>, string>>> | undefined;
      }
    | undefined;
}

/** As read from a definition: what is not there reads as such ("none", false, {}); words that a plan cannot say are left out. */
export interface ObservedPlatform extends DomainPlatform {
  /** libvirt chose the firmware's files: what a definition says of them is not what anybody asked for. */
  readonly isFirmwareChosen?: boolean | undefined;
}
