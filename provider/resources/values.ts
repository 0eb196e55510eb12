// Small pure helpers over property values that may hold unknowns.
import type { Value, Values } from "./resource";
import { parseSize } from "../plan/size";
import { unknown } from "./resource";

export const isValues = (value: Value | undefined): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);

export function containsUnknown(value: Value | undefined): boolean {
  if (value === unknown) return true;
  if (Array.isArray(value)) return value.some(containsUnknown);
  return isValues(value) && Object.values(value).some(containsUnknown);
}

/** Deep equality; an absent key and an undefined one are the same. An unknown equals nothing, itself included. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (left === unknown || right === unknown) return false;
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  const at = (object: object, key: string): unknown => (object as Record<string, unknown>)[key];
  return [...keys].every(
    (key) => sameValue(at(left, key), at(right, key)) || (at(left, key) === undefined && at(right, key) === undefined),
  );
}

/** The object without keys whose value is undefined. */
export function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** The object without the named keys. */
export function without<T extends object, Key extends keyof T>(object: T, ...keys: readonly Key[]): Omit<T, Key> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !keys.some((key) => key === name))) as Omit<T, Key>;
}

/** Bytes of a size such as "20GiB", where the value is one. */
export function sizeBytes(value: Value | undefined): number | undefined {
  const parsed = typeof value === "string" ? parseSize(value) : undefined;
  return parsed !== undefined && "bytes" in parsed ? parsed.bytes : undefined;
}

/** Typed data of our own as property values: the shapes are JSON-like, which TypeScript cannot see of an interface. */
export const asValues = (data: object): Values => defined(data) as unknown as Values;
