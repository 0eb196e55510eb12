// Rule lookup: which level decides a setting of a disk (disk, VM, pool, storage kind, host, in this order), each field on its own.
import type { DiskQuestion, RuleLevel } from "./disk";
import { ruleLevels } from "./disk";
import type { DiskRule } from "./settings";

/** A setting and the level that says it; `default`: nobody says anything. */
export interface Resolved<Value> {
  readonly level: RuleLevel | "default";
  readonly value: Value;
}

/** The value of `field` at the first level that has one, else `fallback`. An absent key is never a value; `auto` is one. */
export function resolveRule<Field extends keyof DiskRule>(
  question: DiskQuestion,
  field: Field,
  fallback: NonNullable<DiskRule[Field]>,
): Resolved<NonNullable<DiskRule[Field]>> {
  for (const level of ruleLevels) {
    const value = ruleAt[level](question)?.[field];
    if (value !== undefined) return { level, value };
  }
  return { level: "default", value: fallback };
}

/** Whether the program asks for it by the disk or its VM, so that it is honoured or refused; a policy's wish may be adapted. */
export function isExplicit(level: RuleLevel | "default"): boolean {
  return level === "disk" || level === "vm";
}

const ruleAt = {
  disk: ({ disk }) => disk.own,
  vm: ({ disk }) => disk.vm,
  pool: ({ disk, policy }) => (disk.pool === undefined ? undefined : policy.pools?.[disk.pool]),
  storageKind: ({ chain, policy }) => policy.storageKinds?.[chain[0].kind],
  host: ({ policy }) => policy,
} as const satisfies Record<RuleLevel, (question: DiskQuestion) => DiskRule | undefined>;
