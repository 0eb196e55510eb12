// Checks inputs against a resource's zod contract: all problems at once, as property paths, with unknown values left out of judgement.
import type { z } from "zod";
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
  return `is ${quoted(value)}: ${issue.message}`;
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
  const value = valueAt(values, issue.path);
  return value === unknown ? [] : [{ path: propertyPath(issue.path), reason: reasonOf(issue, value) }];
}

/** Shape problems of `values` under `schema`; a place that holds an unknown is no problem yet. */
export function contractProblems(schema: z.ZodObject, values: Values): Problem[] {
  const result = schema.strict().safeParse(values);
  if (result.success) return [];
  const known = (path: readonly PropertyKey[]) => (path.length === 0 ? Object.keys(schema.shape) : []);
  return result.error.issues.flatMap((issue) => problemsOfIssue(issue, values, known));
}

/** Fills absent keys. */
export function withDefaults(values: Values, defaults: Values): Values {
  const absent = Object.entries(defaults).filter(([key]) => !isValues(values) || values[key] === undefined);
  return { ...values, ...Object.fromEntries(absent) };
}
