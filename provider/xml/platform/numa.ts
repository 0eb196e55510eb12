// Plan <-> <numa> in <cpu> (the guest's nodes) and <numatune> (the host's nodes that its memory comes from).
import { canonicalCpuSet } from "../../plan/cpu-set";
import { memoryAccesses, numaModes, type DomainPlatform, type NumaCell } from "../../plan/platform";
import { addInOrder, ensureChild } from "../child-order";
import { attributeOf, childOf, childrenOf, remove, setAttributes, type XmlElement } from "../document";
import { bytesPerUnit, integerOf } from "../size";
import { blockOf, known, wordOf } from "./words";

const bytesPerKiB = 1024;

function parseCell(cell: XmlElement): NumaCell {
  const cpus = attributeOf(cell, "cpus");
  const bytes = (integerOf(attributeOf(cell, "memory")) ?? 0) * (bytesPerUnit(attributeOf(cell, "unit") ?? "KiB") ?? bytesPerKiB);
  return {
    memoryKiB: Math.ceil(bytes / bytesPerKiB),
    ...known({
      cpus: cpus === undefined ? undefined : canonicalCpuSet(cpus),
      memAccess: wordOf(memoryAccesses, attributeOf(cell, "memAccess")),
    }),
  };
}

/** In the order of their numbers, where they have some. */
function cellsOf(domain: XmlElement): readonly XmlElement[] {
  const numa = childOf(domain, "cpu", "numa");
  return numa === undefined ? [] : childrenOf(numa, "cell");
}

export function parseNuma(domain: XmlElement): Pick<DomainPlatform, "numa"> {
  const cells = cellsOf(domain).map(parseCell);
  const memory = childOf(domain, "numatune", "memory");
  const nodeset = attributeOf(memory, "nodeset");
  return blockOf("numa", {
    cells: cells.length === 0 ? undefined : cells,
    nodeset: nodeset === undefined ? undefined : canonicalCpuSet(nodeset),
    // Of nodes that numad chooses the inputs say nothing.
    mode: attributeOf(memory, "placement") === "auto" ? undefined : wordOf(numaModes, attributeOf(memory, "mode")),
  });
}

/** Written over cell by cell: distances and caches stay with theirs. */
function writeCells(domain: XmlElement, cells: readonly NumaCell[]): void {
  const numa = ensureChild(ensureChild(domain, "cpu"), "numa");
  const present = childrenOf(numa, "cell");
  remove(...present.slice(cells.length));
  cells.forEach(({ cpus, memoryKiB, memAccess }, id) => {
    setAttributes(present[id] ?? addInOrder(numa, "cell"), { id, cpus, memory: memoryKiB, unit: "KiB", memAccess });
  });
}

export function configureNuma(domain: XmlElement, { numa }: DomainPlatform): void {
  if (numa === undefined) return;
  if (numa.cells !== undefined) writeCells(domain, numa.cells);
  if (numa.nodeset === undefined && numa.mode === undefined) return;
  const memory = ensureChild(ensureChild(domain, "numatune"), "memory");
  if (numa.mode !== undefined) setAttributes(memory, { mode: numa.mode });
  // Nodes that are named and nodes that numad chooses exclude each other.
  if (numa.nodeset !== undefined && parseNuma(domain).numa?.nodeset !== numa.nodeset)
    setAttributes(memory, { nodeset: numa.nodeset, placement: undefined });
}
