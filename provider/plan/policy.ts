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

/** The policy as HostDefaults hands it to VMs: `rule` is the host default, pools and kinds refine it. */
export interface HostPolicy extends DiskRule {
  readonly pools?: Readonly<Record<string, DiskRule>> | undefined;
  readonly storageKinds?: Readonly<Partial<Record<StorageKind, DiskRule>>> | undefined;
  /**
   * What `auto` gives where direct I/O is missing or must not be used; default `writeback`.
   * An explicit `none` is never changed: it is refused. A `directsync` that a rule above the disk asks for falls to `writethrough`.
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
