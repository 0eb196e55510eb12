// Inputs <-> the maps of devices of a plan: shares, devices of the host, serial ports, consoles and channels. Pure.
import type {
  Channel,
  CharacterDevice,
  CharacterSource,
  DeviceKinds,
  DeviceMap,
  DomainDevices,
  HostDevice,
  HostDeviceSource,
  Share,
} from "../../plan/devices";
import { deviceMaps } from "../../xml/devices/device-maps";
import type { Value, Values } from "../resource";
import { defined, isValues } from "../values";
import type { ChannelInputs, DeviceInputs, HostDeviceInputs, ShareInputs } from "./devices-contract";

const loopback = "127.0.0.1";

/** undefined: nothing that is a source, which the check refuses. */
export function characterSource({ file, unix, tcp, pty, spicevmc }: ChannelInputs): CharacterSource | undefined {
  if (file !== undefined) return { type: "file", path: file };
  if (unix !== undefined) return { type: "unix", mode: unix.mode ?? "bind", ...defined({ path: unix.path }) };
  if (tcp !== undefined) {
    const { host = loopback, port, mode = "bind", protocol = "raw" } = tcp;
    return { type: "tcp", host, port, mode, protocol };
  }
  if (spicevmc === true) return { type: "spicevmc" };
  return pty === true ? { type: "pty" } : undefined;
}

const otherThan = <Word>(value: Word, usual: Word): Word | undefined => (value === usual ? undefined : value);

/** What a program would say of it, without what is usual. */
export function characterInputs(source: CharacterSource): ChannelInputs {
  switch (source.type) {
    case "file":
      return { file: source.path };
    case "unix":
      return { unix: defined({ path: source.path, mode: otherThan(source.mode, "bind") }) };
    case "tcp":
      return {
        tcp: {
          port: source.port,
          ...defined({
            host: otherThan(source.host, loopback),
            mode: otherThan(source.mode, "bind"),
            protocol: otherThan(source.protocol, "raw"),
          }),
        },
      };
    case "spicevmc":
      return { spicevmc: true };
    case "pty":
      return { pty: true };
  }
}

function hostSource({ pci, usb, mdev, managed }: HostDeviceInputs): HostDeviceSource | undefined {
  if (pci !== undefined) return { type: "pci", address: pci, managed: managed ?? true };
  if (mdev !== undefined) return { type: "mdev", uuid: mdev.uuid, model: mdev.model ?? "vfio-pci" };
  const { vendor, product, bus, device } = usb ?? {};
  if (vendor !== undefined && product !== undefined) return { type: "usb", vendor, product };
  return bus === undefined || device === undefined ? undefined : { type: "usb", bus, device };
}

function hostInputs(source: HostDeviceSource): HostDeviceInputs {
  if (source.type === "pci") return { pci: source.address, ...defined({ managed: otherThan(source.managed, true) }) };
  if (source.type === "mdev") return { mdev: { uuid: source.uuid, ...defined({ model: otherThan(source.model, "vfio-pci") }) } };
  return "vendor" in source
    ? { usb: { vendor: source.vendor, product: source.product } }
    : { usb: { bus: source.bus, device: source.device } };
}

/** How one kind goes from inputs into a plan and back. */
interface Conversion<Inputs, Device> {
  readonly toPlan: (key: string, inputs: Inputs) => Device | undefined;
  readonly toInputs: (key: string, device: Device) => Inputs;
}

const share: Conversion<ShareInputs, Share> = {
  toPlan: (key, { source, tag = key, driver = "virtiofs", readonly: isReadonly = false, accessMode = "passthrough", cache, queue }) => ({
    source,
    tag,
    driver,
    readonly: isReadonly,
    accessMode,
    ...defined({ cache, queue }),
  }),
  toInputs: (key, { source, tag, driver, readonly: isReadonly, accessMode, cache, queue }) => ({
    source,
    ...defined({
      tag: otherThan(tag, key),
      driver: otherThan(driver, "virtiofs"),
      readonly: otherThan(isReadonly, false),
      accessMode: otherThan(accessMode, "passthrough"),
      cache,
      queue,
    }),
  }),
};

const hostDevice: Conversion<HostDeviceInputs, HostDevice> = {
  toPlan: (_, inputs) => {
    const source = hostSource(inputs);
    const { rom, bootOrder } = inputs;
    return source === undefined ? undefined : { source, ...defined({ romBar: rom?.bar, romFile: rom?.file, bootOrder }) };
  },
  toInputs: (_, { source, romBar, romFile, bootOrder }) => ({
    ...hostInputs(source),
    ...(romBar === undefined && romFile === undefined ? {} : { rom: defined({ bar: romBar, file: romFile }) }),
    ...defined({ bootOrder }),
  }),
};

const character: Conversion<ChannelInputs, CharacterDevice> = {
  toPlan: (_, inputs) => {
    const source = characterSource(inputs);
    return source === undefined ? undefined : { source };
  },
  toInputs: (_, { source }) => characterInputs(source),
};

const channel: Conversion<ChannelInputs, Channel> = {
  toPlan: (name, inputs) => {
    const source = characterSource(inputs);
    return source === undefined ? undefined : { name, source };
  },
  toInputs: (_, { source }) => characterInputs(source),
};

type InputsOf<Name extends DeviceMap> = NonNullable<DeviceInputs[Name]>[string];
const conversions: { readonly [Name in DeviceMap]: Conversion<InputsOf<Name>, DeviceKinds[Name]> } = {
  shares: share,
  hostDevices: hostDevice,
  serials: character,
  consoles: character,
  channels: channel,
};

/** A device as asked; undefined where it is not known yet or no device at all. */
export const plannedDevice = <Name extends DeviceMap>(name: Name, key: string, inputs: Value | undefined): DeviceKinds[Name] | undefined =>
  isValues(inputs) ? conversions[name].toPlan(key, inputs as unknown as InputsOf<Name>) : undefined;

export const deviceInputsOf = <Name extends DeviceMap>(name: Name, key: string, device: DeviceKinds[Name]): Values =>
  conversions[name].toInputs(key, device) as unknown as Values;

/** The maps that the inputs speak of. */
export const askedMaps = (inputs: DeviceInputs): DeviceMap[] => deviceMaps.filter((name) => inputs[name] !== undefined);

export function domainDevices(inputs: DeviceInputs): DomainDevices | undefined {
  const maps = askedMaps(inputs).map((name) => {
    const entries = Object.entries(inputs[name] ?? {}).flatMap(([key, asked]) => {
      const device = plannedDevice(name, key, asked as Value);
      return device === undefined ? [] : [[key, device] as const];
    });
    return [name, Object.fromEntries(entries)] as const;
  });
  return maps.length === 0 ? undefined : Object.fromEntries(maps);
}

/** A map that the program had and has no more is empty; one that it never spoke of stays as the machine has it. */
export function withDevices<Inputs extends DeviceInputs>(inputs: Inputs, olds: Values): Inputs {
  const left = deviceMaps.filter((name) => inputs[name] === undefined && olds[name] !== undefined);
  return { ...inputs, ...Object.fromEntries(left.map((name) => [name, {}])) };
}
