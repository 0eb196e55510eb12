// What the benchmarks share: medians, and lines that say a ratio against the baseline of the same run and whether the goal is met.
import { cpus } from "node:os";

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle] ?? NaN, sorted[middle] ?? NaN];
  return (low + high) / 2;
};

const spread = (values: readonly number[]): string => `${Math.min(...values).toFixed(0)}-${Math.max(...values).toFixed(0)}`;

/** "  baseline          41 ms  (38-55)" */
export function sayTimes(what: string, valuesMs: readonly number[]): void {
  console.log(`  ${what.padEnd(44)} ${median(valuesMs).toFixed(0).padStart(6)} ms  (${spread(valuesMs)}, ${valuesMs.length} rounds)`);
}

export function sayRatio(what: string, ratio: number, goal?: number): void {
  const verdict = goal === undefined ? "" : `  goal: below ${goal}x, ${ratio < goal ? "met" : "MISSED"}`;
  console.log(`  ${what.padEnd(44)} ${ratio.toFixed(2).padStart(6)} x${verdict}`);
}

/** The same for what is better when it is more. */
export function sayAtLeast(what: string, ratio: number, goal?: number): void {
  const verdict = goal === undefined ? "" : `  goal: at least ${goal}x, ${ratio >= goal ? "met" : "MISSED"}`;
  console.log(`  ${what.padEnd(48)} ${ratio.toFixed(2).padStart(6)} x${verdict}`);
}

export const sayMachine = (): void => console.log(`  node ${process.version}, ${cpus().length} cores`);

export async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
