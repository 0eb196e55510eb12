// Names for resources whose program gives none: the engine's proposal, else the resource's name and a random suffix from the engine's seed.
import { createHash } from "node:crypto";
import type { Problem } from "../errors";
import type { CheckRequest, Values } from "./resource";

/** Hexadecimal digits of the suffix, as Pulumi's own providers have it. */
const suffixLength = 7;

export interface AutoNameRequest {
  readonly resourceName: string;
  readonly proposal: CheckRequest["autoName"];
  readonly randomSeed: Uint8Array;
}

/** Characters that libvirt takes in no name; a resource's name may hold them. */
const notInNames = /[/\n]/g;

export function autoName({
  resourceName,
  proposal,
  randomSeed,
}: AutoNameRequest): { readonly name: string } | { readonly problem: Problem } {
  if (proposal === "disabled") {
    const reason = "is required, because automatic naming is disabled for this project (pulumi:autonaming).";
    return { problem: { path: "name", reason } };
  }
  if (proposal !== undefined) return { name: proposal.proposed };
  const suffix = createHash("sha256").update(randomSeed).digest("hex").slice(0, suffixLength);
  return { name: `${resourceName.replace(notInNames, "-")}-${suffix}` };
}

/** `name` as the program has it, or as it was, or a new one; and what is wrong where there can be none. */
export function givenOrAutoName({ news, olds, resourceName, autoName: proposal, randomSeed }: CheckRequest): {
  readonly name: Values;
  readonly problems: readonly Problem[];
} {
  const given = news["name"] ?? olds?.["name"];
  if (given !== undefined) return { name: { name: given }, problems: [] };
  const made = autoName({ resourceName, proposal, randomSeed });
  return "problem" in made ? { name: {}, problems: [made.problem] } : { name: { name: made.name }, problems: [] };
}
