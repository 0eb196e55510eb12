// Where a new element goes among its siblings: libvirt takes any order, people expect libvirt's own.
import { addChild, childOf, childrenOf, type AttributeValues, type XmlElement } from "./document";

/** libvirt's order of the children that we write, by parent. */
const childOrder: Readonly<Record<string, readonly string[]>> = {
  domain: [
    "name",
    "uuid",
    "genid",
    "title",
    "description",
    "metadata",
    "maxMemory",
    "memory",
    "currentMemory",
    "blkiotune",
    "memtune",
    "memoryBacking",
    "vcpu",
    "vcpus",
    "iothreads",
    "iothreadids",
    "defaultiothread",
    "cputune",
    "numatune",
    "resource",
    "sysinfo",
    "os",
    "features",
    "cpu",
    "clock",
    "on_poweroff",
    "on_reboot",
    "on_crash",
    "devices",
  ],
  cpu: ["model", "vendor", "topology", "cache", "maxphysaddr", "feature", "numa"],
  cputune: ["vcpupin", "emulatorpin", "iothreadpin"],
  memoryBacking: ["hugepages", "nosharepages", "locked", "source", "access", "allocation", "discard"],
  os: ["type", "firmware", "loader", "nvram", "kernel", "initrd", "cmdline", "boot", "smbios"],
  features: ["acpi", "apic", "pae", "hyperv", "kvm", "pmu", "vmport", "smm", "ioapic"],
  devices: [
    "emulator",
    "disk",
    "controller",
    "filesystem",
    "interface",
    "serial",
    "console",
    "channel",
    "input",
    "tpm",
    "graphics",
    "sound",
    "video",
    "hostdev",
    "watchdog",
    "memballoon",
    "rng",
    "panic",
    "vsock",
  ],
  filesystem: ["driver", "binary", "source", "target", "readonly", "alias", "address"],
  hostdev: ["source", "boot", "rom", "alias", "address"],
  disk: [
    "driver",
    "auth",
    "source",
    "backingStore",
    "geometry",
    "blockio",
    "mirror",
    "target",
    "iotune",
    "readonly",
    "shareable",
    "transient",
    "serial",
    "wwn",
    "vendor",
    "product",
    "encryption",
    "boot",
    "alias",
    "address",
  ],
  interface: [
    "mac",
    "source",
    "vlan",
    "virtualport",
    "bandwidth",
    "port",
    "ip",
    "route",
    "script",
    "downscript",
    "backenddomain",
    "target",
    "guest",
    "model",
    "driver",
    "backend",
    "filterref",
    "tune",
    "link",
    "mtu",
    "coalesce",
    "teaming",
    "portForward",
    "rom",
    "boot",
    "alias",
    "address",
    "acpi",
  ],
  bandwidth: ["inbound", "outbound"],
  source: [
    "host",
    "identity",
    "snapshot",
    "config",
    "initiator",
    "ssl",
    "cookies",
    "readahead",
    "timeout",
    "slices",
    "seclabel",
    "auth",
    "encryption",
    "reservations",
  ],
};

/** Adds a child after its equals and before what libvirt writes behind it; a parent without a known order gets it at its end. */
export function addInOrder(parent: XmlElement, name: string, attributes: AttributeValues = {}): XmlElement {
  const order = childOrder[parent.nodeName] ?? [];
  const later = new Set(order.slice(order.indexOf(name) + 1));
  const before = order.includes(name) ? childrenOf(parent).find((child) => later.has(child.nodeName)) : undefined;
  return addChild(parent, name, attributes, before);
}

/** The first child with the name, made where there is none. */
export function ensureChild(parent: XmlElement, name: string): XmlElement {
  return childOf(parent, name) ?? addInOrder(parent, name);
}

/** An element whose being there says it all (<readonly/>). */
export function setFlag(parent: XmlElement, name: string, isOn: boolean): void {
  const present = childrenOf(parent, name);
  if (isOn && present.length === 0) addInOrder(parent, name);
  if (!isOn) for (const element of present) parent.removeChild(element);
}
