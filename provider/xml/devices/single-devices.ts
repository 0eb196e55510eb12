// Plan <-> devices of which a machine has one: <sound>, <input>, <vsock> and the guest agent's <channel>.
import { agentChannel, inputBuses, soundModels, tabletBuses, vsockModels, type SingleDevices } from "../../plan/devices";
import { addInOrder, ensureChild } from "../child-order";
import { addChild, attributeOf, childOf, remove, removeChildren, setAttributes, type XmlElement } from "../document";
import { blockOf, switchOf, wordOf } from "../platform/words";
import { integerOf } from "../size";
import { devicesNamed } from "./device-kind";
import { configureGraphics, parseGraphics } from "./graphics";

const isBoardsOwn = (input: XmlElement) => attributeOf(input, "bus") === "ps2";

/** The pointers or keyboards that were given to the machine: those of the board itself are always there. */
const inputsOf = (devices: XmlElement, type: string) =>
  devicesNamed(devices, "input").filter((input) => attributeOf(input, "type") === type && !isBoardsOwn(input));

const busOf = (devices: XmlElement, type: string) => attributeOf(inputsOf(devices, type)[0], "bus");

const agentsOf = (devices: XmlElement) =>
  devicesNamed(devices, "channel").filter((channel) => attributeOf(childOf(channel, "target"), "name") === agentChannel);

export function parseSingleDevices(devices: XmlElement): SingleDevices {
  const [sound, vsock] = [devicesNamed(devices, "sound")[0], devicesNamed(devices, "vsock")[0]];
  const cid = vsock && childOf(vsock, "cid");
  return {
    ...parseGraphics(devices),
    ...blockOf("sound", { model: wordOf(soundModels, sound === undefined ? "none" : attributeOf(sound, "model")) }),
    ...blockOf("input", {
      tablet: wordOf(tabletBuses, busOf(devices, "tablet") ?? "none"),
      mouse: wordOf(inputBuses, busOf(devices, "mouse") ?? "ps2"),
      keyboard: wordOf(inputBuses, busOf(devices, "keyboard") ?? "ps2"),
    }),
    ...blockOf("vsock", {
      model: wordOf(vsockModels, vsock === undefined ? "none" : (attributeOf(vsock, "model") ?? "virtio")),
      // One that libvirt chose is another at each start.
      cid: (switchOf(cid, "auto") ?? false) ? undefined : integerOf(attributeOf(cid, "address")),
    }),
    guestAgent: agentsOf(devices).length > 0,
  };
}

/** Another model is another device: what it was connected to and its address belong to the old one. */
function configureSound(domain: XmlElement, { sound: { model } = {} }: SingleDevices): void {
  if (model === undefined) return;
  const devices = ensureChild(domain, "devices");
  if (model === "none") remove(...devicesNamed(devices, "sound"));
  const [sound] = devicesNamed(devices, "sound");
  if (model === "none" || attributeOf(sound, "model") === model) return;
  const element = sound ?? addInOrder(devices, "sound");
  removeChildren(element, "codec", "address");
  setAttributes(element, { model });
}

const withoutDevice = ["none", "ps2"];

function configureInput(domain: XmlElement, { input }: SingleDevices): void {
  if (input === undefined) return;
  const devices = ensureChild(domain, "devices");
  for (const type of ["tablet", "mouse", "keyboard"] as const) {
    const bus = input[type];
    if (bus === undefined || bus === busOf(devices, type)) continue;
    remove(...inputsOf(devices, type));
    if (!withoutDevice.includes(bus)) addInOrder(devices, "input", { type, bus });
  }
}

function configureVsock(domain: XmlElement, { vsock: { model, cid } = {} }: SingleDevices): void {
  if (model === undefined && cid === undefined) return;
  const devices = ensureChild(domain, "devices");
  if (model === "none") remove(...devicesNamed(devices, "vsock"));
  if (model === "none") return;
  const [present] = devicesNamed(devices, "vsock");
  const vsock = present ?? addInOrder(devices, "vsock", { model: model ?? "virtio" });
  if (cid !== undefined) setAttributes(ensureChild(vsock, "cid"), { auto: "no", address: cid });
  else if (present === undefined) addChild(vsock, "cid", { auto: "yes" });
}

function configureGuestAgent(domain: XmlElement, { guestAgent }: SingleDevices): void {
  if (guestAgent === undefined) return;
  const devices = ensureChild(domain, "devices");
  const present = agentsOf(devices);
  if (!guestAgent) remove(...present);
  if (!guestAgent || present.length > 0) return;
  addChild(addInOrder(devices, "channel", { type: "unix" }), "target", { type: "virtio", name: agentChannel });
}

/** Each writes what the plan says; everything else in the definition stays. */
export const deviceConfigurators: readonly ((domain: XmlElement, devices: SingleDevices) => void)[] = [
  configureGraphics,
  configureSound,
  configureInput,
  configureVsock,
  configureGuestAgent,
];
