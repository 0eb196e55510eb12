// The documented contract of a VirtualMachine's firmware and platform: a part of contract.ts. Whatever is left out stays as the machine has it.
import { z } from "zod";
import { cpuSetMembers } from "../../plan/cpu-set";
import {
  balloonModels,
  clockOffsets,
  cpuFeaturePolicies,
  firmwares,
  ioapicDrivers,
  memoryAccesses,
  memoryAllocations,
  memorySources,
  numaModes,
  panicModels,
  smbiosModes,
  tickPolicies,
  timerNames,
  timerTracks,
  tpmModels,
  tpmVersions,
  watchdogActions,
  watchdogModels,
} from "../../plan/platform";
import { hostPath, sizeField } from "../volume-fields";
import { lifecycleActionFields } from "./lifecycle-contract";

const cpuSet = z.string().refine((text) => cpuSetMembers(text) !== undefined, {
  error: 'must be a set of numbers: "0-3", "0,2", or "0-7,^4".',
});

const number = (what: string) => z.string().regex(/^(0|[1-9][0-9]{0,4})$/, { error: `must be the number of ${what}.` });

const most = { sockets: 4096, dies: 64, cores: 4096, threads: 64 };
const count = (what: keyof typeof most) => z.int().min(1).max(most[what]).optional();

const memoryAccess = z.enum(memoryAccesses).meta({ id: "MemoryAccess" });

const firmware = z.enum(firmwares).meta({ id: "Firmware" });

const uefi = z
  .strictObject({
    secureBoot: z
      .boolean()
      .optional()
      .describe(
        'Firmware that runs signed boot loaders only. Needs the machine type "q35" ("virt" on Arm). Default: whatever libvirt chooses.',
      ),
    enrolledKeys: z
      .boolean()
      .optional()
      .describe(
        "Variables in which the usual vendors' keys are enrolled, so that secure boot is on from the first boot. Heard when the VM's variables (NVRAM) are made, at its first start. Default: whatever libvirt chooses.",
      ),
    loader: hostPath.optional().describe("The firmware's file on the host, by path. Default: libvirt chooses one that has the features."),
    nvramTemplate: hostPath
      .optional()
      .describe("With `loader`: the file that the VM's variables are a copy of. Default: libvirt's for that loader."),
  })
  .describe("UEFI firmware: chosen by libvirt by its features, or named by its files.")
  .meta({ id: "Uefi" });

const tpm = z
  .strictObject({
    model: z
      .enum(tpmModels)
      .meta({ id: "TpmModel" })
      .optional()
      .describe("`tpm-crb` (default), `tpm-tis` (Arm, older guests), or `none`: the VM has none."),
    version: z.enum(tpmVersions).meta({ id: "TpmVersion" }).optional().describe('"2.0" (default of libvirt) or "1.2".'),
  })
  .describe("A TPM that swtpm emulates on the host. Its state goes with the VM.")
  .meta({ id: "Tpm" });

const cpu = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .optional()
      .describe('A named model: "Skylake-Server", "qemu64" (`virsh domcapabilities` lists them). The CPU mode is then `custom`.'),
    features: z
      .record(
        z.string().regex(/^[A-Za-z0-9_.-]+$/, { error: "must be the name of a CPU feature." }),
        z.enum(cpuFeaturePolicies).meta({ id: "CpuFeaturePolicy" }),
      )
      .optional()
      .describe(
        "Features beside those of the model or mode, all of them, each with its policy in libvirt's words: `require`, `force`, `optional`, `disable`, `forbid`. Nested virtualisation is `vmx` (Intel) or `svm` (AMD).",
      ),
    topology: z
      .strictObject({
        sockets: count("sockets").describe("Sockets. Default: 1."),
        dies: count("dies").describe("Dies in a socket. Default: 1."),
        cores: count("cores").describe("Cores in a die. Default: 1."),
        threads: count("threads").describe("Threads of a core. Default: 1."),
      })
      .describe("How the CPUs are arranged; the numbers multiply to `maxCpus`.")
      .meta({ id: "CpuTopology" })
      .optional()
      .describe("How the guest sees its CPUs arranged. Default: QEMU's, a socket each."),
  })
  .describe("The guest's CPUs, besides `cpuMode`.")
  .meta({ id: "Cpu" });

const pinning = z
  .strictObject({
    vcpus: z
      .record(number("a virtual CPU"), cpuSet)
      .optional()
      .describe('By number of the virtual CPU, all of them: the CPUs of the host that it runs on: { "0": "2", "1": "3" }.'),
    emulator: cpuSet.optional().describe("The CPUs of the host that QEMU's other threads run on."),
    iothreads: z.record(number("an I/O thread"), cpuSet).optional().describe("By number of the I/O thread, all of them."),
  })
  .describe("Which CPUs of the host run what.")
  .meta({ id: "Pinning" });

