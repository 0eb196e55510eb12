// A whole machine as decided: what provider/xml writes into a libvirt definition and reads back from one.
import type { CharacterSource, DeviceMap, DomainDevices, ObservedDevices } from "./devices";
import type { DomainPlatform, ObservedPlatform } from "./platform";
import type { CpuMode } from "./policy";
import type { DiskRule, DriverSettings } from "./settings";

export const diskDevices = ["disk", "cdrom"] as const;
export type DiskDevice = (typeof diskDevices)[number];

export const diskBuses = ["virtio", "scsi", "sata", "ide", "usb"] as const;
export type DiskBus = (typeof diskBuses)[number];

export const diskFormats = ["raw", "qcow2"] as const;
export type DiskFormat = (typeof diskFormats)[number];

/** QEMU's own network drivers, in libvirt's words. */
export const diskProtocols = ["rbd", "iscsi", "nfs", "http", "https"] as const;
export type DiskProtocol = (typeof diskProtocols)[number];

export interface NetworkHost {
  readonly name: string;
  readonly port?: number | undefined;
}

/** Who a network disk's data is asked for as. The password itself is a secret of libvirt's, named by its UUID. */
export interface DiskAuth {
  readonly username: string;
  /** libvirt's secret usage type. */
  readonly type: "ceph" | "iscsi";
  readonly secretUuid: string;
}

export interface NetworkSource {
  readonly type: "network";
  readonly protocol: DiskProtocol;
  /** rbd: "pool/image"; iscsi: "iqn…/1" (target and LUN); nfs: the path with its first slash; http: the same as the URL has it, percent-encoded and without the query. */
  readonly name: string;
  /** With the "?", for http. */
  readonly query?: string | undefined;
  readonly hosts: readonly NetworkHost[];
  readonly auth?: DiskAuth | undefined;
  /** iscsi: the initiator's name. */
  readonly initiator?: string | undefined;
  /** nfs: who QEMU is on the server, as numbers ("+1000") or names. */
  readonly identity?: { readonly user: string; readonly group: string } | undefined;
}

/**
 * Where a disk's data is. `type='volume'` is never written: virt-aa-helper does not understand it.
 * nvme: a host's NVMe controller by its PCI address ("0000:01:00.0"), whose namespace QEMU drives itself. vhostuser: the unix socket of a vhost-user-blk daemon.
 */
export type DiskSource =
  | { readonly type: "file" | "block"; readonly path: string }
  | NetworkSource
  | { readonly type: "nvme"; readonly address: string; readonly namespace: number }
  | { readonly type: "vhostuser"; readonly socket: string }
  | { readonly type: "empty" };

/** Limits of a disk's traffic; absent: none. `max…`: what a burst may reach. Disks with the same `group` share one limit. */
export interface DiskThrottle {
  readonly totalBytesPerSecond?: number | undefined;
  readonly readBytesPerSecond?: number | undefined;
  readonly writeBytesPerSecond?: number | undefined;
  readonly totalIops?: number | undefined;
  readonly readIops?: number | undefined;
  readonly writeIops?: number | undefined;
  readonly maxTotalBytesPerSecond?: number | undefined;
  readonly maxReadBytesPerSecond?: number | undefined;
  readonly maxWriteBytesPerSecond?: number | undefined;
  readonly maxTotalIops?: number | undefined;
  readonly maxReadIops?: number | undefined;
  readonly maxWriteIops?: number | undefined;
  readonly group?: string | undefined;
}

/** How a disk's requests are carried out, besides the driver settings. */
export interface DiskTuning {
  /** Number of the I/O thread that serves it, from 1. */
  readonly iothread?: number | undefined;
  /** Request queues of a virtio disk. */
  readonly queues?: number | undefined;
  /** qcow2: freed clusters keep their place in the file (QEMU >= 8.1, libvirt >= 9.5). */
  readonly discardNoUnref?: boolean | undefined;
  readonly throttle?: DiskThrottle | undefined;
  /** World Wide Name, 16 hexadecimal digits; not on virtio. */
  readonly wwn?: string | undefined;
}

/** One disk of the definition. `key` is the identity: libvirt's user alias is `ua-<key>`. */
export interface DomainDisk {
  readonly key: string;
  readonly device: DiskDevice;
  readonly bus: DiskBus;
  /** "vda", "sdb": given once and kept. */
  readonly target: string;
  readonly source: DiskSource;
  readonly format: DiskFormat;
  readonly readonly: boolean;
  readonly shareable: boolean;
  readonly serial?: string | undefined;
  /** 1 is first. */
  readonly bootOrder?: number | undefined;
  readonly tuning?: DiskTuning | undefined;
  /** Not written for nvme and vhostuser sources, which take none. */
  readonly driver: DriverSettings;
}

