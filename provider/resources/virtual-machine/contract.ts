// The documented contract of VirtualMachine: the source of its schema, its docs and its types.
import { z } from "zod";
import {
  accelerator,
  applyChanges,
  cacheMode,
  cpuMode,
  detectZeroesMode,
  discardMode,
  hostSettings,
  ioMode,
  ruleFields,
  videoModel,
} from "../common-contract";
import { parseSize } from "../../plan/size";
import { diskBuses, diskDevices, diskFormats } from "../../plan/domain";

export const description =
  "A virtual machine on a libvirt host. For every disk the effective cache settings are worked out from the storage it is really on, shown with the reason at preview (`effectiveDisks`), and kept: " +
  "live where possible, else as `applyChanges` says.";

/** A size with its unit, in bytes when parsed: plan/size.ts. */
const size = z.string().superRefine((text, context) => {
  const parsed = parseSize(text);
  if ("problem" in parsed) context.addIssue({ code: "custom", message: parsed.problem });
});

const diskFormat = z.enum(diskFormats).describe("Image format.").meta({ id: "DiskFormat" });

export const disk = z
  .strictObject({
    file: z
      .string()
      .startsWith("/", { error: "must be an absolute path on the host." })
      .optional()
      .describe("An existing image file or block device on the host, by absolute path. Never deleted with the VM."),
    pool: z.string().min(1).optional().describe("The storage pool in which a new volume is made for this disk."),
    volume: z
      .string()
      .min(1)
      .optional()
      .describe("Name of the new volume. Default: made from the VM's name, the disk's key and the format."),
    size: size.optional().describe('Capacity of the new volume: "20GiB". It can grow, also while the VM runs; it never shrinks.'),
    format: diskFormat
      .optional()
      .describe(
        "Image format. Default: `qcow2` for new volumes in pools of folders, `raw` elsewhere; for an existing file what it was when it was first used.",
      ),
    preallocation: z
      .enum(["off", "metadata", "full"])
      .meta({ id: "Preallocation" })
      .optional()
      .describe("Space taken when the volume is made: none (`off`, default), qcow2's tables (`metadata`), or all of it (`full`)."),
    device: z.enum(diskDevices).meta({ id: "DiskDevice" }).optional().describe("What the guest sees: `disk` (default) or `cdrom`."),
    bus: z.enum(diskBuses).meta({ id: "DiskBus" }).optional().describe("The bus. Default: `virtio` for disks, `sata` for CD-ROMs."),
    readonly: z.boolean().optional().describe("The guest cannot write. Default: false; always so for CD-ROMs."),
    shareable: z
      .boolean()
      .optional()
      .describe("Several running VMs use this disk at the same time (raw only, never cached). Default: false."),
    serial: z
      .string()
      .max(36, { error: "must have at most 36 characters." })
      .regex(/^[A-Za-z0-9_.+ -]*$/, { error: "may hold letters, digits, spaces and _ . + - only." })
      .optional()
      .describe("Serial number the guest sees. Default: none."),
    bootOrder: z.int().min(1).optional().describe("Place in the boot order, 1 first. Default: disks boot in the order of their targets."),
    ...ruleFields("this disk; asked for here it is honoured or refused, never changed"),
    keepOnDelete: z.boolean().optional().describe("Keep the volume when the disk or the VM is deleted. Default: false."),
  })
  .describe("A disk of a virtual machine: an existing `file`, or a new volume (`pool`, `size`).")
  .meta({ id: "Disk" });

export const inputs = z.strictObject({
  host: hostSettings
    .optional()
    .describe(
      "`settings` of the host's HostDefaults: its policy and facts. Default: no policy; the storage is looked at for this VM alone.",
    ),
  name: z
    .string()
    .regex(/^[^/\n]+$/, { error: "may not be empty and may not hold a slash or a line end." })
    .max(200)
    .optional()
    .meta({ replace: true })
    .describe("Name of the libvirt domain. Default: the resource's name and a random suffix. A change replaces the VM."),
  description: z.string().optional().describe("Free text, kept in the definition."),
  cpus: z.int().min(1).max(4096).optional().describe("Virtual CPUs that are on. Default: 1. Changes within `maxCpus` are live."),
  maxCpus: z.int().min(1).max(4096).optional().describe("The most CPUs that can be on without a restart. Default: `cpus`."),
  memory: size.describe('Memory: "2GiB". Changes within `maxMemory` are live (balloon).'),
  maxMemory: size.optional().describe("The most memory the VM can get without a restart. Default: `memory`."),
  machine: z
    .string()
    .min(1)
    .optional()
    .describe('Machine type: "q35", "pc", or a versioned one. Default: the host policy\'s, else libvirt\'s; kept once given.'),
  cpuMode: cpuMode.optional().describe("CPU mode. Default: the host policy's, else libvirt's; kept once given."),
  accelerator: accelerator.optional().describe("Accelerator. Default: the host policy's, else `auto`."),
  firmware: z.enum(["bios"]).meta({ id: "Firmware" }).optional().describe("Firmware. Default: `bios`."),
  directBoot: z
    .strictObject({
      kernel: z.string().startsWith("/", { error: "must be an absolute path on the host." }).describe("Kernel image on the host."),
      initrd: z
        .string()
        .startsWith("/", { error: "must be an absolute path on the host." })
        .optional()
        .describe("Initial RAM disk on the host."),
      cmdline: z.string().optional().describe("Kernel command line."),
    })
    .meta({ id: "DirectBoot" })
    .optional()
    .describe("Direct kernel boot: the VM starts this kernel instead of firmware and boot disk."),
  serial: z
    .strictObject({
      file: z
        .string()
        .startsWith("/", { error: "must be an absolute path on the host." })
        .describe("File on the host that the console output goes to."),
    })
    .meta({ id: "Serial" })
    .optional()
    .describe("Where the first serial port goes. Default: a pty (`virsh console`)."),
  graphics: z
    .enum(["none", "vnc"])
    .meta({ id: "Graphics" })
    .optional()
    .describe("Graphical console; VNC listens on the loopback address. Default: `none`."),
  video: videoModel.optional().describe("Video device. Default: the host policy's, else what the graphics need."),
  disks: z
    .record(z.string().regex(/^[A-Za-z0-9_-]+$/, { error: "a disk's key may hold letters, digits, _ and - only." }), disk)
    .optional()
    .describe("The disks, by a key that is the disk's identity: removing one never renumbers another."),
  ...ruleFields("all disks of this VM that do not say one themselves"),
  applyChanges: applyChanges
    .optional()
    .describe("How a change is applied that the running VM cannot take live. Default: the host policy's, else `nextBoot`."),
  shutdownTimeoutSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .optional()
    .describe("Seconds the guest has for a graceful stop before it is ended. Default: 60."),
  autostart: z.boolean().optional().describe("Start the VM with the host. Default: false."),
  power: z
    .enum(["running", "stopped", "paused"])
    .meta({ id: "Power" })
    .optional()
    .describe("The state the VM is kept in. Default: `running`."),
});

