// Every leaf of the platform's inputs: where it stands in inputs and in a plan, and how one becomes the other. The table that plan, diff, drift, import and what is pending share. Pure.
import { BugError } from "../../errors";
import { canonicalCpuSet } from "../../plan/cpu-set";
import type { DeviceMap } from "../../plan/devices";
import type { DomainPlatform, ObservedPlatform } from "../../plan/platform";
import { smbiosFields } from "../../plan/platform";
import { formatSize } from "../../plan/size";
import type { Value, Values } from "../resource";
import { unknown } from "../resource";
import { defined, isValues, sameValue, sizeBytes } from "../values";
import type { DeviceInputs } from "./devices-contract";
import { deviceRows } from "./devices-fields";
import type { PlatformInputs as BoardInputs } from "./platform-contract";

/** Firmware and board, and the devices of which a machine has one. */
export type PlatformInputs = BoardInputs & Omit<DeviceInputs, "serial" | DeviceMap>;

type Path = readonly string[];

export interface PlatformField {
  readonly path: Path;
  /** Where it stands in a plan, if elsewhere. */
  readonly planPath: Path;
  readonly toPlan: (asked: Value) => Value;
  readonly toInput: (found: Value) => Value;
  /** What every machine has of which nobody asked otherwise: an import does not tell it. */
  readonly usual?: Value;
  /** libvirt writes a default of its own down: an import does not tell it. */
  readonly isLibvirts?: boolean;
  /** Neither an import nor a message tells it. */
  readonly isSecret?: boolean;
}

const same = (value: Value) => value;
const bytesPerKiB = 1024;

const kib = (size: Value): Value => {
  const bytes = sizeBytes(size);
  return bytes === undefined ? size : Math.ceil(bytes / bytesPerKiB);
};
const sizeOfKib = (found: Value): Value => (typeof found === "number" ? formatSize(found * bytesPerKiB) : found);

const cpuSet = (text: Value): Value => (typeof text === "string" ? canonicalCpuSet(text) : text);
const cpuSets = (map: Value): Value =>
  isValues(map) ? Object.fromEntries(Object.entries(map).map(([key, text]) => [key, cpuSet(text)])) : map;

const topologyParts = ["sockets", "dies", "cores", "threads"] as const;
const wholeTopology = (topology: Value): Value =>
  isValues(topology) ? Object.fromEntries(topologyParts.map((part) => [part, topology[part] ?? 1])) : topology;

function eachCell(cells: Value, change: (cell: Values) => Readonly<Record<string, Value | undefined>>): Value {
  return Array.isArray(cells)
    ? (cells as readonly Value[]).map((cell) => (isValues(cell) ? (defined(change(cell)) as Values) : cell))
    : cells;
}
const planCells = (cells: Value): Value =>
  eachCell(cells, ({ cpus, memory, memAccess }) => ({
    cpus: cpus === undefined ? cpus : cpuSet(cpus),
    memoryKiB: memory === undefined ? memory : kib(memory),
    memAccess,
  }));
const inputCells = (cells: Value): Value =>
  eachCell(cells, ({ cpus, memoryKiB, memAccess }) => ({
    cpus,
    memory: memoryKiB === undefined ? memoryKiB : sizeOfKib(memoryKiB),
    memAccess,
  }));

const field = (name: string, more: Partial<PlatformField> = {}): PlatformField => {
  const path = name.split(".");
  return { path, planPath: path, toPlan: same, toInput: same, ...more };
};

