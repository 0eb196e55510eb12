// libvirt's domain XML -> what we know of a machine: of any origin, inactive or live; what a plan does not speak of is passed over.
import { sourceName } from "../plan/disk-source";
import type { DirectBoot, DiskTuning, ObservedDisk, ObservedDomain } from "../plan/domain";
import { diskBuses, diskDevices, diskFormats } from "../plan/domain";
import { parseDevices } from "./devices/device-maps";
import { parseFirstSerial } from "./domain/configure-consoles";
import { parseIoTune } from "./iotune";
import { userAliasPrefix } from "./disk-xml";
import { attributeOf, childOf, childrenOf, textOf, type XmlElement } from "./document";
import { parseMetadata } from "./metadata-xml";
import { parseAgentState, parseInterfaces } from "./parse-interface";
import { parseIgnitionFile } from "./domain/configure-fw-cfg";
import { parseSource } from "./parse-disk-source";
import { parsePlatform } from "./platform/parse-platform";
import { readXml } from "./read-xml";
import { integerOf, memoryKiBOf } from "./size";

/** Where libvirt keeps the path of a source that a plan does not say. */
const otherPathAttributes: Readonly<Record<string, string>> = { file: "file", block: "dev", dir: "dir" };

function parseTuning(element: XmlElement): DiskTuning | undefined {
  const driver = childOf(element, "driver");
  const tuning = present({
    iothread: integerOf(attributeOf(driver, "iothread")),
    queues: integerOf(attributeOf(driver, "queues")),
    discardNoUnref: attributeOf(driver, "discard_no_unref") === "on" ? true : undefined,
    throttle: parseIoTune(element),
    wwn: textOf(childOf(element, "wwn")),
  });
  return Object.keys(tuning).length === 0 ? undefined : tuning;
}

/** The disk's identity: our (or the user's) alias, else the key that our metadata has for its target, else the target itself. */
export function diskKey(element: XmlElement, keyByTarget: ReadonlyMap<string, string> | undefined): string {
  const alias = attributeOf(childOf(element, "alias"), "name");
  if (alias?.startsWith(userAliasPrefix) === true) return alias.slice(userAliasPrefix.length);
  const target = attributeOf(childOf(element, "target"), "dev") ?? "";
  return keyByTarget?.get(target) ?? target;
}

/** Leaves out the keys without a value. */
function present<Values extends object>(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Values;
}

export function parseDisk(element: XmlElement, keyByTarget: ReadonlyMap<string, string> | undefined): ObservedDisk {
  const target = childOf(element, "target");
  const driver = childOf(element, "driver");
  const sourceType = attributeOf(element, "type") ?? "file";
  const source = parseSource(element);
  const otherPath = attributeOf(childOf(element, "source"), otherPathAttributes[sourceType] ?? "");
  return present({
    key: diskKey(element, keyByTarget),
    device: attributeOf(element, "device") ?? "disk",
    bus: attributeOf(target, "bus"),
    target: attributeOf(target, "dev") ?? "",
    alias: attributeOf(childOf(element, "alias"), "name"),
    sourceType,
    source,
    path: source === undefined ? otherPath : sourceName(source),
    format: attributeOf(driver, "type"),
    readonly: childOf(element, "readonly") !== undefined,
    shareable: childOf(element, "shareable") !== undefined,
    serial: textOf(childOf(element, "serial")),
    bootOrder: integerOf(attributeOf(childOf(element, "boot"), "order")),
    cache: attributeOf(driver, "cache"),
    io: attributeOf(driver, "io"),
    discard: attributeOf(driver, "discard"),
    detectZeroes: attributeOf(driver, "detect_zeroes"),
    tuning: parseTuning(element),
  });
}

/** Disks that a plan can say; any other stays on the host untouched. */
export const isSayable = ({ device, bus, source, format }: Pick<ObservedDisk, "device" | "bus" | "source" | "format">): boolean =>
  diskDevices.some((known) => known === device) &&
  diskBuses.some((known) => known === bus) &&
  (format === undefined || diskFormats.some((known) => known === format)) &&
  source !== undefined &&
  (source.type !== "empty" || device === "cdrom");

function parseDirectBoot(domain: XmlElement): DirectBoot | undefined {
  const kernel = textOf(childOf(domain, "os", "kernel"));
  if (kernel === undefined) return undefined;
  return present({ kernel, initrd: textOf(childOf(domain, "os", "initrd")), cmdline: textOf(childOf(domain, "os", "cmdline")) });
}

/** A <cpu> that names a model without a mode is libvirt's oldest way to say "custom". */
function parseCpuMode(domain: XmlElement): string | undefined {
  const cpu = childOf(domain, "cpu");
  return attributeOf(cpu, "mode") ?? (childOf(domain, "cpu", "model") === undefined ? undefined : "custom");
}

function parseSizes(domain: XmlElement): Pick<ObservedDomain, "cpus" | "maxCpus" | "memoryKiB" | "maxMemoryKiB"> {
  const vcpu = childOf(domain, "vcpu");
  const maxCpus = integerOf(textOf(vcpu)) ?? 1;
  const maxMemoryKiB = memoryKiBOf(childOf(domain, "memory")) ?? 0;
  return {
    cpus: integerOf(attributeOf(vcpu, "current")) ?? maxCpus,
    maxCpus,
    memoryKiB: memoryKiBOf(childOf(domain, "currentMemory")) ?? maxMemoryKiB,
    maxMemoryKiB,
  };
}

/** Reads a domain definition. Words that only libvirt knows are kept as they are; a missing name or UUID reads as "". */
export function parseDomain(xml: string): ObservedDomain {
  const domain = readXml(xml);
  const osType = childOf(domain, "os", "type");
  const devices = childOf(domain, "devices");
  const stored = parseMetadata(childOf(domain, "metadata"));
  return present({
    name: textOf(childOf(domain, "name")) ?? "",
    uuid: textOf(childOf(domain, "uuid")) ?? "",
    description: textOf(childOf(domain, "description")),
    domainType: attributeOf(domain, "type") ?? "",
    architecture: attributeOf(osType, "arch") ?? "",
    machine: attributeOf(osType, "machine") ?? "",
    ...parseSizes(domain),
    cpuMode: parseCpuMode(domain),
    platform: parsePlatform(domain),
    directBoot: parseDirectBoot(domain),
    ignitionFile: parseIgnitionFile(domain),
    serial: parseFirstSerial(domain),
    devices: parseDevices(domain),
    iothreads: integerOf(textOf(childOf(domain, "iothreads"))),
    disks: devices === undefined ? [] : childrenOf(devices, "disk").map((disk) => parseDisk(disk, stored?.keyByTarget)),
    interfaces: parseInterfaces(devices, stored?.keyByMac),
    agentConnected: parseAgentState(devices),
    metadata: stored?.metadata,
  });
}
