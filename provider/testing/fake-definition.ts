// What libvirt does to a definition, as far as the provider depends on it: what it refuses, what it fills in, what a start does to it.
import { canDirectIo, fakeError, fileChain } from "./fake-state";
import type { FakeState } from "./fake-state";
import { at, bytesOf, children, rootElement, setText, textAt, xmlText } from "./fake-xml";
import type { Element } from "./fake-xml";

const cacheModes = ["default", "none", "writethrough", "writeback", "directsync", "unsafe"];
const directModes = ["none", "directsync"];

/** "q35" is only a name for the newest of its kind. */
const machineAliases: Readonly<Record<string, string>> = { q35: "pc-q35-7.2", pc: "pc-i440fx-7.2" };

export const bytesPerKiB = 1024;

/** The definition as libvirt keeps it: UUID, canonical machine and memory in KiB. */
export function normalised(xml: string, uuid: string): string {
  const root = rootElement(xml);
  setText(root, "uuid", uuid);
  root.removeAttribute("id");
  const memoryKiB = String(bytesOf(at(root, "memory"), "KiB") / bytesPerKiB);
  const currentKiB = at(root, "currentMemory") ? String(bytesOf(at(root, "currentMemory"), "KiB") / bytesPerKiB) : memoryKiB;
  setText(root, "memory", memoryKiB).setAttribute("unit", "KiB");
  setText(root, "currentMemory", currentKiB).setAttribute("unit", "KiB");
  if (!at(root, "vcpu")) setText(root, "vcpu", "1");
  const type = at(root, "os", "type");
  const machine = type?.getAttribute("machine") ?? "pc";
  type?.setAttribute("machine", machineAliases[machine] ?? machine);
  if (!type?.getAttribute("arch")) type?.setAttribute("arch", "x86_64");
  return xmlText(root);
}

export function disksOf(root: Element): readonly Element[] {
  const devices = at(root, "devices");
  return devices ? children(devices, "disk") : [];
}

export function devicesOf(root: Element): readonly Element[] {
  const devices = at(root, "devices");
  return devices ? [...devices.children] : [];
}

export function interfacesOf(root: Element): readonly Element[] {
  return devicesOf(root).filter(({ nodeName }) => nodeName === "interface");
}

export const macOf = (card: Element): string => at(card, "mac")?.getAttribute("address")?.toLowerCase() ?? "";

const bridgeTypes: readonly (string | null)[] = ["network", "bridge"];

export function validateInterface(card: Element): void {
  const type = card.getAttribute("type");
  const source = at(card, "source");
  if (type === "network" && !source?.getAttribute("network"))
    throw fakeError("xmlError", "XML error: Missing required attribute 'network' in element 'source'");
  if (type === "bridge" && !source?.getAttribute("bridge"))
    throw fakeError("xmlError", "XML error: Missing required attribute 'bridge' in element 'source'");
}

/** What libvirt changes of no running card. */
export function refuseLiveChange(running: Element, device: Element): void {
  const told = (element: Element) => [
    at(element, "model")?.getAttribute("type"),
    at(element, "mtu")?.getAttribute("size"),
    at(element, "boot")?.getAttribute("order"),
    at(element, "driver")?.getAttribute("queues"),
  ];
  if (JSON.stringify(told(running)) !== JSON.stringify(told(device)))
    throw fakeError("operationUnsupported", "Operation not supported: cannot modify network device");
  const [before, after] = [running.getAttribute("type"), device.getAttribute("type")];
  if (before !== after && !(bridgeTypes.includes(before) && bridgeTypes.includes(after)))
    throw fakeError("operationUnsupported", `Operation not supported: unable to change config on '${after}' network type`);
}

/** A running card without a name of its own is called after its place. */
function nameInterfaces(root: Element): void {
  interfacesOf(root).forEach((card, place) => {
    if (!at(card, "alias")) setText(card, "alias", "").setAttribute("name", `net${place}`);
    if (!at(card, "target")) setText(card, "target", "").setAttribute("dev", `vnet${place}`);
  });
}

/** So is a running channel. */
function nameChannels(root: Element): void {
  devicesOf(root)
    .filter(({ nodeName }) => nodeName === "channel")
    .forEach((channel, place) => {
      if (!at(channel, "alias")) setText(channel, "alias", "").setAttribute("name", `channel${place}`);
    });
}

export function targetOf(disk: Element): string {
  return at(disk, "target")?.getAttribute("dev") ?? "";
}

/** Refuses what libvirt refuses at define. */
export function validateDefinition(root: Element): void {
  if (root.nodeName !== "domain") throw fakeError("xmlError", `XML error: unexpected root element <${root.nodeName}>, expecting <domain>`);
  if (!textAt(root, "name")) throw fakeError("xmlError", "XML error: name or uuid is missing");
  if (!at(root, "memory")) throw fakeError("xmlError", "XML error: memory size must be specified");
  const targets = disksOf(root).map(targetOf);
  const twice = targets.find((target, index) => targets.indexOf(target) !== index);
  if (twice !== undefined) throw fakeError("xmlError", `XML error: target '${twice}' duplicated for disk sources`);
  disksOf(root).forEach(validateDisk);
  interfacesOf(root).forEach(validateInterface);
}

export function validateDisk(disk: Element): void {
  const driver = at(disk, "driver");
  const cache = driver?.getAttribute("cache") ?? undefined;
  if (cache !== undefined && !cacheModes.includes(cache)) {
    throw fakeError("xmlError", `XML error: Invalid value for attribute 'cache' in element 'driver': '${cache}'.`);
  }
  if (driver?.getAttribute("io") === "native" && !directModes.includes(cache ?? "")) {
    throw fakeError(
      "configUnsupported",
      "unsupported configuration: native I/O needs either no disk cache or directsync cache mode, QEMU will fallback to aio=threads",
    );
  }
  if (at(disk, "shareable") && driver?.getAttribute("type") === "qcow2") {
    throw fakeError(
      "configUnsupported",
      `unsupported configuration: shared access for disk '${targetOf(disk)}' requires use of supported storage format`,
    );
  }
}

/** Opens the disk's chain as QEMU does: missing files and direct I/O that the storage has not. */
export function openDisk(state: FakeState, disk: Element, prefix = ""): void {
  const source = at(disk, "source");
  const path = source?.getAttribute("file") ?? source?.getAttribute("dev");
  if (path === null || path === undefined) return;
  const cache = at(disk, "driver")?.getAttribute("cache") ?? "default";
  const refused = fileChain(state, path).find((file) => directModes.includes(cache) && !canDirectIo(state, file.path));
  if (refused !== undefined) {
    throw fakeError("internalError", `internal error: ${prefix}Could not open '${refused.path}': filesystem does not support O_DIRECT`);
  }
}

/** What runs: the definition with the domain's running number. */
export function liveXmlOf(inactiveXml: string, id: number): string {
  const root = rootElement(inactiveXml);
  root.setAttribute("id", String(id));
  nameInterfaces(root);
  nameChannels(root);
  return xmlText(root);
}

/** The definition inside an image or of a running domain, without what only belongs to a run. */
export function withoutId(xml: string): string {
  const root = rootElement(xml);
  root.removeAttribute("id");
  return xmlText(root);
}