export const platformTable: readonly PlatformField[] = [
  field("firmware", { usual: "bios" }),
  field("uefi.secureBoot"),
  field("uefi.enrolledKeys"),
  field("uefi.loader"),
  field("uefi.nvramTemplate"),
  field("tpm.model", { usual: "none" }),
  field("tpm.version"),
  field("cpu.model"),
  field("cpu.features", { usual: {} }),
  field("cpu.topology", { toPlan: wholeTopology }),
  field("pinning.vcpus", { toPlan: cpuSets, usual: {} }),
  field("pinning.emulator", { toPlan: cpuSet }),
  field("pinning.iothreads", { toPlan: cpuSets, usual: {} }),
  field("numa.cells", { toPlan: planCells, toInput: inputCells }),
  field("numa.nodeset", { toPlan: cpuSet }),
  field("numa.mode"),
  field("memoryBacking.hugepages", { usual: false }),
  field("memoryBacking.hugepageSize", { planPath: ["memoryBacking", "hugepageKiB"], toPlan: kib, toInput: sizeOfKib }),
  field("memoryBacking.source"),
  field("memoryBacking.access"),
  field("memoryBacking.allocation"),
  field("memoryBacking.locked", { usual: false }),
  field("memoryBacking.nosharepages", { usual: false }),
  field("memoryBacking.discard", { usual: false }),
  field("clock.offset", { usual: "utc" }),
  field("clock.timezone"),
  field("clock.timers", { usual: {} }),
  field("features.acpi", { usual: true }),
  field("features.apic", { usual: true }),
  field("features.pae", { usual: false }),
  field("features.kvmHidden"),
  field("features.pmu"),
  field("features.smm"),
  field("features.vmport"),
  field("features.ioapic"),
  field("hyperv", { usual: false }),
  field("rng", { usual: true }),
  field("watchdog.model", { usual: "none" }),
  field("watchdog.action", { usual: "reset" }),
  field("panic.model", { usual: "none" }),
  field("balloon.model", { usual: "virtio" }),
  field("balloon.freePageReporting", { usual: false }),
  field("balloon.statsPeriodSeconds", { usual: 0 }),
  field("onPoweroff", { usual: "destroy" }),
  field("onReboot", { usual: "restart" }),
  field("onCrash", { usual: "destroy" }),
  field("smbios.mode", { usual: "emulate" }),
  ...smbiosFields.map((name) => field(`smbios.system.${name}`)),
  ...deviceRows,
];

/** The names of the inputs at the top. */
export const platformNames = [...new Set(platformTable.map(({ path }) => path[0] ?? ""))] as readonly (keyof PlatformInputs)[];

/** What a block means by being there. */
const blockDefaults = {
  tpm: { model: "tpm-crb" },
  watchdog: { model: "i6300esb" },
  panic: { model: "isa" },
  balloon: { model: "virtio" },
  sound: { model: "ich9" },
  vsock: { model: "virtio" },
} as const satisfies Partial<Record<keyof PlatformInputs, Values>>;

/** The inputs with what their blocks mean by being there. */
export function withBlockDefaults(inputs: Values): Values {
  const blocks = Object.entries(blockDefaults).flatMap(([name, meant]) => {
    const block = inputs[name];
    return isValues(block) ? [[name, { ...meant, ...block }] as const] : [];
  });
  const { smbios } = inputs;
  const tables = isValues(smbios) && smbios["system"] !== undefined ? { smbios: { mode: "sysinfo", ...smbios } } : {};
  return { ...inputs, ...Object.fromEntries(blocks), ...tables };
}

/** An unknown on the way is what is there. */
export function valueAt(values: Values, path: Path): Value | undefined {
  return path.reduce<Value | undefined>((value, key) => (value === unknown ? value : isValues(value) ? value[key] : undefined), values);
}

/** A copy with another value at the path; undefined takes it away, with the blocks that it leaves empty. */
export function withValueAt(values: Values, [key, ...rest]: Path, value: Value | undefined): Values {
  if (key === undefined) throw new BugError("A field of the platform has no name.");
  const inner = values[key];
  const block = rest.length === 0 ? value : withValueAt(isValues(inner) ? inner : {}, rest, value);
  const isGone = block === undefined || (rest.length > 0 && isValues(block) && Object.keys(block).length === 0);
  const others = Object.fromEntries(Object.entries(values).filter(([name]) => name !== key));
  return isGone ? others : { ...values, [key]: block };
}

/** What the inputs ask of the platform; undefined where they ask nothing. */
export function domainPlatform(inputs: PlatformInputs): DomainPlatform | undefined {
  const asked = withBlockDefaults(inputs as unknown as Values);
  const platform = platformTable.reduce<Values>((made, { path, planPath, toPlan }) => {
    const value = valueAt(asked, path);
    return value === undefined ? made : withValueAt(made, planPath, toPlan(value));
  }, {});
  return Object.keys(platform).length === 0 ? undefined : platform;
}

/** The note of the CPU features that are asked for. */
export function cpuFeaturesNote({ cpu }: PlatformInputs): { readonly cpuFeatures?: string } {
  if (cpu?.features === undefined) return {};
  const features = Object.entries(cpu.features).map(([name, policy]) => `${name}=${policy}`);
  return { cpuFeatures: features.sort().join(",") };
}

/** A field of a definition's platform. */
export const foundAt = (platform: ObservedPlatform | undefined, { planPath }: PlatformField): Value | undefined =>
  valueAt((platform ?? {}) as unknown as Values, planPath);

/** Whether a field asks for what is there. */
export const isAsFound = ({ toPlan }: PlatformField, asked: Value, found: Value | undefined): boolean => sameValue(toPlan(asked), found);
