// What is wrong with a VM's devices as asked, all at once: what libvirt or QEMU would refuse, or what contradicts itself. Pure.
import type { Problem } from "../../errors";
import { agentChannel, autoPort } from "../../plan/devices";
import { propertyPath } from "../property-path";
import type { Value, Values } from "../resource";
import { containsUnknown, isValues } from "../values";
import { valueAt } from "./platform-fields";

type Rule = (inputs: Values) => readonly Problem[];

const at = (inputs: Values, path: string): Value | undefined => valueAt(inputs, path.split("."));
const problem = (path: string, reason: string): Problem[] => [{ path, reason }];

const shown = (value: Value | undefined): string => (typeof value === "string" ? value : JSON.stringify(value));

/** The devices of a map whose shape is known. */
const devicesOf = (inputs: Values, name: string): readonly (readonly [key: string, device: Values])[] => {
  const map = inputs[name];
  return Object.entries(isValues(map) ? map : {}).flatMap(([key, device]) => (isValues(device) ? [[key, device] as const] : []));
};

const mostVncCharacters = 8;
const firstVncPort = 5900;

const graphicsRules: readonly Rule[] = [
  ({ graphics, graphicsSettings }) =>
    isValues(graphicsSettings) && graphics === "none"
      ? problem("graphicsSettings", 'are for a display, but `graphics` is "none": say "vnc" or "spice", or leave these out.')
      : [],
  (inputs) => {
    const password = at(inputs, "graphicsSettings.password");
    return inputs["graphics"] === "vnc" && typeof password === "string" && password.length > mostVncCharacters
      ? problem(
          "graphicsSettings.password",
          `has ${password.length} characters, of which VNC would hear the first ${mostVncCharacters}: give a password of at most ${mostVncCharacters}, or \`graphics: "spice"\`.`,
        )
      : [];
  },
  (inputs) => {
    const port = at(inputs, "graphicsSettings.port");
    return inputs["graphics"] === "vnc" && typeof port === "number" && port !== autoPort && port < firstVncPort
      ? problem(
          "graphicsSettings.port",
          `is ${port}, but VNC's ports begin at ${firstVncPort}: give one from there on, or -1 for a free one.`,
        )
      : [];
  },
  ({ video, videoSettings }) =>
    video === "none" && isValues(videoSettings) ? problem("videoSettings", 'are given, but `video` is "none": leave one of them out.') : [],
  (inputs) => {
    const { video } = inputs;
    return at(inputs, "videoSettings.accel3d") === true && typeof video === "string" && video !== "virtio"
      ? problem("videoSettings.accel3d", `is true, but \`video\` is ${JSON.stringify(video)}: only "virtio" has 3D.`)
      : [];
  },
  (inputs) =>
    at(inputs, "vsock.model") === "none" && at(inputs, "vsock.cid") !== undefined
      ? problem("vsock.cid", "is given, but the VM is to have no vsock: leave one out.")
      : [],
];

/** Fields that say where a serial port, console or channel goes. */
const sourceFields = ["file", "unix", "tcp", "pty", "spicevmc"] as const;

interface Character {
  readonly path: readonly string[];
  readonly device: Values;
}

const charactersOf = (inputs: Values): readonly Character[] => [
  ...(isValues(inputs["serial"]) ? [{ path: ["serial"], device: inputs["serial"] }] : []),
  ...["serials", "consoles", "channels"].flatMap((name) => devicesOf(inputs, name).map(([key, device]) => ({ path: [name, key], device }))),
];

function sourceProblems({ path, device }: Character): Problem[] {
  const given = sourceFields.filter((field) => device[field] !== undefined && device[field] !== false);
  if (given.length === 1) return [];
  const words = sourceFields.filter((field) => (field !== "pty" || path.length > 1) && (field !== "spicevmc" || path[0] === "channels"));
  const choice = words.map((word) => `\`${word}\``).join(", ");
  const reason =
    given.length === 0 ? `says nowhere to go: give one of ${choice}.` : `goes to ${given.join(" and ")} at once: leave all but one out.`;
  return problem(propertyPath(path), reason);
}

