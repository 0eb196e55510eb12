// Finds the values that a resource's zod contract declares secret: `.meta({ secret: true })` on a field, at any depth.
import type { z } from "zod";
import type { Value } from "../resources/resource";
import { isList, isMap, own } from "./plain-values";
import type { Path, Step } from "./paths";

type Schema = z.core.$ZodType;

/** A schema inside another, with the step to the value it describes; no step: it describes the same value. */
type Inside = readonly [schema: Schema, step?: Step];

const namesOf = (value: Value) => (isMap(value) ? Object.keys(value) : []);
const indexesOf = (value: Value) => (isList(value) ? [...value.keys()] : []);

/** What lies inside a schema, by its kind; a kind not named here holds nothing. */
const insides: Readonly<Record<string, (definition: never, value: Value) => readonly Inside[]>> = {
  object: ({ shape }: z.core.$ZodObjectDef) => Object.entries(shape).map(([name, field]) => [field, name]),
  record: ({ valueType }: z.core.$ZodRecordDef, value) => namesOf(value).map((name) => [valueType, name]),
  array: ({ element }: z.core.$ZodArrayDef, value) => indexesOf(value).map((index) => [element, index]),
  tuple: ({ items }: z.core.$ZodTupleDef) => items.map((item, index) => [item, index]),
  union: ({ options }: z.core.$ZodUnionDef) => options.map((option) => [option]),
  intersection: ({ left, right }: z.core.$ZodIntersectionDef) => [[left], [right]],
  pipe: ({ in: before, out: after }: z.core.$ZodPipeDef) => [[before], [after]],
  lazy: ({ getter }: z.core.$ZodLazyDef) => [[getter()]],
  optional: ({ innerType }: z.core.$ZodOptionalDef) => [[innerType]],
  nullable: ({ innerType }: z.core.$ZodNullableDef) => [[innerType]],
  default: ({ innerType }: z.core.$ZodDefaultDef) => [[innerType]],
  prefault: ({ innerType }: z.core.$ZodPrefaultDef) => [[innerType]],
  nonoptional: ({ innerType }: z.core.$ZodNonOptionalDef) => [[innerType]],
  readonly: ({ innerType }: z.core.$ZodReadonlyDef) => [[innerType]],
  catch: ({ innerType }: z.core.$ZodCatchDef) => [[innerType]],
};

const isDeclaredSecret = (schema: Schema) => "meta" in schema && (schema as z.ZodType).meta()?.["secret"] === true;

const stepInto = (value: Value, step: Step): Value | undefined => {
  if (typeof step === "number") return isList(value) ? value[step] : undefined;
  return isMap(value) ? own(value, step) : undefined;
};

/** The places in `value` that `schema` declares secret. */
export const declaredSecrets = (schema: Schema, value: Value, path: Path = []): readonly Path[] => {
  if (isDeclaredSecret(schema)) return [path];
  const { def } = schema._zod;
  const inside = insides[def.type]?.(def as never, value) ?? [];
  return inside.flatMap(([inner, step]) => {
    if (step === undefined) return declaredSecrets(inner, value, path);
    const innerValue = stepInto(value, step);
    return innerValue === undefined ? [] : declaredSecrets(inner, innerValue, [...path, step]);
  });
};
