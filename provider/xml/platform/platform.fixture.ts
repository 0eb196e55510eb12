// Platforms for tests: one of each kind to look at, and any that fast-check comes up with.
import fc from "fast-check";
import {
  balloonModels,
  clockOffsets,
  cpuFeaturePolicies,
  crashActions,
  ioapicDrivers,
  memoryAccesses,
  memoryAllocations,
  memorySources,
  numaModes,
  panicModels,
  powerActions,
  smbiosFields,
  smbiosModes,
  tickPolicies,
  timerNames,
  timerTracks,
  tpmModels,
  tpmVersions,
  watchdogActions,
  watchdogModels,
  type DomainPlatform,
} from "../../plan/platform";
import { canonicalCpuSet } from "../../plan/cpu-set";
import { anyText } from "../any-text.fixture";

const some = <T>(values: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) => fc.record(values, { requiredKeys: [] });
const oneOf = <Word extends string>(words: readonly Word[]) => fc.constantFrom(...words);

const cpuSet = fc.uniqueArray(fc.nat(70), { minLength: 1, maxLength: 5 }).map((ids) => canonicalCpuSet(ids.join(",")));
const pins = fc.dictionary(fc.nat(12).map(String), cpuSet, { maxKeys: 4, noNullPrototype: true });

/** Firmware that libvirt chooses knows features, named files know whether they are secure. */
const firmware = fc.oneof(
  fc.constant({}),
  fc.constant({ firmware: "bios" as const }),
  fc.record({ firmware: fc.constant("uefi" as const), uefi: some({ secureBoot: fc.boolean(), enrolledKeys: fc.boolean() }) }),
  fc.record({
    firmware: fc.constant("uefi" as const),
    uefi: fc.record({ secureBoot: fc.boolean(), loader: anyText, nvramTemplate: anyText }, { requiredKeys: ["loader"] }),
  }),
);

/** What goes without a device cannot be said of it. */
const devices = {
  tpm: fc.oneof(
    fc.constant({ model: "none" as const }),
    fc.record({ model: oneOf(tpmModels.filter((model) => model !== "none")), version: oneOf(tpmVersions) }, { requiredKeys: ["model"] }),
  ),
  watchdog: fc.oneof(
    fc.constant({ model: "none" as const }),
    fc.record(
      { model: oneOf(watchdogModels.filter((model) => model !== "none")), action: oneOf(watchdogActions) },
      { requiredKeys: ["model"] },
    ),
  ),
  panic: fc.record({ model: oneOf(panicModels) }),
  balloon: fc.oneof(
    fc.constant({ model: "none" as const }),
    fc.record(
      {
        model: oneOf(balloonModels.filter((model) => model !== "none")),
        freePageReporting: fc.boolean(),
        statsPeriodSeconds: fc.nat(60),
      },
      { requiredKeys: ["model"] },
    ),
  ),
};

const memoryBacking = some({
  hugepages: fc.boolean(),
  hugepageKiB: fc.constantFrom(2048, 1048576),
  nosharepages: fc.boolean(),
  locked: fc.boolean(),
  source: oneOf(memorySources),
  access: oneOf(memoryAccesses),
  allocation: oneOf(memoryAllocations),
  discard: fc.boolean(),
}).map(({ hugepageKiB, ...rest }) =>
  rest.hugepages === false || hugepageKiB === undefined ? rest : { ...rest, hugepages: true, hugepageKiB },
);

const topology = fc.record({
  sockets: fc.integer({ min: 1, max: 4 }),
  dies: fc.integer({ min: 1, max: 2 }),
  cores: fc.integer({ min: 1, max: 4 }),
  threads: fc.integer({ min: 1, max: 2 }),
});

