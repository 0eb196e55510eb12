// The discard decision of one disk: what becomes of blocks that the guest frees or fills with zeroes.
import type { DiskQuestion } from "./disk";
import { isReadOnly } from "./plan-cache";
import { asker } from "./reason";
import { resolveRule } from "./resolve-rule";
import type { DetectZeroesMode, DiscardMode } from "./settings";

export interface DiscardChoice {
  readonly discard: DiscardMode;
  readonly detectZeroes: DetectZeroesMode;
  readonly warnings: readonly string[];
}

/**
 * Unasked, a disk that can be written gives back what its guest frees (`unmap`): sparse files and thin volumes shrink again, and nothing is lost but the
 * preallocation of a volume whose guest trims it; who wants to keep that asks for `ignore`. Zeroes are not looked for unasked: that costs the CPU a
 * look at every write.
 */
export function planDiscard(question: DiskQuestion): DiscardChoice {
  const discard = resolveRule(question, "discard", isReadOnly(question) ? "ignore" : "unmap").value;
  const zeroes = resolveRule(question, "detectZeroes", "off");
  if (zeroes.value !== "unmap" || discard === "unmap") return { discard, detectZeroes: zeroes.value, warnings: [] };
  // QEMU degrades it silently; a plan holds what will really be.
  const warning = `${asker(zeroes.level, question)} asks for detectZeroes unmap, which needs discard unmap; discard is ${discard}, so zeroes are written as "on" does.`;
  return { discard, detectZeroes: "on", warnings: [warning] };
}
