// The discard decision of one disk: what becomes of blocks that the guest frees or fills with zeroes.
import type { DiskQuestion } from "./disk";
import { isReadOnly } from "./plan-cache";
import { asker } from "./reason";
import { isExplicit, resolveRule } from "./resolve-rule";
import type { DetectZeroesMode, DiscardMode } from "./settings";

export interface DiscardChoice {
  readonly discard: DiscardMode;
  readonly detectZeroes: DetectZeroesMode;
  readonly warnings: readonly string[];
}

/**
 * Unasked, a disk that can be written gives back what its guest frees (`unmap`): sparse files and thin volumes shrink again. A preallocated one keeps its
 * space (`ignore`), as a guest that trims it would undo the preallocation. Zeroes are not looked for unasked: that costs the CPU a look at every write.
 */
export function planDiscard(question: DiskQuestion): DiscardChoice {
  const discard = planUnmap(question);
  const zeroes = resolveRule(question, "detectZeroes", "off");
  if (zeroes.value !== "unmap" || discard === "unmap") return { discard, detectZeroes: zeroes.value, warnings: [] };
  // QEMU degrades it silently; a plan holds what will really be.
  const warning = `${asker(zeroes.level, question)} asks for detectZeroes unmap, which needs discard unmap; discard is ${discard}, so zeroes are written as "on" does.`;
  return { discard, detectZeroes: "on", warnings: [warning] };
}

/** A policy's wish is for disks that can be written: nothing is ever freed on one that is only read. */
function planUnmap(question: DiskQuestion): DiscardMode {
  const isOnlyRead = isReadOnly(question);
  const { level, value } = resolveRule(question, "discard", isOnlyRead || question.disk.preallocated === true ? "ignore" : "unmap");
  return isOnlyRead && !isExplicit(level) ? "ignore" : value;
}
