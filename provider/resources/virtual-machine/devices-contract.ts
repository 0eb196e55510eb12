// The documented contract of a VirtualMachine's devices besides disks and network cards: a part of contract.ts. Whatever is left out stays as the machine has it.
import { z } from "zod";
import {
  inputBuses,
  mdevModels,
  shareAccessModes,
  shareCaches,
  shareDrivers,
  socketModes,
  soundModels,
  tabletBuses,
  tcpProtocols,
  vsockModels,
} from "../../plan/devices";
import { videoModel } from "../common-contract";
import { hostPath, sizeField } from "../volume-fields";

const socketMode = z.enum(socketModes).meta({ id: "SocketMode" });

const unixSocket = z
  .strictObject({
    path: hostPath.optional().describe("The socket on the host. Default: one that libvirt makes."),
    mode: socketMode.optional().describe("Who listens: QEMU (`bind`, default) or somebody else (`connect`)."),
  })
  .describe("A unix socket on the host.")
  .meta({ id: "UnixSocket" });

const tcpSocket = z
  .strictObject({
    host: z.string().min(1).optional().describe("Where QEMU listens, or what it connects to. Default: 127.0.0.1."),
    port: z.int().min(1).max(65_535).describe("The port."),
    mode: socketMode.optional().describe("Who listens: QEMU (`bind`, default) or somebody else (`connect`)."),
    protocol: z.enum(tcpProtocols).meta({ id: "TcpProtocol" }).optional().describe("Plain bytes (`raw`, default) or `telnet`."),
  })
  .describe("A TCP connection. It has neither password nor encryption.")
  .meta({ id: "TcpSocket" });

const sources = {
  file: hostPath.optional().describe("File on the host that the guest's output goes to."),
  unix: unixSocket.optional().describe("A unix socket on the host."),
  tcp: tcpSocket.optional().describe("A TCP connection."),
};
const pty = z.boolean().optional().describe("A pty (`virsh console`).");

const serial = z.strictObject(sources).describe("Where the first serial port goes: to exactly one of these.").meta({ id: "Serial" });

const characterDevice = z
  .strictObject({ pty, ...sources })
  .describe("Where a serial port or console goes: to exactly one of these.")
  .meta({ id: "CharacterDevice" });

const channel = z
  .strictObject({
    pty,
    ...sources,
    spicevmc: z.boolean().optional().describe('SPICE\'s own channel (clipboard, resolution), for `graphics: "spice"`.'),
  })
  .describe("Where a channel goes: to exactly one of these.")
  .meta({ id: "Channel" });

const share = z
  .strictObject({
    source: hostPath.describe("The folder on the host."),
    tag: z
      .string()
      .min(1)
      .max(36)
      .optional()
      .describe("The name that the guest mounts it by: `mount -t virtiofs TAG /mnt`. Default: the share's key."),
    driver: z
      .enum(shareDrivers)
      .meta({ id: "ShareDriver" })
      .optional()
      .describe("`virtiofs` (default; the guest's memory is shared with its daemon by itself) or `9p`."),
    readonly: z.boolean().optional().describe("The guest cannot write. With virtiofs newer libvirt only (9.0 refuses it). Default: false."),
    accessMode: z
      .enum(shareAccessModes)
      .meta({ id: "ShareAccessMode" })
      .optional()
      .describe("9p: whose the files are on the host, in libvirt's words. Default: `passthrough`."),
    cache: z.enum(shareCaches).meta({ id: "ShareCache" }).optional().describe("virtiofs: whether the guest caches. Default: virtiofsd's."),
    queue: z.int().min(1).max(65_536).optional().describe("virtiofs: size of the request queue, a power of two. Default: libvirt's."),
  })
  .describe("A folder of the host that the guest can mount.")
  .meta({ id: "Share" });

const usbNumber = z.int().min(0).max(255).optional();
const usbId = z
  .string()
  .regex(/^[0-9a-f]{4}$/, { error: "must be four hexadecimal digits, in lower case." })
  .optional();

const usb = z
  .strictObject({
    vendor: usbId.describe('With `product`: the vendor\'s ID, as `lsusb` shows it: "046d".'),
    product: usbId.describe("With `vendor`: the product's ID."),
    bus: usbNumber.describe("With `device`: the bus that it is on."),
    device: usbNumber.describe("With `bus`: its number there, which another plugging in changes."),
  })
  .describe("A USB device: by what it is (`vendor`, `product`) or where it is (`bus`, `device`).")
  .meta({ id: "UsbDevice" });

const mdev = z
  .strictObject({
    uuid: z
      .string()
      .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, { error: "must be a UUID, in lower case." })
      .describe("The mediated device's UUID on the host."),
    model: z.enum(mdevModels).meta({ id: "MdevModel" }).optional().describe("How the guest sees it. Default: `vfio-pci`."),
  })
  .describe("A mediated device: a part of a GPU, say.")
  .meta({ id: "MediatedDevice" });

const rom = z
  .strictObject({
    bar: z.boolean().optional().describe("Whether the guest sees the device's ROM. Default: libvirt's."),
    file: hostPath.optional().describe("A file on the host that the guest sees as the ROM."),
  })
  .describe("The ROM of a PCI device.")
  .meta({ id: "Rom" });

const hostDevice = z
  .strictObject({
    pci: z
      .string()
      .regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/, { error: 'must be a PCI address such as "0000:01:00.0".' })
      .optional()
      .describe('A PCI device, by its address on the host: "0000:01:00.0".'),
    usb: usb.optional().describe("A USB device."),
    mdev: mdev.optional().describe("A mediated device."),
    managed: z
      .boolean()
      .optional()
      .describe("`pci`: libvirt takes the device from the host's driver when the VM starts, and gives it back. Default: true."),
    rom: rom.optional().describe("`pci`: the device's ROM."),
    bootOrder: z.int().min(1).optional().describe("Place in the boot order, 1 first. Default: it is not booted from."),
  })
  .describe("A device of the host that the guest gets: exactly one of `pci`, `usb` and `mdev`.")
  .meta({ id: "HostDevice" });

