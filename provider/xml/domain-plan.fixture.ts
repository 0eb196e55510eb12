// Plans for the tests of this folder: one to vary, one made of what a definition holds, and any that fast-check comes up with.
import fc from "fast-check";
import { anyText } from "./any-text.fixture";
import { anyCharacterSource, anyDevices } from "./devices/devices.fixture";
import { deviceMapNames } from "../plan/devices";
import {
  diskBuses,
  diskDevices,
  diskFormats,
  directModes,
  linkStates,
  vhostUserModes,
  type DiskSource,
  type DiskThrottle,
  type DiskTuning,
  type DomainDisk,
  type DomainInterface,
  type DomainPlan,
  type InterfaceSource,
  type ManagedMetadata,
  type ObservedDisk,
  type ObservedDomain,
  type ObservedInterface,
} from "../plan/domain";
import { isSayable } from "./parse-domain";
import { cpuModes } from "../plan/policy";
import { cacheModes, cacheSettings, detectZeroesModes, discardModes, ioModes, ioSettings, type DriverSettings } from "../plan/settings";

export const direct: DriverSettings = { cache: "none", io: "native", discard: "unmap", detectZeroes: "unmap" };
export const cached: DriverSettings = { cache: "writeback", io: "threads", discard: "unmap", detectZeroes: "off" };

export const rootDisk: DomainDisk = {
  key: "root",
  device: "disk",
  bus: "virtio",
  target: "vda",
  source: { type: "file", path: "/var/lib/libvirt/images/web-root.qcow2" },
  format: "qcow2",
  readonly: false,
  shareable: false,
  driver: direct,
};

export const mediaDisk: DomainDisk = {
  ...rootDisk,
  key: "media",
  device: "cdrom",
  bus: "sata",
  target: "sda",
  source: { type: "empty" },
  format: "raw",
  readonly: true,
  driver: cached,
};

export const lanCard: DomainInterface = {
  key: "lan",
  source: { type: "network", network: "default" },
  model: "virtio",
  mac: "52:54:00:0a:0b:0c",
  linkState: "up",
};

export const metadata: ManagedMetadata = {
  urn: "urn:pulumi:prod::web::kvm:index:VirtualMachine::web",
  phase: "ready",
  disks: [
    { key: "root", requested: { cache: "auto" }, effective: direct, reason: "/var/lib/libvirt/images is on ext4, where O_DIRECT works" },
  ],
  volumes: [{ key: "root", pool: "default", name: "web-root.qcow2", path: "/var/lib/libvirt/images/web-root.qcow2", keep: false }],
};

export const plan: DomainPlan = {
  name: "web",
  uuid: "1b4e28ba-2fa1-4d5e-883f-0016d3cca427",
  domainType: "kvm",
  architecture: "x86_64",
  machine: "q35",
  cpus: 2,
  maxCpus: 2,
  memoryKiB: 2097152,
  maxMemoryKiB: 2097152,
  disks: [rootDisk],
  interfaces: [],
  metadata,
};

const wordOr = <Word extends string>(words: readonly Word[], found: string | undefined, otherwise: Word): Word =>
  words.find((word) => word === found) ?? otherwise;

function diskOf(disk: ObservedDisk): DomainDisk {
  return {
    ...disk,
    device: wordOr(diskDevices, disk.device, "disk"),
    bus: wordOr(diskBuses, disk.bus, "ide"),
    source: disk.source ?? { type: "empty" },
    format: wordOr(diskFormats, disk.format, "raw"),
    driver: {
      cache: wordOr(cacheModes, disk.cache, "writeback"),
      io: wordOr(ioModes, disk.io, "threads"),
      discard: wordOr(discardModes, disk.discard, "ignore"),
      detectZeroes: wordOr(detectZeroesModes, disk.detectZeroes, "off"),
    },
  };
}

const cardOf = (card: ObservedInterface): DomainInterface[] => (card.source === undefined ? [] : [{ ...card, source: card.source }]);

/** The plan that asks for what a definition holds already, as an import would: only settings that it leaves open are filled in. */
export function planOf(observed: ObservedDomain): DomainPlan {
  return {
    ...observed,
    machine: undefined,
    cpuMode: undefined,
    platform: undefined,
    domainType: observed.domainType === "kvm" ? "kvm" : "qemu",
    disks: observed.disks.filter((disk) => isSayable({ ...disk, bus: disk.bus ?? "ide" })).map(diskOf),
    interfaces: observed.interfaces.flatMap(cardOf),
    metadata: { urn: "urn:test", phase: "ready", disks: [], volumes: [] },
  };
}

