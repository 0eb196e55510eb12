// Small helpers of the checks of a network: how a problem is said, and values that may not be known yet. Pure.
import type { Problem } from "../../errors";
import { parseIp } from "../../plan/ip-address";
import type { IpAddress } from "../../plan/ip-address";
import { propertyPath } from "../property-path";
import type { Value, Values } from "../resource";
import { isValues } from "../values";

export type Path = readonly PropertyKey[];

export const problem = (path: Path, reason: string): Problem => ({ path: propertyPath(path), reason });

export const itemsOf = (value: Value | undefined): readonly Value[] => (Array.isArray(value) ? (value as readonly Value[]) : []);
/** How a value is told to the user. */
export const shown = (value: Value | undefined): string => (typeof value === "string" ? value : "not known yet");

export const fieldsOf = (value: Value | undefined): Values => (isValues(value) ? value : {});

/** An address that is known: undefined where there is none, or it is still to come; a problem where the text is none. */
export function ipAt(value: Value | undefined, path: Path, problems: Problem[]): IpAddress | undefined {
  if (typeof value !== "string") return undefined;
  const ip = parseIp(value);
  if (ip === undefined) problems.push(problem(path, `is ${JSON.stringify(value)}, but must be an IPv4 or IPv6 address.`));
  return ip;
}

/** Places that come to the same where they must differ; `what` ends "is the same … as". */
export function doubles(entries: readonly { readonly path: Path; readonly key: string | undefined }[], what: string): Problem[] {
  const first = new Map<string, Path>();
  return entries.flatMap(({ path, key }) => {
    if (key === undefined) return [];
    const before = first.get(key);
    if (before === undefined) first.set(key, path);
    return before === undefined ? [] : [problem(path, `is the same ${what} as ${propertyPath(before)}: give each its own.`)];
  });
}
