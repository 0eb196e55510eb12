// Plan <-> <hostdev>: PCI, USB and mediated devices of the host that the guest is given.
import { mdevModels, type HostDevice, type HostDeviceSource } from "../../plan/devices";
import { addInOrder, ensureChild } from "../child-order";
import { addChild, attributeOf, childOf, removeChildren, setAttributes, type XmlElement } from "../document";
import { onOff, switchOf, wordOf } from "../platform/words";
import { integerOf } from "../size";
import { plainKey, type DeviceKind } from "./device-kind";

const hexOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^(0x[0-9a-fA-F]+|[0-9]+)$/.test(text) ? Number(text) : undefined;
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");

function readPci(element: XmlElement): HostDeviceSource | undefined {
  const address = childOf(element, "source", "address");
  const [domain = 0, bus, slot, fn = 0] = ["domain", "bus", "slot", "function"].map((name) => hexOf(attributeOf(address, name)));
  if (bus === undefined || slot === undefined) return undefined;
  const managed = switchOf(element, "managed") ?? false;
  return { type: "pci", address: `${hex(domain, 4)}:${hex(bus, 2)}:${hex(slot, 2)}.${fn}`, managed };
}

/** libvirt notes the place of a device that it found by vendor and product. */
function readUsb(element: XmlElement): HostDeviceSource | undefined {
  const idOf = (name: string) => hexOf(attributeOf(childOf(element, "source", name), "id"));
  const [vendor, product] = [idOf("vendor"), idOf("product")];
  if (vendor !== undefined && product !== undefined) return { type: "usb", vendor: hex(vendor, 4), product: hex(product, 4) };
  const address = childOf(element, "source", "address");
  const [bus, device] = ["bus", "device"].map((name) => hexOf(attributeOf(address, name)));
  return bus === undefined || device === undefined ? undefined : { type: "usb", bus, device };
}

function readMdev(element: XmlElement): HostDeviceSource | undefined {
  const uuid = attributeOf(childOf(element, "source", "address"), "uuid");
  const model = wordOf(mdevModels, attributeOf(element, "model"));
  return uuid === undefined || model === undefined ? undefined : { type: "mdev", uuid, model };
}

const readers: Readonly<Record<string, (element: XmlElement) => HostDeviceSource | undefined>> = {
  pci: readPci,
  usb: readUsb,
  mdev: readMdev,
};

function parseHostDevice(element: XmlElement): HostDevice | undefined {
  const isSubsystem = (attributeOf(element, "mode") ?? "subsystem") === "subsystem";
  const source = isSubsystem ? readers[attributeOf(element, "type") ?? ""]?.(element) : undefined;
  if (source === undefined) return undefined;
  const rom = childOf(element, "rom");
  const [romBar, romFile] = [switchOf(rom, "bar"), attributeOf(rom, "file")];
  const bootOrder = integerOf(attributeOf(childOf(element, "boot"), "order"));
  return {
    source,
    ...(romBar === undefined ? {} : { romBar }),
    ...(romFile === undefined ? {} : { romFile }),
    ...(bootOrder === undefined ? {} : { bootOrder }),
  };
}

function writePlace(element: XmlElement, place: HostDeviceSource): void {
  const source = addInOrder(element, "source");
  if (place.type === "mdev") {
    addChild(source, "address", { uuid: place.uuid });
  } else if (place.type === "pci") {
    const [domain, bus, slot, fn] = place.address.split(/[:.]/);
    addChild(source, "address", { domain: `0x${domain}`, bus: `0x${bus}`, slot: `0x${slot}`, function: `0x${fn}` });
  } else if ("vendor" in place) {
    addChild(source, "vendor", { id: `0x${place.vendor}` });
    addChild(source, "product", { id: `0x${place.product}` });
  } else {
    addChild(source, "address", { bus: place.bus, device: place.device });
  }
}

/** What no two devices have in common. */
export const placeOf = (source: HostDeviceSource): string => {
  if (source.type === "pci") return `pci ${source.address}`;
  if (source.type === "mdev") return `mdev ${source.uuid}`;
  return "vendor" in source ? `usb ${source.vendor}:${source.product}` : `usb ${source.bus}.${source.device}`;
};

/** Another device of the host may be another in the guest: what libvirt filled in for the old one goes with it. */
function writeSource(element: XmlElement, wanted: HostDeviceSource): void {
  const present = parseHostDevice(element)?.source;
  if (present?.type !== wanted.type) removeChildren(element, "address", "rom", "driver");
  if (present === undefined || placeOf(present) !== placeOf(wanted)) {
    removeChildren(element, "source");
    writePlace(element, wanted);
  }
  const managed = wanted.type === "pci" ? (wanted.managed ? "yes" : "no") : attributeOf(element, "managed");
  setAttributes(element, { mode: "subsystem", type: wanted.type, managed, model: wanted.type === "mdev" ? wanted.model : undefined });
}

function writeHostDevice(element: XmlElement, { source, romBar, romFile, bootOrder }: HostDevice): void {
  writeSource(element, source);
  if (bootOrder === undefined) removeChildren(element, "boot");
  else setAttributes(ensureChild(element, "boot"), { order: bootOrder });
  if (romBar === undefined && romFile === undefined) removeChildren(element, "rom");
  else setAttributes(ensureChild(element, "rom"), { bar: romBar === undefined ? undefined : onOff(romBar), file: romFile });
}

export const hostDeviceKind: DeviceKind<HostDevice> = {
  element: "hostdev",
  aliasWord: "hostdev",
  parse: parseHostDevice,
  write: writeHostDevice,
  identity: ({ source }) => placeOf(source),
  keyOf: ({ source }) => plainKey(placeOf(source)),
};
