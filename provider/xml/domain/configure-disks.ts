// Plan -> the <disk> elements: each planned disk is written over its old element, gone ones are removed, new ones added.
import type { DomainDisk, DomainPlan } from "../../plan/domain";
import { addInOrder, ensureChild } from "../child-order";
import { addDisk, writeDisk } from "../disk-xml";
import { attributeOf, childOf, childrenOf, remove, type XmlElement } from "../document";
import { parseMetadata } from "../metadata-xml";
import { diskKey, isSayable, parseDisk } from "../parse-domain";
import { shareMemory } from "./share-memory";

/** The old element of each planned disk: by identity, else one without an identity of its own at the same target. */
function matchDisks(domain: XmlElement, elements: readonly XmlElement[], disks: readonly DomainDisk[]): Map<DomainDisk, XmlElement> {
  const keyByTarget = parseMetadata(childOf(domain, "metadata"))?.keyByTarget;
  const targetOf = (element: XmlElement) => attributeOf(childOf(element, "target"), "dev");
  const free = new Set(elements);
  const matched = new Map<DomainDisk, XmlElement>();
  const match = (fits: (element: XmlElement, disk: DomainDisk) => boolean) => {
    for (const disk of disks) {
      const found = matched.has(disk) ? undefined : [...free].find((element) => fits(element, disk));
      if (found !== undefined && free.delete(found)) matched.set(disk, found);
    }
  };
  match((element, { key }) => diskKey(element, keyByTarget) === key);
  match((element, { target }) => targetOf(element) === target && diskKey(element, keyByTarget) === target);
  return matched;
}

export function configureDisks(domain: XmlElement, { disks }: DomainPlan): void {
  const devices = ensureChild(domain, "devices");
  const elements = childrenOf(devices, "disk");
  const matched = matchDisks(domain, elements, disks);
  const kept = new Set(matched.values());
  remove(...elements.filter((element) => !kept.has(element) && isSayable(parseDisk(element, undefined))));
  for (const disk of disks) {
    const element = matched.get(disk);
    if (element === undefined) addDisk(devices, disk);
    else writeDisk(element, disk);
  }
  // A vhost-user daemon reads the guest's memory.
  if (disks.some(({ source }) => source.type === "vhostuser")) shareMemory(domain);
  const hasScsiController = childrenOf(devices, "controller").some((controller) => attributeOf(controller, "type") === "scsi");
  const needsScsi = disks.some(({ bus }) => bus === "scsi");
  if (needsScsi && !hasScsiController) addInOrder(devices, "controller", { type: "scsi", index: 0, model: "virtio-scsi" });
}