const numaCell = z
  .strictObject({
    cpus: cpuSet.optional().describe('The node\'s virtual CPUs: "0-3". Default: none.'),
    memory: sizeField.describe('The node\'s memory: "2GiB".'),
    memAccess: memoryAccess.optional().describe("Whether others may see it. Default: as `memoryBacking.access`."),
  })
  .describe("A NUMA node of the guest.")
  .meta({ id: "NumaCell" });

const numa = z
  .strictObject({
    cells: z.array(numaCell).min(1).optional().describe("The guest's nodes, all of them; their memory adds up to `maxMemory`."),
    nodeset: cpuSet.optional().describe('The host\'s nodes that the memory comes from: "0".'),
    mode: z
      .enum(numaModes)
      .meta({ id: "NumaMode" })
      .optional()
      .describe("How strictly, in libvirt's words: `strict` (libvirt's default), `preferred`, `interleave`, `restrictive`."),
  })
  .describe("NUMA: the guest's nodes and the host's.")
  .meta({ id: "Numa" });

const memoryBacking = z
  .strictObject({
    hugepages: z.boolean().optional().describe("Memory in huge pages, which the host must have set aside."),
    hugepageSize: sizeField.optional().describe('Size of the huge pages: "2MiB", "1GiB". Default: the host\'s.'),
    source: z
      .enum(memorySources)
      .meta({ id: "MemorySource" })
      .optional()
      .describe("What the memory is on the host: `anonymous`, `file` or `memfd`. Default: libvirt's."),
    access: memoryAccess.optional().describe("Whether other processes may see it: `shared` or `private`. vhost-user devices set `shared`."),
    allocation: z
      .enum(memoryAllocations)
      .meta({ id: "MemoryAllocation" })
      .optional()
      .describe("Taken at start (`immediate`) or when it is used (`ondemand`)."),
    locked: z.boolean().optional().describe("Never swapped out."),
    nosharepages: z.boolean().optional().describe("Kept out of the host's page merging (KSM)."),
    discard: z.boolean().optional().describe("Content is thrown away when the VM ends, instead of written to its file."),
  })
  .describe("What the guest's memory is made of on the host.")
  .meta({ id: "MemoryBacking" });

const timer = z
  .strictObject({
    present: z.boolean().optional().describe("Whether the guest has it. Default: the hypervisor's."),
    tickpolicy: z.enum(tickPolicies).meta({ id: "TickPolicy" }).optional().describe("What becomes of ticks that the guest missed."),
    track: z.enum(timerTracks).meta({ id: "TimerTrack" }).optional().describe("What it follows; for `rtc` and `platform`."),
  })
  .describe("A timer of the guest.")
  .meta({ id: "Timer" });

const clock = z
  .strictObject({
    offset: z
      .enum(clockOffsets)
      .meta({ id: "ClockOffset" })
      .optional()
      .describe("What the hardware clock shows: `utc` (default for new VMs), `localtime` (Windows) or the time of `timezone`."),
    timezone: z
      .string()
      .regex(/^[A-Za-z0-9_+/-]+$/, { error: 'must be the name of a time zone: "Europe/Berlin".' })
      .optional()
      .describe('With `offset: "timezone"`: the time zone, by name.'),
    timers: z
      .record(
        z.string().regex(new RegExp(`^(${timerNames.join("|")})$`), {
          error: `a timer is one of: ${timerNames.join(", ")} (hypervclock comes with \`hyperv\`).`,
        }),
        timer,
      )
      .optional()
      .describe("The timers, all of them, by libvirt's names."),
  })
  .describe("The guest's hardware clock and timers.")
  .meta({ id: "Clock" });

const watchdog = z
  .strictObject({
    model: z
      .enum(watchdogModels)
      .meta({ id: "WatchdogModel" })
      .optional()
      .describe("`i6300esb` (default), `ib700`, `diag288` (s390x), or `none`: the VM has none."),
    action: z
      .enum(watchdogActions)
      .meta({ id: "WatchdogAction" })
      .optional()
      .describe("What happens when the guest goes silent. Default: `reset`."),
  })
  .describe("A watchdog.")
  .meta({ id: "Watchdog" });

