// Contract pieces that several resources share: libvirt's words as documented zod types.
import { z } from "zod";
import type { HostFacts } from "../plan/facts";
import { storageKinds } from "../plan/facts";
import type { HostPolicy } from "../plan/policy";
import { acceleratorChoices, applyChangesChoices, cpuModes, videoModels, whenDirectIoMissingChoices } from "../plan/policy";
import { cacheModes, cacheSettings, detectZeroesModes, discardModes, ioModes, ioSettings } from "../plan/settings";

export const cacheSetting = z
  .enum(cacheSettings)
  .describe("A cache mode of QEMU, or `auto`: the mode that boots, is safe and is fast on the storage the disk is really on.")
  .meta({ id: "CacheSetting" });
export const cacheMode = z.enum(cacheModes).describe("A cache mode of QEMU, in libvirt's words.").meta({ id: "CacheMode" });
export const ioSetting = z
  .enum(ioSettings)
  .describe("How QEMU issues I/O, or `auto`. `native` needs a cache mode with direct I/O (`none`, `directsync`).")
  .meta({ id: "IoSetting" });
export const ioMode = z.enum(ioModes).describe("How QEMU issues I/O.").meta({ id: "IoMode" });
export const discardMode = z
  .enum(discardModes)
  .describe("Whether the guest's discard (TRIM) requests reach the storage: `unmap` or `ignore`.")
  .meta({ id: "DiscardMode" });
export const detectZeroesMode = z
  .enum(detectZeroesModes)
  .describe("Whether writes of zeroes are turned into cheaper operations; `unmap` needs `discard: unmap`.")
  .meta({ id: "DetectZeroesMode" });
export const applyChanges = z
  .enum(applyChangesChoices)
  .describe(
    "How a change is applied that a running VM cannot take live: `nextBoot` (reported as pending until then), `suspend` (saved, edited and started again: the guest goes on without a reboot), `restart` (graceful stop, then start) or `refuse`.",
  )
  .meta({ id: "ApplyChanges" });
export const cpuMode = z.enum(cpuModes).describe("libvirt's CPU mode.").meta({ id: "CpuMode" });
export const accelerator = z
  .enum(acceleratorChoices)
  .describe("`kvm`, `qemu` (TCG, software emulation) or `auto`: KVM where QEMU may use it, else TCG with a warning.")
  .meta({ id: "Accelerator" });
export const videoModel = z.enum(videoModels).describe("The video device.").meta({ id: "VideoModel" });

/** The four settings of a disk rule, each optional; `where` ends the sentence "Cache mode of …". */
export const ruleFields = (where: string) => ({
  cache: cacheSetting.optional().describe(`Cache mode of ${where}.`),
  io: ioSetting.optional().describe(`I/O mode of ${where}.`),
  discard: discardMode.optional().describe(`Discard mode of ${where}.`),
  detectZeroes: detectZeroesMode.optional().describe(`Zero detection of ${where}.`),
});

export const diskRule = z
  .strictObject(ruleFields("the disks this rule is for"))
  .describe("Settings for the disks of a pool or of a kind of storage. What is absent is decided by the next level.")
  .meta({ id: "DiskRule" });

/** The policy's fields: HostDefaults' inputs. */
export const policyFields = {
  ...ruleFields("every disk for which nothing nearer says one: the disk, its VM, its pool's rule, its storage kind's rule"),
  pools: z.record(z.string(), diskRule).optional().describe("Rules for the disks of single storage pools, by pool name."),
  storageKinds: z
    .partialRecord(z.enum(storageKinds), diskRule)
    .optional()
    .describe(`Rules for kinds of storage, by name: ${storageKinds.map((kind) => `\`${kind}\``).join(", ")}.`),
  whenDirectIoMissing: z
    .enum(whenDirectIoMissingChoices)
    .meta({ id: "WhenDirectIoMissing" })
    .optional()
    .describe(
      "What a disk gets where direct I/O is missing and nobody asked for a mode at the disk or its VM: `writeback` (default), `writethrough`, or `refuse`. A `directsync` of the policy always falls to `writethrough`.",
    ),
  applyChanges: applyChanges.optional(),
  machine: z.string().min(1).optional().describe('Machine type of new VMs: "q35", "pc", or a versioned one. Default: libvirt\'s.'),
  cpuMode: cpuMode.optional().describe("CPU mode of new VMs. Default: libvirt's."),
  accelerator: accelerator.optional().describe("Accelerator of new VMs. Default: `auto`."),
  video: videoModel.optional().describe("Video device of new VMs. Default: `none`, or `vga` with graphics."),
};

export const hostPolicy = z
  .strictObject(policyFields)
  .describe("The host-wide policy of a HostDefaults.")
  .meta({ id: "HostPolicy" }) satisfies z.ZodType<HostPolicy>;

const directIo = z.enum(["yes", "no", "unknown"]).describe("`yes`, `no` or `unknown`; `why` says why.").meta({ id: "Answer" });

const storageFactFields = {
  kind: z.enum(storageKinds).describe("The kind of storage, as rules are made by it.").meta({ id: "StorageKind" }),
  path: z.string().describe("The path that was looked at."),
  fileSystem: z.string().optional().describe("The file system, as the kernel names it."),
  directIo: directIo.describe("Whether O_DIRECT works there."),
  source: z
    .enum(["table", "local write", "probe domain", "not asked"])
    .describe("How the answer was found: a known rule, an aligned O_DIRECT write, QEMU in a paused throw-away domain, or not at all.")
    .meta({ id: "FactSource" }),
  why: z.string().describe("Why the answer is what it is."),
  shared: z.boolean().describe("Whether other hosts can see this storage, as libvirt judges it for live migration."),
  version: z.string().optional().describe("Version of the file system (ZFS) or of the kernel (btrfs), where a rule depends on it."),
  zfsDirect: z
    .enum(["disabled", "standard", "always"])
    .meta({ id: "ZfsDirect" })
    .optional()
    .describe("ZFS: the dataset's `direct` property."),
  nocow: z.boolean().optional().describe("btrfs: copy-on-write is off."),
  impassable: z
    .string()
    .optional()
    .describe("Why QEMU's user cannot reach what lies here; absent where it can, or where nobody could tell."),
};

export const poolFacts = z
  .strictObject({
    ...storageFactFields,
    type: z.string().describe("libvirt's pool type."),
    active: z.boolean().describe("Whether the pool is started."),
  })
  .describe("What is known of a storage pool.")
  .meta({ id: "PoolFacts" });

export const hostFacts = z
  .strictObject({
    libvirtVersion: z.string().describe("Version of the libvirt daemon."),
    qemuVersion: z.string().describe("Version of QEMU."),
    architecture: z
      .string()
      .regex(/^\w+$/, { error: "must be the name of an architecture." })
      .describe("The host's architecture, in libvirt's words."),
    kvm: z
      .strictObject({ usable: directIo.describe("Whether QEMU may use KVM."), why: z.string().describe("Why.") })
      .describe("Whether KVM can be used.")
      .meta({ id: "AcceleratorFacts" }),
    pools: z.record(z.string(), poolFacts).describe("The storage pools, by name."),
  })
  .describe("What a host and its storage can really do.")
  .meta({ id: "HostFacts" }) satisfies z.ZodType<HostFacts>;

export const hostSettings = z
  .strictObject({ policy: hostPolicy.describe("The policy."), facts: hostFacts.describe("The facts.") })
  .describe("Policy and facts of a host, by value: `HostDefaults.settings`.")
  .meta({ id: "HostSettings", handedOn: true });