/** How a macvtap device (direct) is tied to the host's device, in libvirt's words. */
export const directModes = ["bridge", "vepa", "private", "passthrough"] as const;
export type DirectMode = (typeof directModes)[number];

export const vhostUserModes = ["client", "server"] as const;
export type VhostUserMode = (typeof vhostUserModes)[number];

/** Where the frames of a network card go. `user`: QEMU's own network, in which the guest reaches out and nobody reaches in. */
export type InterfaceSource =
  | { readonly type: "network"; readonly network: string; readonly portgroup?: string | undefined }
  | { readonly type: "bridge"; readonly bridge: string; readonly openvswitch?: boolean | undefined }
  | { readonly type: "direct"; readonly device: string; readonly mode: DirectMode }
  | { readonly type: "user" }
  | { readonly type: "vhostuser"; readonly socket: string; readonly mode: VhostUserMode };

/** One direction of a network card's traffic, in libvirt's units: KiB a second, and KiB for the burst. */
export interface TrafficLimit {
  readonly averageKiB: number;
  readonly peakKiB?: number | undefined;
  readonly burstKiB?: number | undefined;
}

/** `inbound` is what the guest receives. */
export interface InterfaceBandwidth {
  readonly inbound?: TrafficLimit | undefined;
  readonly outbound?: TrafficLimit | undefined;
}

export const linkStates = ["up", "down"] as const;
export type LinkState = (typeof linkStates)[number];

/** What a network card may have besides its source; what is absent it has not. */
export interface InterfaceTuning {
  readonly mtuBytes?: number | undefined;
  /** VLAN tag; a trunk of several is none that a plan can say, and stays. */
  readonly vlan?: number | undefined;
  readonly bandwidth?: InterfaceBandwidth | undefined;
  /** 1 is first. */
  readonly bootOrder?: number | undefined;
  /** Queue pairs of a virtio card. */
  readonly queues?: number | undefined;
}

/** One network card of the definition. `key` is the identity: libvirt's user alias is `ua-<key>`. */
export interface DomainInterface extends InterfaceTuning {
  readonly key: string;
  readonly source: InterfaceSource;
  /** Absent: what is there, or libvirt chooses. */
  readonly model?: string | undefined;
  /** "52:54:00:0a:0b:0c", in lower case. */
  readonly mac: string;
  readonly linkState: LinkState;
}

export interface DirectBoot {
  readonly kernel: string;
  readonly initrd?: string | undefined;
  readonly cmdline?: string | undefined;
}

export interface DomainPlan {
  readonly name: string;
  /** Absent: libvirt makes one. */
  readonly uuid?: string | undefined;
  readonly description?: string | undefined;
  readonly domainType: "kvm" | "qemu";
  /** "x86_64" */
  readonly architecture: string;
  /** "q35", "pc", or a versioned machine; absent: what libvirt has or chooses is kept. */
  readonly machine?: string | undefined;
  readonly cpus: number;
  readonly maxCpus: number;
  readonly memoryKiB: number;
  readonly maxMemoryKiB: number;
  readonly cpuMode?: CpuMode | undefined;
  readonly platform?: DomainPlatform | undefined;
  readonly directBoot?: DirectBoot | undefined;
  /** Ignition's configuration, given to the guest by fw_cfg, is in this file on the host; absent: one of ours is taken out. */
  readonly ignitionFile?: string | undefined;
  /** Where the first serial port goes; absent: to a pty. */
  readonly serial?: CharacterSource | undefined;
  readonly devices?: DomainDevices | undefined;
  /** How many I/O threads there are at least. */
  readonly iothreads?: number | undefined;
  readonly disks: readonly DomainDisk[];
  /** XML of the user's own, by key. */
  readonly fragments?: Readonly<Record<string, XmlFragment>> | undefined;
  /** Absent: the network cards that are there are not ours to change. */
  readonly interfaces?: readonly DomainInterface[] | undefined;
  readonly metadata: ManagedMetadata;
}

/** A piece of the user's own XML. A device (`path` "devices") is added and known again by its key; any other place holds one element of a name, which is set. */
export interface XmlFragment {
  /** Where the element goes: the names of its parents below <domain>, "devices", "features", "" for <domain> itself. */
  readonly path: string;
  /** The element to put there; or, instead, */
  readonly xml?: string | undefined;
  /** the name of the element to take away from there. */
  readonly remove?: string | undefined;
}

/** What a definition says of a fragment that was put into it: its place, the element's name, and a digest of what was asked for. */
export interface FragmentMark {
  readonly key: string;
  readonly path: string;
  readonly element: string;
  readonly digest: string;
}

/** A volume that we made, and so delete with the VM or the disk unless it is to be kept. */
export interface OwnedVolume {
  readonly key: string;
  readonly pool: string;
  readonly name: string;
  readonly path: string;
  readonly keep: boolean;
}

