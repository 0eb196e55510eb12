// The decision for a disk that takes no driver settings (NVMe through QEMU's own driver, vhost-user): what is there to say instead, or what cannot be asked of it.
import { autoRow } from "./auto-cache";
import type { DiskDecision, DiskProblem, DiskQuestion } from "./disk";
import { migrationVerdict } from "./migration-verdict";
import { asker, place } from "./reason";
import { resolveRule } from "./resolve-rule";
import { cacheModeMeaning, driverFields, type DriverSettings } from "./settings";
import { storageClass } from "./storage-class";

/** What such a disk amounts to: no page cache, no thread that waits in QEMU, nothing that QEMU would unmap. Not written into any definition. */
const amountsTo = { cache: "none", io: "native", discard: "ignore", detectZeroes: "off" } as const satisfies DriverSettings;

export function isPassthrough({ chain }: Pick<DiskQuestion, "chain">): boolean {
  return storageClass[chain[0].kind] === "passthrough";
}

/**
 * What the disk itself asks for is refused, as libvirt would refuse it or QEMU would take it for something else. What its VM asks of all its disks is not
 * taken, with a warning; the rules of a policy are for those disks that take them, so nothing is said of them.
 */
export function planPassthrough(question: DiskQuestion): DiskDecision {
  const problems = [...driverFields.flatMap((field) => fieldProblem(question, field)), ...sharedProblem(question)];
  if (problems.length > 0) return { problems };
  const asked = resolveRule(question, "cache", "auto");
  const because = autoRow(question.chain[0]).because ?? "it takes no driver settings";
  return {
    plan: {
      ...amountsTo,
      requested: { level: asked.level, cache: asked.value },
      reason: `${amountsTo.cache} in effect, though no cache attribute is written: ${place(question.chain[0])}, and ${because}.`,
      warnings: driverFields.flatMap((field) => vmWarning(question, field)),
      guestWriteCache: cacheModeMeaning[amountsTo.cache].guestWriteCache,
      migration: migrationVerdict(question, amountsTo.cache),
    },
  };
}

function fieldProblem(question: DiskQuestion, field: keyof DriverSettings): readonly DiskProblem[] {
  const value = question.disk.own[field];
  if (value === undefined || value === "auto") return [];
  const ways = field === "cache" || field === "io" ? `leave ${field} out, or set it to "auto"` : `leave ${field} out`;
  return [{ field, reason: `the disk asks for ${field} ${value}, but ${place(question.chain[0])}, which takes no such setting: ${ways}.` }];
}

function sharedProblem({ disk, chain }: DiskQuestion): readonly DiskProblem[] {
  if (!disk.shareable) return [];
  return [{ field: "shareable", reason: `${place(chain[0])}, which one machine has for itself alone: leave shareable out.` }];
}

function vmWarning(question: DiskQuestion, field: keyof DriverSettings): readonly string[] {
  const { level, value } = resolveRule(question, field, amountsTo[field]);
  if (level !== "vm" || value === "auto" || value === amountsTo[field]) return [];
  return [`${asker(level, question)} asks for ${field} ${value}, which is not taken: ${place(question.chain[0])}.`];
}
