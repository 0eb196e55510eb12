// Checks inputs against a resource's zod contract: all problems at once, as property paths, with unknown values left out of judgement.
import { z } from "zod";
import type { Problem } from "../errors";
import { propertyPath } from "./property-path";
import type { Value, Values } from "./resource";
import { unknown } from "./resource";
import { isValues } from "./values";

type Issue = z.core.$ZodIssue;

const quoted = (value: Value): string => (value === unknown ? "unknown" : JSON.stringify(value));

function valueAt(values: Value | undefined, path: readonly PropertyKey[]): Value | undefined {
  let at: Value | undefined = values;
  for (const key of path) {
    if (at === unknown || at === undefined || at === null || typeof at !== "object") return at === unknown ? unknown : undefined;
    at = (at as Readonly<Record<PropertyKey, Value>>)[key];
  }
  return at;
}

const typeNames: Readonly<Record<string, string>> = {
  record: "a map",
  object: "an object",
  array: "a list",
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

/** One sentence for a zod issue: the value, what is wrong, what is right. */
function reasonOf(issue: Issue, value: Value | undefined): string {
  if (value === undefined) return issue.code === "invalid_type" ? `is required: give ${typeName(issue.expected)}.` : issue.message;
  if (issue.code === "invalid_type") return `is ${quoted(value)}, but must be ${typeName(issue.expected)}.`;
  if (issue.code === "invalid_value") return `is ${quoted(value)}, but must be one of: ${issue.values.map(String).join(", ")}.`;
  if (issue.code === "too_small") return `is ${quoted(value)}, but must be at least ${issue.minimum}.`;
  if (issue.code === "too_big") return `is ${quoted(value)}, but must be at most ${issue.maximum}.`;
  // A message of ours that begins with the value says it all.
  return issue.message.startsWith('"') ? issue.message : `is ${quoted(value)}: ${issue.message}`;
}

/** What a map's key must be, where the map says it; else the keys that there are. */
function keyReason(issue: Extract<Issue, { code: "invalid_key" }>): string {
  const [inner] = issue.issues;
  if (inner === undefined) return issue.message;
  return inner.code === "invalid_value" ? `is not a name here; the names are: ${inner.values.map(String).join(", ")}.` : inner.message;
}

/** The schema at a path: through maps, objects and what wraps them. */
function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional) return schemaAt(schema.unwrap(), path);
  const [key, ...rest] = path;
  if (key === undefined) return schema;
  if (schema instanceof z.ZodRecord) return schemaAt(schema.valueType, rest);
  const inner = schema instanceof z.ZodObject ? (schema.shape as Readonly<Record<PropertyKey, z.core.$ZodType>>)[key] : undefined;
  return inner && schemaAt(inner, rest);
}

function propertiesAt(schema: z.ZodObject, path: readonly PropertyKey[]): readonly string[] {
  const at = schemaAt(schema, path);
  if (at instanceof z.ZodRecord) return at.keyType instanceof z.ZodEnum ? at.keyType.options.map(String) : [];
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

const typeName = (expected: string): string => typeNames[expected] ?? expected;

function problemsOfIssue(issue: Issue, values: Values, known: (path: readonly PropertyKey[]) => readonly string[]): Problem[] {
  if (issue.code === "unrecognized_keys") {
    const names = known(issue.path);
    return issue.keys.map((key) => ({
      path: propertyPath([...issue.path, key]),
      reason: `is not a property here${names.length > 0 ? `; the properties are: ${names.join(", ")}` : ""}.`,
    }));
  }
  if (issue.code === "invalid_key") return [{ path: propertyPath(issue.path), reason: keyReason(issue) }];
  const value = valueAt(values, issue.path);
  return value === unknown ? [] : [{ path: propertyPath(issue.path), reason: reasonOf(issue, value) }];
}

/** Shape problems of `values` under `schema`; a place that holds an unknown is no problem yet. */
export function contractProblems(schema: z.ZodObject, values: Values): Problem[] {
  const result = schema.strict().safeParse(values);
  if (result.success) return [];
  return result.error.issues.flatMap((issue) => problemsOfIssue(issue, values, (path) => propertiesAt(schema, path)));
}

/** Fills absent keys. */
export function withDefaults(values: Values, defaults: Values): Values {
  const absent = Object.entries(defaults).filter(([key]) => !isValues(values) || values[key] === undefined);
  return { ...values, ...Object.fromEntries(absent) };
}