/** Any platform: hostile text where text may be. */
export const anyPlatform: fc.Arbitrary<DomainPlatform> = fc
  .record({
    firmware,
    rest: some({
      ...devices,
      memoryBacking,
      cpu: some({
        model: anyText,
        features: fc.dictionary(fc.constantFrom("aes", "vmx", "avx2", "x2apic"), oneOf(cpuFeaturePolicies), { noNullPrototype: true }),
        topology,
      }),
      pinning: some({ vcpus: pins, emulator: cpuSet, iothreads: pins }),
      numa: some({
        cells: fc.array(
          fc.record(
            { cpus: cpuSet, memoryKiB: fc.integer({ min: 1, max: 1024 ** 3 }), memAccess: oneOf(memoryAccesses) },
            { requiredKeys: ["memoryKiB"] },
          ),
          { minLength: 1, maxLength: 3 },
        ),
        nodeset: cpuSet,
        mode: oneOf(numaModes),
      }),
      clock: some({
        offset: oneOf(clockOffsets),
        timezone: anyText,
        timers: fc.dictionary(
          oneOf(timerNames),
          some({ present: fc.boolean(), tickpolicy: oneOf(tickPolicies), track: oneOf(timerTracks) }),
          { noNullPrototype: true },
        ),
      }),
      features: some({
        acpi: fc.boolean(),
        apic: fc.boolean(),
        pae: fc.boolean(),
        kvmHidden: fc.boolean(),
        pmu: fc.boolean(),
        vmport: fc.boolean(),
        ioapic: oneOf(ioapicDrivers),
      }),
      hyperv: fc.boolean(),
      rng: fc.boolean(),
      onPoweroff: oneOf(powerActions),
      onReboot: oneOf(powerActions),
      onCrash: oneOf(crashActions),
      smbios: some({
        mode: oneOf(smbiosModes),
        system: fc.dictionary(oneOf(smbiosFields), anyText, { noNullPrototype: true, minKeys: 1 }),
      }),
    }),
  })
  .map(({ firmware: ofFirmware, rest }) => ({ ...rest, ...ofFirmware }));

/** One of each concern, as libvirt takes it; `because` is what to look at. */
export const platforms = {
  uefi: { because: "libvirt chooses the firmware", platform: { firmware: "uefi" } },
  "secure-boot": {
    because: "firmware by its features, and a TPM",
    platform: {
      firmware: "uefi",
      uefi: { secureBoot: true, enrolledKeys: true },
      tpm: { model: "tpm-crb", version: "2.0" },
    },
  },
  "named-firmware": {
    because: "files that the program names; secure boot wants SMM",
    platform: {
      firmware: "uefi",
      uefi: {
        secureBoot: true,
        loader: "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
        nvramTemplate: "/usr/share/OVMF/OVMF_VARS_4M.ms.fd",
      },
    },
  },
  cpu: {
    because: "a named model with features of its own, and a topology",
    platform: {
      cpu: {
        model: "Nehalem",
        features: { aes: "optional", vmx: "disable" },
        topology: { sockets: 1, dies: 1, cores: 1, threads: 2 },
      },
    },
  },
  pinning: {
    because: "CPUs of the host for each CPU of the guest, for QEMU and for the I/O threads",
    platform: { pinning: { vcpus: { "0": "0", "1": "0-1" }, emulator: "1", iothreads: { "1": "1" } } },
  },
  numa: {
    because: "two nodes for the guest, and where their memory comes from",
    platform: {
      numa: {
        cells: [
          { cpus: "0", memoryKiB: 1048576, memAccess: "shared" },
          { cpus: "1", memoryKiB: 1048576 },
        ],
        nodeset: "0",
        mode: "preferred",
      },
    },
  },
  "memory-backing": {
    because: "huge pages that others may see",
    platform: {
      memoryBacking: {
        hugepages: true,
        hugepageKiB: 2048,
        nosharepages: true,
        locked: true,
        source: "memfd",
        access: "shared",
        allocation: "immediate",
        discard: true,
      },
    },
  },
  clock: {
    because: "a time zone, and timers as virt-install has them",
    platform: {
      clock: {
        offset: "timezone",
        timezone: "Europe/Berlin",
        timers: { rtc: { tickpolicy: "catchup", track: "wall" }, pit: { tickpolicy: "delay" }, hpet: { present: false } },
      },
    },
  },
  windows: {
    because: "the enlightenments with their timer, local time",
    platform: { hyperv: true, clock: { offset: "localtime" }, features: { kvmHidden: true, vmport: false } },
  },
  features: {
    because: "switches of the board",
    platform: { features: { acpi: true, apic: true, pae: true, kvmHidden: false, pmu: false, smm: true, vmport: false, ioapic: "qemu" } },
  },
  devices: {
    because: "a watchdog, a panic device, a balloon that tells, no random numbers",
    platform: {
      watchdog: { model: "i6300esb", action: "poweroff" },
      panic: { model: "isa" },
      balloon: { model: "virtio", freePageReporting: true, statsPeriodSeconds: 10 },
      rng: false,
    },
  },
  "lifecycle-actions": {
    because: "what happens when the guest ends its run",
    platform: { onPoweroff: "restart", onReboot: "restart", onCrash: "coredump-destroy" },
  },
  smbios: {
    because: "tables that name the machine; text is text",
    platform: { smbios: { mode: "sysinfo", system: { manufacturer: "A & B", product: "<web>", serial: "0001", family: "vm" } } },
  },
} as const satisfies Readonly<Record<string, { readonly because: string; readonly platform: DomainPlatform }>>;
