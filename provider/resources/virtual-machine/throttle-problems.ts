// What can be wrong with limits of disks' traffic: in one disk, and between the disks of a group. Pure.
import type { Problem } from "../../errors";
import { propertyPath } from "../property-path";
import type { Value, Values } from "../resource";
import { containsUnknown, isValues, sameValue, sizeBytes, without } from "../values";

/** A problem of one disk, at a field of it. */
export interface Finding {
  readonly field: string;
  readonly reason: string;
}

const has = (values: Values, field: string) => values[field] !== undefined;
const quoted = (field: string) => `\`${field}\``;

/** Total and separate limits of the same kind contradict each other (libvirt refuses them); a burst and a group need a limit. */
export function throttleFindings(throttle: Value | undefined): Finding[] {
  if (!isValues(throttle)) return [];
  const found = (["Bytes", "Iops"] as const).flatMap((kind) =>
    ["Sec", "SecMax"].flatMap((suffix) => limitFindings(throttle, kind, suffix)),
  );
  return Object.keys(throttle).every((field) => field === "groupName") && has(throttle, "groupName")
    ? [{ field: "throttle.groupName", reason: "needs a limit beside it, the one that the disks of the group share." }]
    : found;
}

function limitFindings(throttle: Values, kind: "Bytes" | "Iops", suffix: string): Finding[] {
  const name = (part: string) => `${part}${kind}${suffix}`;
  const separate = ["read", "write"].map(name).filter((field) => has(throttle, field));
  const both =
    has(throttle, name("total")) && separate.length > 0
      ? [
          {
            field: `throttle.${name("total")}`,
            reason: `cannot go with ${separate.map(quoted).join(" and ")}: one limit for all, or one for each way.`,
          },
        ]
      : [];
  const limits = ["total", "read", "write"].filter((part) => suffix === "SecMax" && has(throttle, name(part)));
  const burst = limits
    .filter((part) => !has(throttle, `${part}${kind}Sec`))
    .map((part) => ({
      field: `throttle.${name(part)}`,
      reason: `needs ${quoted(`${part}${kind}Sec`)}, the limit that a burst may exceed.`,
    }));
  return [...both, ...burst];
}

/** "1MiB" and "1024KiB" are one limit. */
const limitsOf = (throttle: Values): Values =>
  Object.fromEntries(Object.entries(without(throttle, "groupName")).map(([field, limit]) => [field, sizeBytes(limit) ?? limit]));

/** Disks of one group have one limit, so that all of them must say the same one: libvirt refuses others. */
export function throttleGroupProblems(disks: Values): Problem[] {
  const first = new Map<string, { readonly key: string; readonly limits: Values }>();
  return Object.entries(disks).flatMap(([key, disk]) => {
    const throttle = isValues(disk) ? disk["throttle"] : undefined;
    if (!isValues(throttle) || containsUnknown(throttle)) return [];
    const { groupName } = throttle;
    if (typeof groupName !== "string") return [];
    const limits = limitsOf(throttle);
    const other = first.get(groupName);
    if (other === undefined) first.set(groupName, { key, limits });
    if (other === undefined || sameValue(other.limits, limits)) return [];
    const reason = `has other limits than disk ${JSON.stringify(other.key)}, which is in the group ${JSON.stringify(groupName)} too and shares its limit: give both the same, or another \`groupName\`.`;
    return [{ path: propertyPath(["disks", key, "throttle"]), reason }];
  });
}
