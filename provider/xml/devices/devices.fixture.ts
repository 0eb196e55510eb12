// Devices for tests: one of each kind to look at, and any that fast-check comes up with.
import fc from "fast-check";
import {
  inputBuses,
  mdevModels,
  shareAccessModes,
  shareCaches,
  socketModes,
  soundModels,
  tabletBuses,
  tcpProtocols,
  type CharacterSource,
  type DomainDevices,
  type HostDevice,
  type Share,
  type SingleDevices,
} from "../../plan/devices";
import type { DomainPlan } from "../../plan/domain";
import { videoModels } from "../../plan/policy";
import { anyText } from "../any-text.fixture";

const oneOf = <Word extends string>(words: readonly Word[]) => fc.constantFrom(...words);
const some = <T>(values: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) => fc.record(values, { requiredKeys: [] });
const port = fc.integer({ min: 1, max: 65_535 });

export const anyCharacterSource: fc.Arbitrary<CharacterSource> = fc.oneof(
  fc.record({ type: fc.constant("file" as const), path: anyText }),
  fc.record({ type: fc.constant("unix" as const), path: anyText, mode: oneOf(socketModes) }),
  fc.record({ type: fc.constant("tcp" as const), host: anyText, port, mode: oneOf(socketModes), protocol: oneOf(tcpProtocols) }),
);

const share: fc.Arbitrary<Share> = fc.oneof(
  fc.record(
    {
      source: anyText,
      tag: anyText,
      driver: fc.constant("virtiofs" as const),
      readonly: fc.boolean(),
      accessMode: fc.constant("passthrough" as const),
      cache: oneOf(shareCaches),
      queue: fc.constantFrom(512, 1024),
    },
    { requiredKeys: ["source", "tag", "driver", "readonly", "accessMode"] },
  ),
  fc.record({
    source: anyText,
    tag: anyText,
    driver: fc.constant("9p" as const),
    readonly: fc.boolean(),
    accessMode: oneOf(shareAccessModes),
  }),
);

const hex = (digits: number) => fc.nat(16 ** digits - 1).map((value) => value.toString(16).padStart(digits, "0"));
const pci = fc
  .tuple(hex(4), hex(2), fc.nat(31), fc.nat(7))
  .map(([domain, bus, slot, fn]) => `${domain}:${bus}:${slot.toString(16).padStart(2, "0")}.${fn}`);

const hostDevice: fc.Arbitrary<HostDevice> = fc.oneof(
  fc.record(
    {
      source: fc.record({ type: fc.constant("pci" as const), address: pci, managed: fc.boolean() }),
      romBar: fc.boolean(),
      romFile: anyText,
      bootOrder: fc.integer({ min: 1, max: 9 }),
    },
    { requiredKeys: ["source"] },
  ),
  fc.record({
    source: fc.oneof(
      fc.record({ type: fc.constant("usb" as const), vendor: hex(4), product: hex(4) }),
      fc.record({ type: fc.constant("usb" as const), bus: fc.nat(255), device: fc.nat(255) }),
      fc.record({ type: fc.constant("mdev" as const), uuid: fc.uuid(), model: oneOf(mdevModels) }),
    ),
  }),
);

const key = fc.stringMatching(/^[a-z][a-z0-9_-]{0,5}$/);
const map = <Device>(device: fc.Arbitrary<Device>) => fc.dictionary(key, device, { maxKeys: 3, noNullPrototype: true });

/** Devices of one name are one device. */
function unlike<Device>(devices: fc.Arbitrary<Record<string, Device>>, nameOf: (device: Device) => string) {
  return devices.map((each) => Object.fromEntries(new Map(Object.entries(each).map((entry) => [nameOf(entry[1]), entry])).values()));
}

const anyDevice = fc.oneof({ weight: 4, arbitrary: anyCharacterSource }, fc.constant({ type: "pty" as const }));

export const anyDevices: fc.Arbitrary<DomainDevices> = some({
  shares: unlike(map(share), ({ tag }) => tag),
  hostDevices: unlike(map(hostDevice), ({ source }) => JSON.stringify(source)),
  serials: map(fc.record({ source: anyDevice })),
  consoles: map(fc.record({ source: anyDevice })),
  channels: map(anyDevice).map((channels) =>
    Object.fromEntries(Object.entries(channels).map(([name, source]) => [`org.${name}.0`, { name: `org.${name}.0`, source }])),
  ),
});

