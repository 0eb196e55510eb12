// Plan <-> <graphics> and <video>: the display that a program speaks of, and the first video device. Displays of other kinds (SDL, …) stay.
import { BugError } from "../../errors";
import { autoPort, graphicsTypes, type GraphicsType, type SingleDevices } from "../../plan/devices";
import { videoModels } from "../../plan/policy";
import { addInOrder, ensureChild } from "../child-order";
import { addChild, alone, attributeOf, childOf, childrenOf, remove, removeChildren, setAttributes, type XmlElement } from "../document";
import { blockOf, switchOf, wordOf, yesNo } from "../platform/words";
import { readXml } from "../read-xml";
import { integerOf } from "../size";
import { devicesNamed } from "./device-kind";
import { writeXml } from "../write-xml";

/** Only the host itself reaches a display, unless somebody asks for more. */
export const defaultListen = "127.0.0.1";

const typeOf = (element: XmlElement) => attributeOf(element, "type");

const displaysOf = (devices: XmlElement) =>
  devicesNamed(devices, "graphics").filter((element) => graphicsTypes.some((type) => type === typeOf(element)));

/** The address where a display listens, if it is an address. */
function listenOf(display: XmlElement): string | undefined {
  const [listen] = childrenOf(display, "listen");
  if (listen === undefined) return attributeOf(display, "listen");
  return typeOf(listen) === "address" ? attributeOf(listen, "address") : undefined;
}

/** A running display shows the port that libvirt chose. */
const portOf = (display: XmlElement) => ((switchOf(display, "autoport") ?? false) ? autoPort : integerOf(attributeOf(display, "port")));

/** Where there are several a program that speaks of one cannot say them. A password is there only where libvirt is asked for secrets too. */
function parseDisplay(devices: XmlElement): SingleDevices["graphics"] {
  const [display, ...others] = displaysOf(devices);
  if (display === undefined) return { type: "none" };
  if (others.length > 0) return {};
  return {
    type: wordOf<GraphicsType>(graphicsTypes, typeOf(display)),
    listen: listenOf(display),
    port: portOf(display),
    password: attributeOf(display, "passwd"),
    keymap: attributeOf(display, "keymap"),
  };
}

export function parseGraphics(devices: XmlElement): Pick<SingleDevices, "graphics" | "video"> {
  const [video] = devicesNamed(devices, "video");
  const model = video && childOf(video, "model");
  return {
    ...blockOf("graphics", parseDisplay(devices) ?? {}),
    ...blockOf("video", {
      model: wordOf(videoModels, attributeOf(model, "type")),
      vramKiB: integerOf(attributeOf(model, "vram")),
      heads: integerOf(attributeOf(model, "heads")),
      accel3d: model && (switchOf(childOf(model, "acceleration"), "accel3d") ?? false),
    }),
  };
}

/** The display of a type, there already or new, and no other. */
function displayOf(devices: XmlElement, type: string): XmlElement {
  const present = displaysOf(devices);
  const same = present.find((element) => typeOf(element) === type);
  remove(...present.filter((element) => element !== same));
  if (same !== undefined) return same;
  const display = addInOrder(devices, "graphics", { type });
  setPort(display, autoPort);
  setListen(display, defaultListen);
  return display;
}

function setPort(display: XmlElement, port: number): void {
  if (portOf(display) === port) return;
  setAttributes(display, { port, autoport: yesNo(port === autoPort) });
}

/** The attribute and the first element must say the same. */
function setListen(display: XmlElement, address: string): void {
  if (listenOf(display) === address && attributeOf(display, "listen") === address) return;
  removeChildren(display, "listen");
  setAttributes(display, { listen: address });
  addChild(display, "listen", { type: "address", address }, display.firstChild ?? undefined);
}

/** "none" takes displays of either type away. */
function configureDisplay(devices: XmlElement, { type, listen, port, password, keymap }: NonNullable<SingleDevices["graphics"]>): void {
  if (type === "none") remove(...displaysOf(devices));
  if (type === "none") return;
  const display = type === undefined ? displaysOf(devices)[0] : displayOf(devices, type);
  if (display === undefined) return;
  if (port !== undefined) setPort(display, port);
  if (listen !== undefined) setListen(display, listen);
  if (password !== undefined) setAttributes(display, { passwd: password });
  if (keymap !== undefined) setAttributes(display, { keymap });
}

/** Another model is another device: memory, heads, acceleration and address belong to the old one. "none" must be the only one. */
function modelElement(devices: XmlElement, wanted: string | undefined): XmlElement | undefined {
  const [present, ...others] = devicesNamed(devices, "video");
  if (wanted === "none") remove(...others);
  const held = present && childOf(present, "model");
  if (wanted === undefined || attributeOf(held, "type") === wanted) return held;
  const element = present ?? addInOrder(devices, "video");
  removeChildren(element, "model", "driver", "address");
  return addChild(element, "model", { type: wanted }, element.firstChild ?? undefined);
}

function configureVideo(devices: XmlElement, { model, vramKiB, heads, accel3d }: NonNullable<SingleDevices["video"]>): void {
  const element = modelElement(devices, model);
  if (element === undefined) return;
  if (vramKiB !== undefined) setAttributes(element, { vram: vramKiB });
  if (heads !== undefined) setAttributes(element, { heads });
  if (accel3d === undefined || (switchOf(childOf(element, "acceleration"), "accel3d") ?? false) === accel3d) return;
  setAttributes(ensureChild(element, "acceleration"), { accel3d: yesNo(accel3d) });
}

export function configureGraphics(domain: XmlElement, { graphics, video }: SingleDevices): void {
  if (graphics === undefined && video === undefined) return;
  const devices = ensureChild(domain, "devices");
  if (graphics !== undefined) configureDisplay(devices, graphics);
  if (video !== undefined) configureVideo(devices, video);
}

/** The running display with another password, and everything else as it runs. */
export function changedPasswordXml(liveXml: string, password: string): string {
  const devices = childOf(readXml(liveXml), "devices");
  const [display] = devices === undefined ? [] : displaysOf(devices);
  if (display === undefined) throw new BugError("The running machine has no display whose password could be changed.");
  setAttributes(display, { passwd: password });
  return writeXml(alone(display));
}
