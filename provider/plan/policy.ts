// The host-wide policy: what HostDefaults declares and every VirtualMachine on the host follows, as checked data.
import type { StorageKind } from "./facts";
import type { DiskRule } from "./settings";

export const whenDirectIoMissingChoices = ["writeback", "writethrough", "refuse"] as const;
export type WhenDirectIoMissing = (typeof whenDirectIoMissingChoices)[number];

/** How a change that a running VM cannot take live is applied. */
export const applyChangesChoices = ["nextBoot", "suspend", "restart", "refuse"] as const;
export type ApplyChanges = (typeof applyChangesChoices)[number];

export const acceleratorChoices = ["auto", "kvm", "qemu"] as const;
export type Accelerator = (typeof acceleratorChoices)[number];

export const cpuModes = ["host-passthrough", "host-model", "maximum", "custom"] as const;
export type CpuMode = (typeof cpuModes)[number];

export const videoModels = ["none", "vga", "virtio", "qxl", "cirrus", "bochs"] as const;
export type VideoModel = (typeof videoModels)[number];

/** The policy as HostDefaults hands it to VMs: its own DiskRule is the host default, pools and then storage kinds refine it. */
export interface HostPolicy extends DiskRule {
  readonly pools?: Readonly<Record<string, DiskRule>> | undefined;
  readonly storageKinds?: Readonly<Partial<Record<StorageKind, DiskRule>>> | undefined;
  /**
   * What `auto` gives where direct I/O is missing, or known for trouble (btrfs before Linux 6.14, bcachefs, ZFS since 2.3); default `writeback`.
   * Also what a `none` of a pool, a storage kind or the host falls back to where direct I/O is missing; such a `directsync` always falls to `writethrough`.
   * `refuse` refuses all of these. A mode that the disk or the VM names is never changed: it is refused where it cannot work. Storage of which nobody
   * could tell is not missing anything, and media that are only read have nothing to lose: both get `writeback` from `auto`.
   */
  readonly whenDirectIoMissing?: WhenDirectIoMissing | undefined;
  readonly applyChanges?: ApplyChanges | undefined;
  readonly machine?: string | undefined;
  readonly cpuMode?: CpuMode | undefined;
  readonly accelerator?: Accelerator | undefined;
  readonly video?: VideoModel | undefined;
}

/** What `HostDefaults.settings` holds and `VirtualMachine.host` takes: policy and facts, by value. */
export interface HostSettings<Facts> {
  readonly policy: HostPolicy;
  readonly facts: Facts;
}
