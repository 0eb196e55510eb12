// Plan -> <graphics> and <video>.
import type { DomainPlan } from "../../plan/domain";
import { addInOrder, ensureChild } from "../child-order";
import { addChild, attributeOf, childrenOf, remove, removeChildren, type XmlElement } from "../document";

/** Only on the host itself, until somebody opens it further by hand: VNC has no password here. */
const vncListen = "127.0.0.1";

/** Adds VNC where it is asked for and absent. "none" takes VNC away; SPICE and others were given by somebody else and stay. */
function configureVnc(devices: XmlElement, graphics: DomainPlan["graphics"]): void {
  const present = childrenOf(devices, "graphics").filter((element) => attributeOf(element, "type") === "vnc");
  if (graphics === "none") remove(...present);
  if (graphics === "none" || present.length > 0) return;
  const vnc = addInOrder(devices, "graphics", { type: "vnc", port: -1, autoport: "yes", listen: vncListen });
  addChild(vnc, "listen", { type: "address", address: vncListen });
}

/** The first video device becomes the model asked for. "none" must be the only one: libvirt refuses a second beside it. */
function configureVideo(devices: XmlElement, video: DomainPlan["video"]): void {
  if (video === undefined) return;
  const [present, ...others] = childrenOf(devices, "video");
  if (video === "none") remove(...others);
  if (attributeOf(present && childrenOf(present, "model")[0], "type") === video) return;
  const element = present ?? addInOrder(devices, "video");
  // Memory sizes, heads, acceleration and address belong to the old model.
  removeChildren(element, "model", "driver", "address");
  addChild(element, "model", { type: video }, element.firstChild ?? undefined);
}

export function configureGraphics(domain: XmlElement, { graphics, video }: DomainPlan): void {
  const devices = ensureChild(domain, "devices");
  configureVnc(devices, graphics);
  configureVideo(devices, video);
}
