// One disk -> its element in a definition, written over what is there so that nothing unmanaged is lost.
import type { DiskSource, DiskTuning, DomainDisk } from "../plan/domain";
import type { DriverSettings } from "../plan/settings";
import { BugError } from "../errors";
import { addInOrder, ensureChild, setFlag } from "./child-order";
import { writeSource } from "./disk-source-xml";
import {
  attributeOf,
  childOf,
  childrenOf,
  newRoot,
  removeChildren,
  setAttributes,
  setText,
  type AttributeValues,
  type XmlElement,
} from "./document";
import { writeIoTune } from "./iotune";
import { readXml } from "./read-xml";
import { writeXml } from "./write-xml";

/** libvirt keeps aliases with this prefix as the user gave them. */
export const userAliasPrefix = "ua-";
/** Of the devices that are pieces of the user's own XML. */
export const fragmentAliasPrefix = `${userAliasPrefix}xml-`;

/** Attributes of <driver> that libvirt refuses on any other bus. */
const virtioOnlyAttributes = [
  "queues",
  "queue_size",
  "iothread",
  "packed",
  "iommu",
  "ats",
  "event_idx",
  "ioeventfd",
  "page_per_vq",
] as const;

function writeDriver(driver: XmlElement, { cache, io, discard, detectZeroes }: DriverSettings): void {
  setAttributes(driver, { cache, io, discard, detect_zeroes: detectZeroes });
}

const without = (names: readonly string[]): AttributeValues => Object.fromEntries(names.map((name) => [name, undefined]));

/** Such devices do not pass through QEMU's block layer, or know no cache in it: libvirt refuses some of its settings, and the others say nothing. */
const takesDriverSettings = ({ type }: DiskSource): boolean => type !== "nvme" && type !== "vhostuser";
const blockLayerSettings = ["cache", "io", "discard", "detect_zeroes"] as const;

/** What libvirt refuses beside a vhost-user daemon, of what a plan does not speak of: left over from the disk that was there before. */
const refusedByVhostUser = {
  attributes: ["error_policy", "rerror_policy", "ioeventfd", "copy_on_read"],
  ofDriver: ["metadata_cache"],
  ofDisk: ["geometry", "blockio", "transient", "vendor", "product"],
} as const;

/** libvirt takes no snapshots of a daemon's disk, and notes it in the disk; another disk there can have them again. */
function writeVhostUserRules(element: XmlElement, driver: XmlElement, wasVhostUser: boolean): void {
  const isVhostUser = attributeOf(element, "type") === "vhostuser";
  if (isVhostUser !== wasVhostUser) setAttributes(element, { snapshot: undefined });
  if (!isVhostUser) return;
  setAttributes(driver, without(refusedByVhostUser.attributes));
  removeChildren(driver, ...refusedByVhostUser.ofDriver);
  removeChildren(element, ...refusedByVhostUser.ofDisk);
}

function writeTuning(element: XmlElement, driver: XmlElement, tuning: DiskTuning = {}): void {
  const { iothread, queues, discardNoUnref, throttle, wwn } = tuning;
  // "off" is libvirt's default, and a word that an older one would drop, so that each update would write it anew.
  setAttributes(driver, { iothread, queues, discard_no_unref: discardNoUnref === true ? "on" : undefined });
  writeIoTune(element, throttle);
  setOptional(element, "wwn", wwn === undefined ? undefined : (child) => setText(child, wwn));
}

function writeTarget(element: XmlElement, { target, bus }: DomainDisk): void {
  const present = ensureChild(element, "target");
  const oldBus = attributeOf(present, "bus");
  if (attributeOf(present, "dev") !== target || oldBus !== bus) removeChildren(element, "address");
  if (oldBus !== bus) {
    setAttributes(present, { removable: undefined });
    setAttributes(ensureChild(element, "driver"), without(virtioOnlyAttributes));
  }
  setAttributes(present, { dev: target, bus });
}

function setOptional(element: XmlElement, name: string, write: ((child: XmlElement) => void) | undefined): void {
  if (write === undefined) removeChildren(element, name);
  else write(ensureChild(element, name));
}

/** Writes the disk into its element, new or old. Only a new one gets our alias: see addDisk. */
export function writeDisk(element: XmlElement, disk: DomainDisk): void {
  setAttributes(element, { device: disk.device });
  const driver = ensureChild(element, "driver");
  if (attributeOf(driver, "type") !== disk.format) removeChildren(element, "backingStore");
  const wasVhostUser = attributeOf(element, "type") === "vhostuser";
  writeSource(element, disk.source);
  writeVhostUserRules(element, driver, wasVhostUser);
  writeTarget(element, disk);
  setAttributes(driver, { name: "qemu", type: disk.format });
  if (takesDriverSettings(disk.source)) writeDriver(driver, disk.driver);
  else setAttributes(driver, without(blockLayerSettings));
  writeTuning(element, driver, disk.tuning);
  const { serial, bootOrder } = disk;
  setFlag(element, "readonly", disk.readonly || disk.device === "cdrom");
  setFlag(element, "shareable", disk.shareable);
  setOptional(element, "serial", serial === undefined ? undefined : (child) => setText(child, serial));
  setOptional(element, "boot", bootOrder === undefined ? undefined : (child) => setAttributes(child, { order: bootOrder }));
}

/** A disk that the definition does not have yet. */
export function addDisk(devices: XmlElement, disk: DomainDisk): void {
  const element = addInOrder(devices, "disk", { type: "file" });
  writeDisk(element, disk);
  addInOrder(element, "alias", { name: `${userAliasPrefix}${disk.key}` });
}

/** The element of one disk, for hotplug. */
export function diskXml(disk: DomainDisk): string {
  const element = newRoot("disk", { type: "file" });
  writeDisk(element, disk);
  addInOrder(element, "alias", { name: `${userAliasPrefix}${disk.key}` });
  return writeXml(element);
}

/**
 * Changes the driver settings of the named disks (by target: "vda") in any domain XML, and nothing else: for the XML inside a managed save.
 * Throws BugError where the XML has no disk with such a target, so that nobody takes it for changed.
 */
export function driverSettingsXml(xml: string, settings: ReadonlyMap<string, DriverSettings>): string {
  const domain = readXml(xml);
  const devices = childOf(domain, "devices");
  const disks = devices === undefined ? [] : childrenOf(devices, "disk");
  for (const [target, driver] of settings) {
    const disk = disks.find((element) => attributeOf(childOf(element, "target"), "dev") === target);
    if (disk === undefined) throw new BugError(`The domain's XML has no disk ${target} whose driver settings could be changed.`);
    writeDriver(ensureChild(disk, "driver"), driver);
  }
  return writeXml(domain);
}