const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const driver: fc.Arbitrary<DriverSettings> = fc.record({
  cache: fc.constantFrom(...cacheModes),
  io: fc.constantFrom(...ioModes),
  discard: fc.constantFrom(...discardModes),
  detectZeroes: fc.constantFrom(...detectZeroesModes),
});
const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`));
const pciAddress = fc
  .tuple(hex(4), hex(2), hex(2), fc.integer({ min: 0, max: 7 }))
  .map(([domain, bus, slot, fn]) => `${domain}:${bus}:${slot}.${fn}`);
const networkHost = fc.record({ name: anyText, port: fc.integer({ min: 1, max: 65_535 }) }, { requiredKeys: ["name"] });
const oneHost = fc.array(networkHost, { minLength: 1, maxLength: 1 });
const auth = (type: "ceph" | "iscsi") => fc.record({ username: anyText, type: fc.constant(type), secretUuid: fc.uuid() });
const network = fc.constant("network" as const);
const rooted = anyText.map((text) => `/${text}`);
const requiredKeys = ["type", "protocol", "name", "hosts"] as const;

/** Every source that a plan can say, in any of the ways that mean the same; hostile texts wherever a text is. */
export const anySource: fc.Arbitrary<DiskSource> = fc.oneof(
  fc.record({ type: fc.constantFrom("file" as const, "block" as const), path: anyText }),
  fc.constant({ type: "empty" as const }),
  fc.record(
    {
      type: network,
      protocol: fc.constant("rbd" as const),
      name: anyText.map((text) => `pool/${text}`),
      hosts: fc.array(networkHost, { minLength: 1, maxLength: 3 }),
      auth: auth("ceph"),
    },
    { requiredKeys: [...requiredKeys] },
  ),
  fc.record(
    {
      type: network,
      protocol: fc.constant("iscsi" as const),
      name: fc.oneof(
        anyText,
        anyText.map((text) => `iqn/${text}`),
      ),
      hosts: oneHost,
      auth: auth("iscsi"),
      initiator: anyText,
    },
    { requiredKeys: [...requiredKeys] },
  ),
  fc.record(
    {
      type: network,
      protocol: fc.constant("nfs" as const),
      name: rooted,
      hosts: oneHost,
      identity: fc.record({ user: anyText, group: anyText }),
    },
    { requiredKeys: [...requiredKeys] },
  ),
  fc.record(
    {
      type: network,
      protocol: fc.constantFrom("http" as const, "https" as const),
      name: fc.oneof(rooted, anyText),
      hosts: oneHost,
      query: anyText.map((text) => `?${text}`),
    },
    { requiredKeys: [...requiredKeys] },
  ),
  fc.record({ type: fc.constant("nvme" as const), address: pciAddress, namespace: fc.integer({ min: 1 }) }),
  fc.record({ type: fc.constant("vhostuser" as const), socket: anyText }),
);

const mostPerSecond = 1e15;
const limit = fc.integer({ min: 1, max: mostPerSecond });
export const anyThrottle: fc.Arbitrary<DiskThrottle> = fc.record(
  {
    totalBytesPerSecond: limit,
    readBytesPerSecond: limit,
    writeBytesPerSecond: limit,
    totalIops: limit,
    readIops: limit,
    writeIops: limit,
    maxTotalBytesPerSecond: limit,
    maxReadBytesPerSecond: limit,
    maxWriteBytesPerSecond: limit,
    maxTotalIops: limit,
    maxReadIops: limit,
    maxWriteIops: limit,
    group: anyText,
  },
  { requiredKeys: [] },
);

export const anyTuning: fc.Arbitrary<DiskTuning> = fc.record(
  {
    iothread: fc.integer({ min: 1, max: 8 }),
    queues: fc.integer({ min: 1, max: 8 }),
    discardNoUnref: fc.boolean(),
    wwn: anyText,
    throttle: anyThrottle,
  },
  { requiredKeys: [] },
);

const disk: fc.Arbitrary<DomainDisk> = fc
  .record({
    key: anyText,
    device: fc.constantFrom(...diskDevices),
    bus: fc.constantFrom(...diskBuses),
    target: anyText,
    source: anySource,
    tuning: anyTuning,
    format: fc.constantFrom(...diskFormats),
    readonly: fc.boolean(),
    shareable: fc.boolean(),
    serial: optional(anyText),
    bootOrder: optional(fc.integer({ min: 1, max: 99 })),
    driver,
  })
  .map((made) => ({ ...made, readonly: made.readonly || made.device === "cdrom" }));

const macAddress = fc.array(hex(2), { minLength: 5, maxLength: 5 }).map((rest) => ["52", ...rest].join(":"));

export const anyInterfaceSource: fc.Arbitrary<InterfaceSource> = fc.oneof(
  fc.record({ type: network, network: anyText, portgroup: anyText }, { requiredKeys: ["type", "network"] }),
  fc.record(
    { type: fc.constant("bridge" as const), bridge: anyText, openvswitch: fc.constant(true) },
    { requiredKeys: ["type", "bridge"] },
  ),
  fc.record({ type: fc.constant("direct" as const), device: anyText, mode: fc.constantFrom(...directModes) }),
  fc.constant({ type: "user" as const }),
  fc.record({ type: fc.constant("vhostuser" as const), socket: anyText, mode: fc.constantFrom(...vhostUserModes) }),
);

const trafficLimit = fc.record({ averageKiB: limit, peakKiB: limit, burstKiB: limit }, { requiredKeys: ["averageKiB"] });

export const anyInterface: fc.Arbitrary<DomainInterface> = fc.record(
  {
    key: anyText,
    source: anyInterfaceSource,
    model: fc.constantFrom("virtio", "e1000e", "rtl8139"),
    mac: macAddress,
    linkState: fc.constantFrom(...linkStates),
    mtuBytes: fc.integer({ min: 68, max: 65_535 }),
    vlan: fc.integer({ min: 1, max: 4094 }),
    bandwidth: fc.oneof(
      fc.record({ inbound: trafficLimit, outbound: trafficLimit }),
      fc.record({ inbound: trafficLimit }),
      fc.record({ outbound: trafficLimit }),
    ),
    bootOrder: fc.integer({ min: 1, max: 99 }),
    queues: fc.integer({ min: 1, max: 8 }),
  },
  { requiredKeys: ["key", "source", "model", "mac", "linkState"] },
);

export const anyMetadata: fc.Arbitrary<ManagedMetadata> = fc.record(
  {
    urn: anyText,
    phase: fc.constantFrom("creating" as const, "ready" as const),
    maker: fc.record({ hostname: anyText, pid: fc.integer({ min: 1 }), since: anyText }),
    disks: fc.array(
      fc.record({
        key: anyText,
        requested: fc.record(
          {
            cache: fc.constantFrom(...cacheSettings),
            io: fc.constantFrom(...ioSettings),
            discard: fc.constantFrom(...discardModes),
            detectZeroes: fc.constantFrom(...detectZeroesModes),
          },
          { requiredKeys: [] },
        ),
        effective: driver,
        reason: anyText,
      }),
      { maxLength: 3 },
    ),
    interfaces: fc.array(
      fc.record({ key: anyText, mac: macAddress, network: anyText, address: anyText }, { requiredKeys: ["key", "mac"] }),
      { maxLength: 2 },
    ),
    cpuFeatures: anyText,
    devices: fc.subarray([...deviceMapNames], { minLength: 1 }),
    volumes: fc.array(fc.record({ key: anyText, pool: anyText, name: anyText, path: anyText, keep: fc.boolean() }), { maxLength: 2 }),
  },
  { requiredKeys: ["urn", "phase", "disks", "volumes"] },
);

/** Any plan: hostile text everywhere; keys and targets are unique, as resources hold them. */
export const anyPlan: fc.Arbitrary<DomainPlan> = fc.record({
  name: anyText,
  uuid: optional(fc.uuid()),
  description: optional(anyText),
  domainType: fc.constantFrom("kvm" as const, "qemu" as const),
  architecture: fc.constantFrom("x86_64", "aarch64", "s390x"),
  machine: optional(fc.constantFrom("q35", "pc", "virt", "pc-q35-7.2", "pc-i440fx-7.2")),
  cpus: fc.integer({ min: 1, max: 4 }),
  maxCpus: fc.integer({ min: 4, max: 9 }),
  memoryKiB: fc.integer({ min: 1, max: 1024 ** 2 }),
  maxMemoryKiB: fc.integer({ min: 1024 ** 2, max: 1024 ** 3 }),
  cpuMode: optional(fc.constantFrom(...cpuModes)),
  directBoot: optional(fc.record({ kernel: anyText, initrd: optional(anyText), cmdline: optional(anyText) })),
  serial: optional(anyCharacterSource),
  devices: optional(anyDevices),
  iothreads: optional(fc.integer({ min: 1, max: 8 })),
  disks: fc.uniqueArray(disk, {
    maxLength: 4,
    comparator: (a, b) => a.key === b.key || a.target === b.target || a.key === b.target || a.target === b.key,
  }),
  interfaces: fc.uniqueArray(anyInterface, { maxLength: 3, comparator: (a, b) => a.key === b.key || a.mac === b.mac }),
  metadata: anyMetadata,
});