/** Where QEMU would listen or write for two at once. */
function placesOf({ device }: Character): string[] {
  const { file, tcp, unix }: Values = device;
  const isBound = (socket: Values): boolean => (socket["mode"] ?? "bind") === "bind";
  return [
    ...(typeof file === "string" ? [`the file ${file}`] : []),
    ...(isValues(tcp) && !containsUnknown(tcp) && isBound(tcp)
      ? [`port ${shown(tcp["port"])} of ${shown(tcp["host"] ?? "127.0.0.1")}`]
      : []),
    ...(isValues(unix) && typeof unix["path"] === "string" && isBound(unix) ? [`the socket ${unix["path"]}`] : []),
  ];
}

/** Two of the same: the second is told of the first. */
function doubles(things: readonly { readonly path: readonly string[]; readonly name: string }[], way: string): Problem[] {
  const first = new Map<string, readonly string[]>();
  return things.flatMap(({ path, name }) => {
    const other = first.get(name);
    if (other === undefined) first.set(name, path);
    return other === undefined ? [] : problem(propertyPath(path), `is ${name}, which ${propertyPath(other)} is already: ${way}.`);
  });
}

function portDoubles(inputs: Values): Problem[] {
  const port = at(inputs, "graphicsSettings.port");
  const listen = at(inputs, "graphicsSettings.listen") ?? "127.0.0.1";
  const display =
    typeof port === "number" && port !== autoPort && typeof listen === "string"
      ? [{ path: ["graphicsSettings", "port"], name: `port ${port} of ${listen}` }]
      : [];
  const others = charactersOf(inputs).flatMap((each) => placesOf(each).map((name) => ({ path: each.path, name })));
  return doubles([...display, ...others], "give each its own");
}

const characterRules: readonly Rule[] = [
  (inputs) => charactersOf(inputs).flatMap(sourceProblems),
  portDoubles,
  ({ channels }) =>
    isValues(channels) && channels[agentChannel] !== undefined
      ? problem(propertyPath(["channels", agentChannel]), "is the guest agent's channel: say `guestAgent: true` instead.")
      : [],
  (inputs) => {
    const { graphics } = inputs;
    if (typeof graphics !== "string" || graphics === "spice") return [];
    return devicesOf(inputs, "channels")
      .filter(([, device]) => device["spicevmc"] === true)
      .flatMap(([key]) =>
        problem(
          propertyPath(["channels", key]),
          `is SPICE's, but \`graphics\` is ${JSON.stringify(graphics)}: say "spice", or leave it out.`,
        ),
      );
  },
];

const virtiofsOnly = ["cache", "queue"] as const;
const longest9pTag = 31;

function shareProblems(key: string, share: Values): Problem[] {
  const driver = share["driver"] ?? "virtiofs";
  const tag = share["tag"] ?? key;
  const path = (field: string) => propertyPath(["shares", key, field]);
  if (driver === "9p") {
    const foreign = virtiofsOnly.filter((field) => share[field] !== undefined);
    return [
      ...foreign.flatMap((field) => problem(path(field), 'is virtiofs\' own, but `driver` is "9p": leave it out.')),
      ...(typeof tag === "string" && tag.length > longest9pTag
        ? problem(path("tag"), `is longer than the ${longest9pTag} characters that 9p takes: give a shorter \`tag\`.`)
        : []),
    ];
  }
  const { accessMode } = share;
  return driver === "virtiofs" && typeof accessMode === "string" && accessMode !== "passthrough"
    ? problem(
        path("accessMode"),
        `is ${JSON.stringify(accessMode)}, but virtiofs knows "passthrough" only: leave it out, or say \`driver: "9p"\`.`,
      )
    : [];
}