/** What goes without a device cannot be said of it. */
export const anySingleDevices = {
  graphics: fc.oneof(
    fc.constant({ type: "none" as const }),
    fc.record(
      {
        type: fc.constantFrom("vnc" as const, "spice" as const),
        listen: anyText,
        port: fc.constantFrom(-1, 5900, 6000),
        password: anyText,
        keymap: anyText,
      },
      { requiredKeys: ["type"] },
    ),
  ),
  video: fc.record(
    {
      model: oneOf(videoModels.filter((model) => model !== "none")),
      vramKiB: fc.constantFrom(16384, 65536),
      heads: fc.integer({ min: 1, max: 4 }),
      accel3d: fc.boolean(),
    },
    { requiredKeys: ["model"] },
  ),
  sound: fc.record({ model: oneOf(soundModels) }),
  input: some({ tablet: oneOf(tabletBuses), mouse: oneOf(inputBuses), keyboard: oneOf(inputBuses) }),
  vsock: fc.oneof(
    fc.constant({ model: "none" as const }),
    fc.record({ model: fc.constant("virtio" as const), cid: fc.integer({ min: 3, max: 99 }) }, { requiredKeys: ["model"] }),
  ),
  guestAgent: fc.boolean(),
} satisfies { [Name in keyof SingleDevices]: fc.Arbitrary<SingleDevices[Name]> };

/** One golden file for each. */
export const deviceRows = {
  shares: {
    because: "folders by virtiofs and 9p; virtiofs shares the memory; text is text",
    plan: {
      devices: {
        shares: {
          home: {
            source: "/srv/a & b",
            tag: "home",
            driver: "virtiofs",
            readonly: false,
            accessMode: "passthrough",
            cache: "always",
            queue: 1024,
          },
          media: { source: "/srv/media", tag: "media", driver: "9p", readonly: true, accessMode: "mapped" },
        },
      },
    },
  },
  "host-devices": {
    because: "PCI, USB by what and by where it is, mediated devices",
    plan: {
      devices: {
        hostDevices: {
          gpu: {
            source: { type: "pci", address: "0000:01:00.0", managed: true },
            romFile: "/usr/share/vbios.bin",
            romBar: true,
            bootOrder: 2,
          },
          key: { source: { type: "usb", vendor: "046d", product: "0a9c" } },
          port: { source: { type: "usb", bus: 1, device: 4 } },
          vgpu: { source: { type: "mdev", uuid: "c2177883-f1bb-47f0-914d-32a22e3a8804", model: "vfio-pci" } },
        },
      },
    },
  },
  graphics: {
    because: "VNC with a password, on an address and a port of its own, a video device with its settings",
    plan: {
      platform: {
        graphics: { type: "vnc", listen: "192.0.2.1", port: 5999, password: "s<cret", keymap: "de" },
        video: { model: "virtio", vramKiB: 65536, heads: 2, accel3d: true },
      },
    },
  },
  spice: {
    because: "SPICE with its channel, sound, a tablet",
    plan: {
      platform: { graphics: { type: "spice" }, video: { model: "qxl" }, sound: { model: "ich9" }, input: { tablet: "usb" } },
      devices: { channels: { "com.redhat.spice.0": { name: "com.redhat.spice.0", source: { type: "spicevmc" } } } },
    },
  },
  characters: {
    because: "serial ports, consoles and channels to everything that they can go to",
    plan: {
      serial: { type: "tcp", host: "127.0.0.1", port: 4001, mode: "bind", protocol: "telnet" },
      platform: { guestAgent: true },
      devices: {
        serials: { log: { source: { type: "file", path: "/var/log/web.log" } } },
        consoles: { hvc: { source: { type: "pty" } } },
        channels: {
          "org.example.0": { name: "org.example.0", source: { type: "unix", path: "/run/web.sock", mode: "connect" } },
          "org.example.1": { name: "org.example.1", source: { type: "unix", mode: "bind" } },
        },
      },
    },
  },
  inputs: {
    because: "virtio keyboard and mouse, a vsock with a number of its own",
    plan: { platform: { input: { keyboard: "virtio", mouse: "virtio", tablet: "virtio" }, vsock: { model: "virtio", cid: 42 } } },
  },
} as const satisfies Readonly<Record<string, { readonly because: string; readonly plan: Partial<DomainPlan> }>>;