/** What we note of a network card. `network` and `address`: the fixed address that we had the network's DHCP server give it. */
export interface ManagedInterface {
  readonly key: string;
  readonly mac: string;
  readonly network?: string | undefined;
  readonly address?: string | undefined;
}

/** Our element in the domain's <metadata>: who manages it, what was asked and decided, which volumes are ours. */
export interface ManagedMetadata {
  /** Pulumi URN: stack, project and resource. */
  readonly urn: string;
  /** `creating` until the machine is as asked for the first time: a later run can tell a half-made one. */
  readonly phase: "creating" | "ready";
  /** Who makes it, while creating. */
  readonly maker?: { readonly hostname: string; readonly pid: number; readonly since: string } | undefined;
  readonly disks: readonly {
    readonly key: string;
    readonly requested: DiskRule;
    readonly effective: DriverSettings;
    readonly reason: string;
  }[];
  readonly volumes: readonly OwnedVolume[];
  /** The name by which cloud-init's seed makes the guest a new machine, or one that it knows; absent: there is no seed. */
  readonly instanceId?: string | undefined;
  /** The network cards by their MACs: a card that was imported has no alias to tell it by. Absent: the cards are not ours. */
  readonly interfaces?: readonly ManagedInterface[] | undefined;
  /** The CPU features as asked for, in a fixed order: libvirt expands those of a running machine beyond recognition. Absent: nothing is asked. */
  readonly cpuFeatures?: string | undefined;
  /** The maps of devices that the program speaks of. Absent: none. */
  readonly devices?: readonly DeviceMap[] | undefined;
  /** Absent: none. */
  readonly fragments?: readonly FragmentMark[] | undefined;
}

/** A disk as a definition holds it: foreign words are kept as they are; absent attributes are absent. */
export interface ObservedDisk {
  /** From the user alias `ua-<key>`, else our metadata's key for the target, else the target. */
  readonly key: string;
  readonly device: string;
  readonly bus?: string | undefined;
  readonly target: string;
  /** libvirt's or the user's own name of the device, while it runs. */
  readonly alias?: string | undefined;
  /** libvirt's disk type: file, block, network, volume, … */
  readonly sourceType: string;
  /** What the source says, where a plan can say it too. */
  readonly source?: DiskSource | undefined;
  /** File or device path, or the name of another source (see `sourceName`): equal where the data is the same. */
  readonly path?: string | undefined;
  readonly format?: string | undefined;
  readonly readonly: boolean;
  readonly shareable: boolean;
  readonly serial?: string | undefined;
  readonly bootOrder?: number | undefined;
  readonly cache?: string | undefined;
  readonly io?: string | undefined;
  readonly discard?: string | undefined;
  readonly detectZeroes?: string | undefined;
  readonly tuning?: DiskTuning | undefined;
}

/** A network card as a definition holds it: foreign words are kept as they are. */
export interface ObservedInterface extends InterfaceTuning {
  /** From the user alias `ua-<key>`, else our metadata's key for the MAC, else its place among the cards, as libvirt names it: "net0". */
  readonly key: string;
  /** libvirt's or the user's own name of the device, while it runs. */
  readonly alias?: string | undefined;
  /** libvirt's interface type: network, bridge, direct, user, hostdev, … */
  readonly sourceType: string;
  /** What the source says, where a plan can say it too; a card without is none of ours. */
  readonly source?: InterfaceSource | undefined;
  readonly model?: string | undefined;
  readonly mac: string;
  readonly linkState: LinkState;
}

/** A definition as read back; what it holds beyond this stays untouched when a plan is written over it. */
export interface ObservedDomain {
  readonly name: string;
  readonly uuid: string;
  readonly description?: string | undefined;
  readonly domainType: string;
  readonly architecture: string;
  readonly machine: string;
  readonly cpus: number;
  readonly maxCpus: number;
  readonly memoryKiB: number;
  readonly maxMemoryKiB: number;
  readonly cpuMode?: string | undefined;
  readonly platform?: ObservedPlatform | undefined;
  readonly directBoot?: DirectBoot | undefined;
  readonly ignitionFile?: string | undefined;
  /** Absent: a pty, or one that a plan cannot say. */
  readonly serial?: CharacterSource | undefined;
  readonly devices?: ObservedDevices | undefined;
  readonly iothreads?: number | undefined;
  readonly disks: readonly ObservedDisk[];
  readonly interfaces: readonly ObservedInterface[];
  /** Whether the guest agent is connected now; in a live definition only. */
  readonly agentConnected?: boolean | undefined;
  /** Absent: not made by this provider. */
  readonly metadata?: ManagedMetadata | undefined;
}
