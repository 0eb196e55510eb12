// Small questions about plain property values, for the wire's own use.
import { unknown, type Value, type Values } from "../resources/resource";
import type { Path } from "./paths";

export const isMap = (value: Value | undefined): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);

export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

/** A map's own property: never one of Object's, whatever the name. */
export const own = (values: Values, name: string): Value | undefined => (Object.hasOwn(values, name) ? values[name] : undefined);

export const isSame = (left: Value | undefined, right: Value | undefined): boolean => {
  if (isList(left)) return isList(right) && left.length === right.length && left.every((item, index) => isSame(item, right[index]));
  if (!isMap(left)) return left === right;
  if (!isMap(right)) return false;
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => isSame(left[name], own(right, name)));
};

export const valueAt = (value: Value | undefined, path: Path): Value | undefined =>
  path.reduce<Value | undefined>((inner, step) => {
    if (isList(inner)) return inner[Number(step)];
    return isMap(inner) ? own(inner, String(step)) : undefined;
  }, value);

/** Every value that holds no others, with its place. */
export const leavesOf = (value: Value | undefined, path: Path = []): readonly (readonly [Path, Value])[] => {
  if (value === undefined) return [];
  if (isList(value)) return value.flatMap((item, index) => leavesOf(item, [...path, index]));
  if (isMap(value)) return Object.entries(value).flatMap(([name, item]) => leavesOf(item, [...path, name]));
  return [[path, value]];
};

export const unknownPlaces = (value: Value): readonly Path[] =>
  leavesOf(value)
    .filter(([, leaf]) => leaf === unknown)
    .map(([path]) => path);
