// Plan -> <sysinfo type='fwcfg'>: the file with Ignition's configuration, which QEMU shows the guest's firmware; and back.
import type { DomainPlan } from "../../plan/domain";
import { addInOrder } from "../child-order";
import { addChild, attributeOf, childrenOf, remove, setAttributes, type XmlElement } from "../document";

/** By this name Ignition looks for its configuration, on Fedora CoreOS and on Flatcar. */
const entryName = "opt/com.coreos/config";

const blocksOf = (domain: XmlElement) => childrenOf(domain, "sysinfo").filter((block) => attributeOf(block, "type") === "fwcfg");
const entryOf = (domain: XmlElement) =>
  blocksOf(domain)
    .flatMap((block) => childrenOf(block, "entry"))
    .find((entry) => attributeOf(entry, "name") === entryName);

/** An entry that other hands made stays where the plan has none: ours is known by its volume. */
export function configureFwCfg(domain: XmlElement, { ignitionFile, metadata }: DomainPlan): void {
  const entry = entryOf(domain);
  if (ignitionFile === undefined) {
    const file = attributeOf(entry, "file");
    if (file !== undefined && metadata.volumes.some(({ path }) => path === file)) remove(entry);
    for (const block of blocksOf(domain)) if (childrenOf(block).length === 0) remove(block);
    return;
  }
  if (attributeOf(entry, "file") === ignitionFile) return;
  // An entry of text holds the text inside itself.
  remove(entry);
  const block = blocksOf(domain)[0] ?? addInOrder(domain, "sysinfo", { type: "fwcfg" });
  setAttributes(addChild(block, "entry"), { name: entryName, file: ignitionFile });
}

/** Ignition's file; undefined where there is none, or the configuration stands in the definition itself. */
export const parseIgnitionFile = (domain: XmlElement): string | undefined => attributeOf(entryOf(domain), "file");