const shareRules: readonly Rule[] = [
  (inputs) => devicesOf(inputs, "shares").flatMap(([key, share]) => shareProblems(key, share)),
  (inputs) => {
    const tags = devicesOf(inputs, "shares").map(([key, share]) => ({ path: ["shares", key], tag: share["tag"] ?? key }));
    const known = tags.flatMap(({ path, tag }) => (typeof tag === "string" ? [{ path, name: `the share tagged ${tag}` }] : []));
    return doubles(known, "give each its own `tag`");
  },
  (inputs) => {
    const [key] = devicesOf(inputs, "shares").find(([, { driver = "virtiofs" }]) => driver === "virtiofs") ?? [];
    return key !== undefined && at(inputs, "memoryBacking.access") === "private"
      ? problem(
          "memoryBacking.access",
          `is "private", but virtiofsd of shares.${key} has to see the guest's memory: say "shared", or leave it out.`,
        )
      : [];
  },
];

const kinds = ["pci", "usb", "mdev"] as const;
const pciOnly = ["managed", "rom"] as const;

function hostDeviceProblems(key: string, device: Values): Problem[] {
  const path = (...fields: string[]) => propertyPath(["hostDevices", key, ...fields]);
  const given = kinds.filter((kind) => device[kind] !== undefined);
  if (given.length !== 1)
    return problem(
      path(),
      given.length === 0 ? "names no device: give one of `pci`, `usb` and `mdev`." : `names ${given.join(" and ")}: leave all but one out.`,
    );
  const foreign = given[0] === "pci" ? [] : pciOnly.filter((field) => device[field] !== undefined);
  const { usb } = device;
  return [
    ...foreign.flatMap((field) => problem(path(field), "is for PCI devices (`pci`): leave it out.")),
    ...(isValues(usb) && !containsUnknown(usb) ? usbProblems(path("usb"), usb) : []),
  ];
}

function usbProblems(path: string, usb: Values): Problem[] {
  const fields = ["vendor", "product", "bus", "device"].filter((field) => usb[field] !== undefined).join(" ");
  return ["vendor product", "bus device"].includes(fields)
    ? []
    : problem(path, "names no device: give `vendor` and `product` (what it is), or `bus` and `device` (where it is).");
}

/** A name of the device that a host has once. */
function hostPlaces(inputs: Values): { readonly path: readonly string[]; readonly name: string }[] {
  const nvme = devicesOf(inputs, "disks").flatMap(([key, { nvme: source }]) => {
    const address = isValues(source) ? source["address"] : undefined;
    return typeof address === "string" ? [{ path: ["disks", key, "nvme"], name: `the PCI device ${address}` }] : [];
  });
  const devices = devicesOf(inputs, "hostDevices").flatMap(([key, { pci, mdev, usb }]) => {
    const path = ["hostDevices", key];
    if (typeof pci === "string") return [{ path, name: `the PCI device ${pci}` }];
    if (isValues(mdev) && typeof mdev["uuid"] === "string") return [{ path, name: `the mediated device ${mdev["uuid"]}` }];
    if (!isValues(usb) || containsUnknown(usb)) return [];
    const parts: readonly (Value | undefined)[] = ["vendor", "product", "bus", "device"].map((field) => usb[field]);
    return [{ path, name: `the USB device ${parts.flatMap((part) => (part === undefined ? [] : shown(part))).join(":")}` }];
  });
  return [...nvme, ...devices];
}

const hostDeviceRules: readonly Rule[] = [
  (inputs) => devicesOf(inputs, "hostDevices").flatMap(([key, device]) => hostDeviceProblems(key, device)),
  (inputs) => doubles(hostPlaces(inputs), "a device is given once"),
];

const rules: readonly Rule[] = [...graphicsRules, ...characterRules, ...shareRules, ...hostDeviceRules];

/** `inputs` as asked, as far as they are known; shapes that the contract refuses already are passed over. */
export const deviceProblems = (inputs: Values): Problem[] => rules.flatMap((rule) => rule(inputs));