const driverFields = {
  cache: cacheMode.describe("Cache mode."),
  io: ioMode.describe("I/O mode."),
  discard: discardMode.describe("Discard mode."),
  detectZeroes: detectZeroesMode.describe("Zero detection."),
};

export const effectiveDisk = z
  .strictObject({
    target: z.string().describe("Device name in the definition: vda."),
    path: z.string().optional().describe("File or device on the host; absent for an empty CD-ROM."),
    format: diskFormat.describe("Image format."),
    ...driverFields,
    reason: z.string().describe("Why these settings: the path, its file system, and what decided."),
    notVerified: z.string().optional().describe("Why it could not be made sure that the storage can do this; absent where it was."),
    migratable: z.boolean().describe("Whether libvirt would migrate the running VM live with this disk, without copying it."),
    migrationReason: z.string().describe("Why or why not."),
  })
  .describe("The settings a disk gets, and why.")
  .meta({ id: "EffectiveDisk" });

/** What a running (or saved) VM really uses; words that libvirt alone chose are shown as they are. */
export const runningDisk = z
  .strictObject({
    target: z.string().describe("Device name."),
    path: z.string().optional().describe("File or device."),
    cache: z.string().optional().describe("Cache mode; absent: the hypervisor's default."),
    io: z.string().optional().describe("I/O mode; absent: the hypervisor's default."),
    discard: z.string().optional().describe("Discard mode; absent: the hypervisor's default."),
    detectZeroes: z.string().optional().describe("Zero detection; absent: the hypervisor's default."),
  })
  .describe("The settings a disk runs with now.")
  .meta({ id: "RunningDisk" });

export const ownedVolume = z
  .strictObject({
    pool: z.string().describe("Storage pool."),
    name: z.string().describe("Volume name."),
    path: z.string().describe("Path on the host."),
  })
  .describe("A volume that was made for a disk.")
  .meta({ id: "OwnedVolume" });

export const outputs = z.strictObject({
  uuid: z.string().describe("The domain's UUID; also the resource's ID."),
  domainType: z.enum(["kvm", "qemu"]).describe("The accelerator the VM uses: `kvm` or `qemu` (TCG).").meta({ id: "DomainType" }),
  effectiveDisks: z.record(z.string(), effectiveDisk).describe("For every disk the settings it gets, and why."),
  runningDisks: z.record(z.string(), runningDisk).describe("What runs now; empty when the VM is stopped."),
  restartPending: z.boolean().describe("Whether a change waits for the next cold start."),
  pendingChanges: z.array(z.string()).describe("The changes that wait, each as a sentence."),
  volumes: z.record(z.string(), ownedVolume).describe("The volumes that were made for the disks."),
});

export type DiskInputs = z.infer<typeof disk>;
export type EffectiveDisk = z.infer<typeof effectiveDisk>;
export type RunningDisk = z.infer<typeof runningDisk>;
export type VirtualMachineInputs = z.infer<typeof inputs>;
export type VirtualMachineOutputs = z.infer<typeof outputs>;

/** Defaults that check fills in, so that a diff shows them. */
export const defaults = { cpus: 1, autostart: false, power: "running", accelerator: "auto" } as const;

/** What `applyChanges` is where neither program nor policy says it. */
export const defaultApplyChanges = "nextBoot";

/** Default of `shutdownTimeoutSeconds`. */
export const defaultShutdownTimeoutSeconds = 60;

type Given<Field extends keyof VirtualMachineInputs> = { readonly [Name in Field]-?: NonNullable<VirtualMachineInputs[Name]> };

/** The inputs after check: the defaults are there, and so are the effective disks unless they can be known at apply only. */
export type CheckedInputs = VirtualMachineInputs &
  Given<"name" | "cpus" | "autostart" | "power" | "applyChanges" | "accelerator"> & {
    readonly effectiveDisks?: Readonly<Record<string, EffectiveDisk>>;
  };
