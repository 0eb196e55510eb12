// Plan <-> <memoryBacking>: what the guest's memory is made of on the host. What vhost-user needs (share-memory.ts) comes on top.
import { memoryAccesses, memoryAllocations, memorySources, type DomainPlatform, type MemoryBackingPlan } from "../../plan/platform";
import { addInOrder, ensureChild, setFlag } from "../child-order";
import { addChild, attributeOf, childOf, childrenOf, remove, removeChildren, setAttributes, type XmlElement } from "../document";
import { bytesPerUnit, integerOf } from "../size";
import { blockOf, wordOf } from "./words";

const bytesPerKiB = 1024;
const flags = ["nosharepages", "locked", "discard"] as const;
/** An element with one attribute that says it all. */
const words = { source: "type", access: "mode", allocation: "mode" } as const;

/** The one size of all pages; undefined where it is the host's default, or differs by node. */
function pageKiBOf(hugepages: XmlElement | undefined): number | undefined {
  const [page, ...others] = hugepages === undefined ? [] : childrenOf(hugepages, "page");
  const size = integerOf(attributeOf(page, "size"));
  if (size === undefined || others.length > 0 || attributeOf(page, "nodeset") !== undefined) return undefined;
  return (size * (bytesPerUnit(attributeOf(page, "unit") ?? "KiB") ?? bytesPerKiB)) / bytesPerKiB;
}

export function parseMemoryBacking(domain: XmlElement): Pick<DomainPlatform, "memoryBacking"> {
  const backing = childOf(domain, "memoryBacking");
  const part = (name: string) => backing && childOf(backing, name);
  const word = <Word extends string>(name: keyof typeof words, known: readonly Word[]) =>
    wordOf(known, attributeOf(part(name), words[name]));
  return blockOf("memoryBacking", {
    hugepages: part("hugepages") !== undefined,
    hugepageKiB: pageKiBOf(part("hugepages")),
    nosharepages: part("nosharepages") !== undefined,
    locked: part("locked") !== undefined,
    source: word("source", memorySources),
    access: word("access", memoryAccesses),
    allocation: word("allocation", memoryAllocations),
    discard: part("discard") !== undefined,
  });
}

function writeHugepages(backing: XmlElement, { hugepages, hugepageKiB }: MemoryBackingPlan): void {
  if (hugepages === false) removeChildren(backing, "hugepages");
  if (hugepages === true) setFlag(backing, "hugepages", true);
  if (hugepageKiB === undefined || hugepages === false) return;
  const element = ensureChild(backing, "hugepages");
  if (pageKiBOf(element) === hugepageKiB) return;
  removeChildren(element, "page");
  addChild(element, "page", { size: hugepageKiB, unit: "KiB" });
}

export function configureMemoryBacking(domain: XmlElement, { memoryBacking }: DomainPlatform): void {
  if (memoryBacking === undefined) return;
  const backing = ensureChild(domain, "memoryBacking");
  writeHugepages(backing, memoryBacking);
  for (const flag of flags) {
    const isOn = memoryBacking[flag];
    if (isOn !== undefined) setFlag(backing, flag, isOn);
  }
  for (const name of ["source", "access", "allocation"] as const) {
    const word = memoryBacking[name];
    if (word !== undefined) setAttributes(childOf(backing, name) ?? addInOrder(backing, name), { [words[name]]: word });
  }
  if (childrenOf(backing).length === 0) remove(backing);
}
