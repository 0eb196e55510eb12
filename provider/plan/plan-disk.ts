// The planner: one disk's question (facts, request, policy) -> its driver settings with their reasons, or what is wrong with the request.
import type { DiskDecision, DiskProblem, DiskQuestion } from "./disk";
import { migrationVerdict } from "./migration-verdict";
import { discardNoUnrefProblems } from "./discard-no-unref";
import { planCache } from "./plan-cache";
import { planDiscard } from "./plan-discard";
import { planIo } from "./plan-io";
import { isPassthrough, planPassthrough } from "./plan-passthrough";
import { resolveRule } from "./resolve-rule";
import { cacheModeMeaning } from "./settings";

/**
 * Decides a disk's cache, io, discard and detectZeroes. Pure and total: the same question has the same answer, and every question has one.
 * A mode named at the disk or the VM is honoured or refused; a policy's mode and `auto` adapt to the storage; `unsafe` is only ever asked for by name.
 */
export function planDisk(question: DiskQuestion): DiskDecision {
  if (isPassthrough(question)) return planPassthrough(question);
  const askedCache = resolveRule(question, "cache", "auto");
  const cache = planCache(question, askedCache);
  const io = planIo(question, resolveRule(question, "io", "auto"), "problems" in cache ? undefined : cache);
  const noUnref = discardNoUnrefProblems(question);
  if ("problems" in cache || "problems" in io || noUnref.length > 0) {
    return { problems: [...problemsOf(cache), ...problemsOf(io), ...noUnref] };
  }
  const { discard, detectZeroes, warnings } = planDiscard(question);
  return {
    plan: {
      cache: cache.cache,
      io: io.io,
      discard,
      detectZeroes,
      requested: { level: askedCache.level, cache: askedCache.value },
      reason: cache.reason,
      ...(cache.notVerified === undefined ? {} : { notVerified: cache.notVerified }),
      warnings: [...cache.warnings, ...io.warnings, ...warnings],
      guestWriteCache: cacheModeMeaning[cache.cache].guestWriteCache,
      migration: migrationVerdict(question, cache.cache),
    },
  };
}

function problemsOf(outcome: object | { readonly problems: readonly DiskProblem[] }): readonly DiskProblem[] {
  return "problems" in outcome ? outcome.problems : [];
}
