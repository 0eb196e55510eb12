// A whole machine as decided: what provider/xml writes into a libvirt definition and reads back from one.
import type { CpuMode, VideoModel } from "./policy";
import type { DiskRule, DriverSettings } from "./settings";

export const diskDevices = ["disk", "cdrom"] as const;
export type DiskDevice = (typeof diskDevices)[number];

export const diskBuses = ["virtio", "scsi", "sata", "ide", "usb"] as const;
export type DiskBus = (typeof diskBuses)[number];

export const diskFormats = ["raw", "qcow2"] as const;
export type DiskFormat = (typeof diskFormats)[number];

/** Where a disk's data is. `type='volume'` is never written: virt-aa-helper does not understand it. */
export type DiskSource = { readonly type: "file" | "block"; readonly path: string } | { readonly type: "empty" };

/** One disk of the definition. `key` is the identity: libvirt's user alias is `ua-<key>`. */
export interface DomainDisk {
  readonly key: string;
  readonly device: DiskDevice;
  readonly bus: DiskBus;
  /** "vda", "sdb": given once and kept. */
  readonly target: string;
  readonly source: DiskSource;
  readonly format: DiskFormat;
  readonly readonly: boolean;
  readonly shareable: boolean;
  readonly serial?: string | undefined;
  /** 1 is first. */
  readonly bootOrder?: number | undefined;
  readonly driver: DriverSettings;
}

export interface DirectBoot {
  readonly kernel: string;
  readonly initrd?: string | undefined;
  readonly cmdline?: string | undefined;
}

export interface DomainPlan {
  readonly name: string;
  /** Absent: libvirt makes one. */
  readonly uuid?: string | undefined;
  readonly description?: string | undefined;
  readonly domainType: "kvm" | "qemu";
  /** "x86_64" */
  readonly architecture: string;
  /** "q35", "pc", or a versioned machine; absent: what libvirt has or chooses is kept. */
  readonly machine?: string | undefined;
  readonly cpus: number;
  readonly maxCpus: number;
  readonly memoryKiB: number;
  readonly maxMemoryKiB: number;
  readonly cpuMode?: CpuMode | undefined;
  readonly directBoot?: DirectBoot | undefined;
  /** The first serial port goes to this file on the host; absent: to a pty. */
  readonly serialFile?: string | undefined;
  readonly graphics: "none" | "vnc";
  readonly video?: VideoModel | undefined;
  readonly disks: readonly DomainDisk[];
  readonly metadata: ManagedMetadata;
}

/** A volume that we made, and so delete with the VM or the disk unless it is to be kept. */
export interface OwnedVolume {
  readonly key: string;
  readonly pool: string;
  readonly name: string;
  readonly path: string;
  readonly keep: boolean;
}

/** Our element in the domain's <metadata>: who manages it, what was asked and decided, which volumes are ours. */
export interface ManagedMetadata {
  /** Pulumi URN: stack, project and resource. */
  readonly urn: string;
  /** `creating` until the machine is as asked for the first time: a later run can tell a half-made one. */
  readonly phase: "creating" | "ready";
  /** Who makes it, while creating. */
  readonly maker?: { readonly hostname: string; readonly pid: number; readonly since: string } | undefined;
  readonly disks: readonly {
    readonly key: string;
    readonly requested: DiskRule;
    readonly effective: DriverSettings;
    readonly reason: string;
  }[];
  readonly volumes: readonly OwnedVolume[];
}

/** A disk as a definition holds it: foreign words are kept as they are; absent attributes are absent. */
export interface ObservedDisk {
  /** From the user alias `ua-<key>`, else our metadata's key for the target, else the target. */
  readonly key: string;
  readonly device: string;
  readonly bus?: string | undefined;
  readonly target: string;
  /** libvirt's disk type: file, block, network, volume, … */
  readonly sourceType: string;
  /** File or device path where there is one. */
  readonly path?: string | undefined;
  readonly format?: string | undefined;
  readonly readonly: boolean;
  readonly shareable: boolean;
  readonly serial?: string | undefined;
  readonly bootOrder?: number | undefined;
  readonly cache?: string | undefined;
  readonly io?: string | undefined;
  readonly discard?: string | undefined;
  readonly detectZeroes?: string | undefined;
}

/** A definition as read back; what it holds beyond this stays untouched when a plan is written over it. */
export interface ObservedDomain {
  readonly name: string;
  readonly uuid: string;
  readonly description?: string | undefined;
  readonly domainType: string;
  readonly architecture: string;
  readonly machine: string;
  readonly cpus: number;
  readonly maxCpus: number;
  readonly memoryKiB: number;
  readonly maxMemoryKiB: number;
  readonly cpuMode?: string | undefined;
  readonly directBoot?: DirectBoot | undefined;
  readonly serialFile?: string | undefined;
  readonly graphics: "none" | "vnc" | "other";
  readonly video?: string | undefined;
  readonly disks: readonly ObservedDisk[];
  /** Absent: not made by this provider. */
  readonly metadata?: ManagedMetadata | undefined;
}
