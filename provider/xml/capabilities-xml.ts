// What libvirt says the host, and one kind of machine on it, can do.
import { attributeOf, childOf, childrenOf, textOf, type XmlElement } from "./document";
import { readXml } from "./read-xml";
import { integerOf } from "./size";

export interface MachineType {
  /** "q35", "pc-q35-7.2" */
  readonly name: string;
  /** For a short name: the versioned machine that it stands for on this host. */
  readonly canonical?: string | undefined;
  readonly maxCpus?: number | undefined;
}

export interface HostCapabilities {
  /** libvirt's name: "x86_64". */
  readonly hostArchitecture: string;
  readonly hostUuid?: string | undefined;
  /** libvirt offers the domain type kvm for the host's architecture; whether QEMU may open /dev/kvm is another question. */
  readonly kvmOffered: boolean;
  /** Machines of the host's architecture. */
  readonly machines: readonly MachineType[];
}

export interface DomainCapabilities {
  readonly domainType: string;
  /** The versioned machine. */
  readonly machine: string;
  readonly architecture: string;
  readonly emulator?: string | undefined;
  readonly maxCpus?: number | undefined;
  /** Modes that are supported: "host-passthrough", "host-model", … */
  readonly cpuModes: readonly string[];
  /** "virtio", "scsi", … */
  readonly diskBuses: readonly string[];
  readonly videoModels: readonly string[];
  /** "vnc", "spice", … */
  readonly graphicsTypes: readonly string[];
}

function parseMachine(element: XmlElement): MachineType {
  const canonical = attributeOf(element, "canonical");
  const maxCpus = integerOf(attributeOf(element, "maxCpus"));
  return {
    name: textOf(element) ?? "",
    ...(canonical === undefined ? {} : { canonical }),
    ...(maxCpus === undefined ? {} : { maxCpus }),
  };
}

/** Reads virConnectGetCapabilities. Machines are listed once, though libvirt may repeat them for each domain type. */
export function parseCapabilities(xml: string): HostCapabilities {
  const capabilities = readXml(xml);
  const hostArchitecture = textOf(childOf(capabilities, "host", "cpu", "arch")) ?? "";
  const hostUuid = textOf(childOf(capabilities, "host", "uuid"));
  const guests = childrenOf(capabilities, "guest").flatMap((guest) => childrenOf(guest, "arch"));
  const ofHost = guests.filter((arch) => attributeOf(arch, "name") === hostArchitecture);
  const domainTypes = ofHost.flatMap((arch) => childrenOf(arch, "domain"));
  const elements = [...ofHost, ...domainTypes].flatMap((scope) => childrenOf(scope, "machine"));
  const machines = new Map(elements.map(parseMachine).map((machine) => [machine.name, machine]));
  return {
    hostArchitecture,
    ...(hostUuid === undefined ? {} : { hostUuid }),
    kvmOffered: domainTypes.some((domain) => attributeOf(domain, "type") === "kvm"),
    machines: [...machines.values()],
  };
}

/** The values of <enum name='…'> under a device. */
function enumValues(device: XmlElement | undefined, name: string): readonly string[] {
  const found = device === undefined ? [] : childrenOf(device, "enum").filter((element) => attributeOf(element, "name") === name);
  return found.flatMap((element) => childrenOf(element, "value")).map((value) => textOf(value) ?? "");
}

/** Reads virConnectGetDomainCapabilities. */
export function parseDomainCapabilities(xml: string): DomainCapabilities {
  const capabilities = readXml(xml);
  const cpu = childOf(capabilities, "cpu");
  const supported = (cpu === undefined ? [] : childrenOf(cpu, "mode")).filter((mode) => attributeOf(mode, "supported") === "yes");
  const emulator = textOf(childOf(capabilities, "path"));
  const maxCpus = integerOf(attributeOf(childOf(capabilities, "vcpu"), "max"));
  return {
    domainType: textOf(childOf(capabilities, "domain")) ?? "",
    machine: textOf(childOf(capabilities, "machine")) ?? "",
    architecture: textOf(childOf(capabilities, "arch")) ?? "",
    ...(emulator === undefined ? {} : { emulator }),
    ...(maxCpus === undefined ? {} : { maxCpus }),
    cpuModes: supported.map((mode) => attributeOf(mode, "name") ?? ""),
    diskBuses: enumValues(childOf(capabilities, "devices", "disk"), "bus"),
    videoModels: enumValues(childOf(capabilities, "devices", "video"), "modelType"),
    graphicsTypes: enumValues(childOf(capabilities, "devices", "graphics"), "type"),
  };
}