const panic = z
  .strictObject({
    model: z
      .enum(panicModels)
      .meta({ id: "PanicModel" })
      .optional()
      .describe("`isa` (default), `hyperv` (Windows), or `none`: the VM has none."),
  })
  .describe("A device by which a guest tells that it crashed.")
  .meta({ id: "Panic" });

/** Longest period that makes sense: a day. */
const mostStatsSeconds = 86_400;

const balloon = z
  .strictObject({
    model: z
      .enum(balloonModels)
      .meta({ id: "BalloonModel" })
      .optional()
      .describe("`virtio` (default), or `none`: memory then cannot change while the VM runs."),
    freePageReporting: z.boolean().optional().describe("The guest gives back what it does not use. Default for new VMs: false."),
    statsPeriodSeconds: z
      .int()
      .min(0)
      .max(mostStatsSeconds)
      .optional()
      .describe("How often the guest is asked for its memory statistics; 0 is never (default for new VMs)."),
  })
  .describe("The balloon, by which memory changes while the VM runs.")
  .meta({ id: "Balloon" });

const smbiosText = (what: string) => z.string().min(1).optional().describe(what);

const smbios = z
  .strictObject({
    mode: z
      .enum(smbiosModes)
      .meta({ id: "SmbiosMode" })
      .optional()
      .describe("Where the tables come from: `emulate` (QEMU's own), `host` (the host's) or `sysinfo` (default with `system`)."),
    system: z
      .strictObject({
        manufacturer: smbiosText("Who made the machine."),
        product: smbiosText("The machine's name."),
        version: smbiosText("Its version."),
        serial: smbiosText("Its serial number."),
        sku: smbiosText("Its stock keeping unit."),
        family: smbiosText("Its family."),
      })
      .describe("What the SMBIOS tables say of the system.")
      .meta({ id: "SmbiosSystem" })
      .optional()
      .describe("What the tables say of the system."),
  })
  .describe("What the firmware's tables tell the guest of its hardware.")
  .meta({ id: "Smbios" });

const feature = (what: string) => z.boolean().optional().describe(what);

const features = z
  .strictObject({
    acpi: feature("ACPI: a graceful stop needs it. Default for new VMs on x86: true."),
    apic: feature("APIC. Default for new VMs on x86: true."),
    pae: feature("Physical address extension, for 32-bit guests."),
    kvmHidden: feature("Hide from the guest that it runs on KVM."),
    pmu: feature("Performance counters."),
    smm: feature("System management mode; secure boot sets it by itself."),
    vmport: feature("VMware's I/O port."),
    ioapic: z.enum(ioapicDrivers).meta({ id: "IoapicDriver" }).optional().describe("Who emulates the I/O APIC: `kvm` or `qemu`."),
  })
  .describe("Switches of the virtual board, in libvirt's words.")
  .meta({ id: "Features" });

export const platformFields = {
  firmware: firmware
    .optional()
    .describe("Firmware: `bios` or `uefi`. Default: `bios` for new VMs. UEFI's variables (NVRAM) go with the VM."),
  uefi: uefi.optional().describe('With `firmware: "uefi"`: which. Default: libvirt chooses.'),
  tpm: tpm.optional().describe("A TPM. Default: none for new VMs. Take it away with the model `none`."),
  cpu: cpu.optional().describe("CPU model, features and topology."),
  pinning: pinning.optional().describe("CPU pinning. Default: none."),
  numa: numa.optional().describe("NUMA nodes. Default: none."),
  memoryBacking: memoryBacking.optional().describe("Huge pages, sharing, locking. Default: none."),
  clock: clock.optional().describe("Clock and timers. Default: UTC."),
  features: features.optional().describe("Switches of the virtual board."),
  hyperv: z
    .boolean()
    .optional()
    .describe(
      "The Hyper-V enlightenments that Windows is best served with (relaxed, vapic, spinlocks, vpindex, runtime, synic, stimer, frequencies, tlbflush, ipi, and the hypervclock timer). Default: none.",
    ),
  rng: z.boolean().optional().describe("A source of random numbers (virtio, from the host's /dev/urandom). Default: true for new VMs."),
  watchdog: watchdog.optional().describe("A watchdog. Default: none for new VMs. Take it away with the model `none`."),
  panic: panic.optional().describe("A panic device. Default: none for new VMs. Take it away with the model `none`."),
  balloon: balloon.optional().describe("The memory balloon. Default: virtio."),
  smbios: smbios.optional().describe("SMBIOS tables. Default: QEMU's."),
  ...lifecycleActionFields,
};

export type PlatformInputs = { readonly [Name in keyof typeof platformFields]?: z.infer<(typeof platformFields)[Name]> };