const graphicsSettings = z
  .strictObject({
    listen: z
      .string()
      .min(1)
      .optional()
      .describe("Address of the host where the display listens. Default: 127.0.0.1. Others see the screen of whoever opens it further."),
    port: z
      .int()
      .min(-1)
      .max(65_535)
      .refine((port) => port !== 0, { error: "must be a port, or -1." })
      .optional()
      .describe("The port; VNC's begin at 5900. -1: libvirt chooses a free one at each start (default)."),
    password: z
      .string()
      .min(1)
      .optional()
      .meta({ secret: true })
      .describe(
        "Who connects has to know it; at most 8 characters with VNC. libvirt shows it to its administrators only. A change is live. VNC encrypts nothing: use it over ssh.",
      ),
    keymap: z
      .string()
      .regex(/^[A-Za-z0-9_-]+$/, { error: 'must be the name of one of QEMU\'s keymaps: "de", "en-us".' })
      .optional()
      .describe("The keyboard of whoever connects. Default: none, which suits clients that send key codes."),
  })
  .describe("How the display is reached.")
  .meta({ id: "GraphicsSettings" });

const videoSettings = z
  .strictObject({
    vram: sizeField.optional().describe('Memory of the video device: "64MiB". Default: libvirt\'s for the model.'),
    heads: z.int().min(1).max(16).optional().describe("Screens. Default: 1."),
    accel3d: z.boolean().optional().describe("`virtio`: 3D is drawn by the host. Default: false."),
  })
  .describe("The first video device.")
  .meta({ id: "VideoSettings" });

const keyed = <Device extends z.ZodType>(what: string, device: Device) =>
  z.record(z.string().regex(/^[A-Za-z0-9_-]+$/, { error: `a ${what}'s key may hold letters, digits, _ and - only.` }), device).optional();

const inputBus = z.enum(inputBuses).meta({ id: "InputBus" }).optional();

/** Fields of the machine's inputs, by name. */
export const deviceFields = {
  serial: serial.optional().describe("Where the first serial port goes. Default: a pty (`virsh console`)."),
  serials: keyed("serial port", characterDevice).describe("Serial ports behind the first, by a key that is the port's identity."),
  consoles: keyed("console", characterDevice).describe("virtio consoles (`/dev/hvc0` in Linux), by a key that is the console's identity."),
  channels: z
    .record(z.string().regex(/^[A-Za-z0-9_.-]+$/, { error: "a channel's name may hold letters, digits, and _ . - only." }), channel)
    .optional()
    .describe('virtio channels, by the name that the guest finds them by: "org.example.0" is /dev/virtio-ports/org.example.0 in Linux.'),
  guestAgent: z
    .boolean()
    .optional()
    .describe("The channel of QEMU's guest agent, which has to be installed in the guest. Default: as it is; new VMs have none."),
  graphics: z
    .enum(["none", "vnc", "spice"])
    .meta({ id: "Graphics" })
    .optional()
    .describe("Graphical console. It listens on the loopback address, unless `graphicsSettings` say otherwise. Default: `none`."),
  graphicsSettings: graphicsSettings.optional().describe("How the graphical console is reached."),
  video: videoModel.optional().describe("Video device. Default: the host policy's, else what the graphics need."),
  videoSettings: videoSettings.optional().describe("Memory, screens and acceleration of the video device."),
  sound: z
    .strictObject({ model: z.enum(soundModels).meta({ id: "SoundModel" }).optional().describe("Default: `ich9`. `none`: no sound.") })
    .meta({ id: "Sound" })
    .optional()
    .describe("A sound device."),
  input: z
    .strictObject({
      tablet: z
        .enum(tabletBuses)
        .meta({ id: "TabletBus" })
        .optional()
        .describe("A pointer that knows where it is, so that the mouse of a display does not run away; `none`: none."),
      mouse: inputBus.describe("A mouse; `ps2`: the board's own."),
      keyboard: inputBus.describe("A keyboard; `ps2`: the board's own."),
    })
    .describe("Pointers and keyboards, each with its bus.")
    .meta({ id: "InputDevices" })
    .optional()
    .describe("Pointers and keyboards, each with its bus."),
  vsock: z
    .strictObject({
      model: z.enum(vsockModels).meta({ id: "VsockModel" }).optional().describe("Default: `virtio`. `none`: no vsock."),
      cid: z
        .int()
        .min(3)
        .max(4_294_967_294)
        .optional()
        .describe("The guest's context identifier. Default: libvirt chooses one at each start."),
    })
    .meta({ id: "Vsock" })
    .optional()
    .describe("A socket between guest and host."),
  shares: keyed("share", share).describe("Folders of the host that the guest can mount, by a key that is the share's identity."),
  hostDevices: keyed("device", hostDevice).describe("Devices of the host that the guest gets, by a key that is the device's identity."),
};

export const deviceInputs = z.strictObject(deviceFields);
export type DeviceInputs = z.infer<typeof deviceInputs>;
type Entry<Map> = NonNullable<Map> extends Readonly<Record<string, infer Device>> ? Device : never;
export type ShareInputs = Entry<DeviceInputs["shares"]>;
export type HostDeviceInputs = Entry<DeviceInputs["hostDevices"]>;
export type ChannelInputs = Entry<DeviceInputs["channels"]>;
