// Plan -> the user's own pieces of XML.
import type { DomainPlan } from "../../plan/domain";
import { childOf, type XmlElement } from "../document";
import { writeFragments } from "../fragments";
import { parseMetadata } from "../metadata-xml";

/** Reads the old marks, so it comes before our metadata is written anew. */
export function configureFragments(domain: XmlElement, { fragments = {} }: DomainPlan): void {
  writeFragments(domain, fragments, parseMetadata(childOf(domain, "metadata"))?.metadata.fragments ?? []);
}
