// How changes that a running machine does not take live are applied: the user's choice, where it is safe.
import { fieldEffect } from "./field-effects";
import type { ApplyChanges } from "./policy";
import { cacheModeMeaning, cacheModes, type CacheMode } from "./settings";

/** One change that is not live. `from` and `to` are the values where they matter: the running and the wanted mode of a `….cache`. */
export interface PendingChange {
  /** "machine", "disks.root.cache" */
  readonly path: string;
  readonly effect: "suspend" | "restart";
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface ApplyProblem {
  readonly path: string;
  readonly reason: string;
}

/** `none`: nothing waits (or nothing is done, with problems). `nextBoot`: written to the definition, `pending` are the paths that wait for a cold start. */
export interface ApplyPlan {
  readonly how: "none" | "nextBoot" | "suspend" | "restart";
  readonly pending: readonly string[];
  readonly problems: readonly ApplyProblem[];
}

/** A change by which the program asks for a restart, and for nothing else. */
export const isRestartTrigger = ({ path }: { readonly path: string }): boolean => /^restartTriggers(\.|\[|$)/.test(path);

/** A machine that does not run takes every change with its definition; one that is paused runs. */
export function planApply(changes: readonly PendingChange[], choice: ApplyChanges, running: boolean): ApplyPlan {
  if (!running || changes.length === 0) return { how: "none", pending: [], problems: [] };
  return plans[changes.some(isRestartTrigger) ? "restart" : choice](changes);
}

const plans = {
  nextBoot: (changes) => ({ how: "nextBoot", pending: changes.map(({ path }) => path), problems: [] }),
  restart: () => ({ how: "restart", pending: [], problems: [] }),
  refuse: (changes) => refused(changes.map((change) => problem(change, `applyChanges is "refuse", and ${cost(change)}`, '"suspend"'))),
  suspend: (changes) => {
    const problems = changes.flatMap((change) => {
      const why = whyNotSuspend(change);
      return why === undefined ? [] : [problem(change, why)];
    });
    return problems.length > 0 ? refused(problems) : { how: "suspend", pending: [], problems: [] };
  },
} as const satisfies Record<ApplyChanges, (changes: readonly PendingChange[]) => ApplyPlan>;

function refused(problems: readonly ApplyProblem[]): ApplyPlan {
  return { how: "none", pending: [], problems };
}

/**
 * Whether the change shows a guest a volatile write cache that it did not see when it booted. It would go on without sending flushes, and lose on a
 * host crash what it takes for written. The other direction only costs flushes that nobody needs.
 */
export function guestWriteCacheTurnsOn(from: CacheMode, to: CacheMode): boolean {
  return !cacheModeMeaning[from].guestWriteCache && cacheModeMeaning[to].guestWriteCache;
}

function whyNotSuspend(change: PendingChange): string | undefined {
  if (change.effect === "restart") return `a suspend cannot apply it, as ${cost(change)}`;
  if (!change.path.endsWith(".cache")) return undefined;
  const from = knownMode(change.from);
  const to = knownMode(change.to);
  const says = `from ${change.from ?? "the hypervisor's default"} to ${change.to ?? "the hypervisor's default"}`;
  if (from === undefined || to === undefined) return `nobody can tell whether ${says} turns the write cache on that the guest sees`;
  if (!guestWriteCacheTurnsOn(from, to)) return undefined;
  return `${says} turns on a write cache under a guest that booted without one, so that it would not flush what it writes`;
}

/** An absent attribute and `default` are QEMU's writeback; a word that we do not know stays unknown. */
function knownMode(mode: string | undefined): CacheMode | undefined {
  if (mode === undefined || mode === "default") return "writeback";
  return cacheModes.find((known) => known === mode);
}

function cost({ path, effect }: PendingChange): string {
  const needs = effect === "restart" ? "it needs a restart" : "the running machine does not take it";
  const because = fieldEffect(path, "removed")?.because;
  return because === undefined ? needs : `${needs}: ${because}`;
}

function problem({ path, effect }: PendingChange, why: string, suspend?: string): ApplyProblem {
  const ways = [...(effect === "suspend" && suspend !== undefined ? [suspend] : []), '"restart"', '"nextBoot"'];
  return { path, reason: `${path} cannot be changed now: ${why}. Ways out: applyChanges: ${ways.join(" or ")}.` };
}
