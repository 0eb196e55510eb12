// Plan -> our element in <metadata>.
import type { DomainPlan } from "../../plan/domain";
import { ensureChild } from "../child-order";
import type { XmlElement } from "../document";
import { writeMetadata } from "../metadata-xml";

export function configureMetadata(domain: XmlElement, { metadata, disks }: DomainPlan): void {
  writeMetadata(ensureChild(domain, "metadata"), metadata, new Map(disks.map(({ key, target }) => [key, target])));
}
