// Devices of a machine as decided, besides disks, network cards and platform: what provider/xml writes into a definition and reads back.

/** `none` takes the display away. */
export const graphicsTypes = ["vnc", "spice", "none"] as const;
export type GraphicsType = (typeof graphicsTypes)[number];

/** libvirt's own word for "choose one". */
export const autoPort = -1;

/** Sounds of today's machines; `none` takes it away. */
export const soundModels = ["ich9", "ich6", "ac97", "es1370", "sb16", "usb", "none"] as const;

/** Pointers and keyboards besides the ones that the board has itself (`ps2`). */
export const inputBuses = ["ps2", "usb", "virtio"] as const;
export const tabletBuses = ["usb", "virtio", "none"] as const;
export const vsockModels = ["virtio", "none"] as const;

type Word<Words extends readonly string[]> = Words[number];

/** Devices of which a machine has one or none. As with the platform, what is absent stays as it is. */
export interface SingleDevices {
  readonly graphics?:
    | {
        readonly type?: GraphicsType | undefined;
        readonly listen?: string | undefined;
        readonly port?: number | undefined;
        readonly password?: string | undefined;
        readonly keymap?: string | undefined;
      }
    | undefined;
  readonly video?:
    | {
        readonly model?: string | undefined;
        readonly vramKiB?: number | undefined;
        readonly heads?: number | undefined;
        readonly accel3d?: boolean | undefined;
      }
    | undefined;
  readonly sound?: { readonly model?: Word<typeof soundModels> | undefined } | undefined;
  readonly input?:
    | {
        readonly tablet?: Word<typeof tabletBuses> | undefined;
        readonly mouse?: Word<typeof inputBuses> | undefined;
        readonly keyboard?: Word<typeof inputBuses> | undefined;
      }
    | undefined;
  /** Without a context identifier libvirt chooses one. */
  readonly vsock?: { readonly model?: Word<typeof vsockModels> | undefined; readonly cid?: number | undefined } | undefined;
  readonly guestAgent?: boolean | undefined;
}

export const socketModes = ["bind", "connect"] as const;
export const tcpProtocols = ["raw", "telnet"] as const;

/** Where the bytes of a serial port, console or channel go on the host. `bind`: QEMU listens there; `connect`: somebody else does. */
export type CharacterSource =
  | { readonly type: "pty" }
  | { readonly type: "spicevmc" }
  | { readonly type: "file"; readonly path: string }
  /** Without a path libvirt makes one of its own. */
  | { readonly type: "unix"; readonly path?: string | undefined; readonly mode: Word<typeof socketModes> }
  | {
      readonly type: "tcp";
      readonly host: string;
      readonly port: number;
      readonly mode: Word<typeof socketModes>;
      readonly protocol: Word<typeof tcpProtocols>;
    };

export const shareDrivers = ["virtiofs", "9p"] as const;
export const shareAccessModes = ["passthrough", "mapped", "squash"] as const;
export const shareCaches = ["none", "always"] as const;

/** A folder of the host, which the guest mounts by its tag. */
export interface Share {
  readonly source: string;
  readonly tag: string;
  readonly driver: Word<typeof shareDrivers>;
  readonly readonly: boolean;
  readonly accessMode: Word<typeof shareAccessModes>;
  readonly cache?: Word<typeof shareCaches> | undefined;
  readonly queue?: number | undefined;
}

export const mdevModels = ["vfio-pci", "vfio-ccw", "vfio-ap"] as const;

/** PCI addresses as libvirt's tools write them: "0000:01:00.0". Vendor and product as four hexadecimal digits. */
export type HostDeviceSource =
  | { readonly type: "pci"; readonly address: string; readonly managed: boolean }
  | { readonly type: "usb"; readonly vendor: string; readonly product: string }
  | { readonly type: "usb"; readonly bus: number; readonly device: number }
  | { readonly type: "mdev"; readonly uuid: string; readonly model: Word<typeof mdevModels> };

export interface HostDevice {
  readonly source: HostDeviceSource;
  /** Whether the guest sees a PCI device's own ROM; absent: libvirt's default. */
  readonly romBar?: boolean | undefined;
  readonly romFile?: string | undefined;
  readonly bootOrder?: number | undefined;
}

/** A serial port behind the first, or a virtio console. */
export interface CharacterDevice {
  readonly source: CharacterSource;
}

/** A virtio channel, which the guest finds by its name. */
export interface Channel {
  readonly name: string;
  readonly source: CharacterSource;
}

/** The devices by key, map by map: the key is the identity. A map is whole; an absent one is not ours to change. */
export interface DeviceKinds {
  readonly shares: Share;
  readonly hostDevices: HostDevice;
  readonly serials: CharacterDevice;
  readonly consoles: CharacterDevice;
  readonly channels: Channel;
}
export const deviceMapNames = [
  "shares",
  "hostDevices",
  "serials",
  "consoles",
  "channels",
] as const satisfies readonly (keyof DeviceKinds)[];
export type DeviceMap = keyof DeviceKinds;
export type DomainDevices = { readonly [Name in DeviceMap]?: Readonly<Record<string, DeviceKinds[Name]>> | undefined };

/** What the definition holds of each map; libvirt's or the user's own name of each device while it runs. */
export type ObservedDevices = { readonly [Name in DeviceMap]: Readonly<Record<string, DeviceKinds[Name]>> } & {
  readonly aliases: Readonly<Record<DeviceMap, Readonly<Record<string, string>>>>;
};

export const agentChannel = "org.qemu.guest_agent.0";
