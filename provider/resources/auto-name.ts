// Names for resources whose program gives none: the engine's proposal, else the resource's name and a random suffix from the engine's seed.
import { createHash } from "node:crypto";
import { RefusedError } from "../errors";
import type { CheckRequest } from "./resource";

/** Hexadecimal digits of the suffix, as Pulumi's own providers have it. */
const suffixLength = 7;

export interface AutoNameRequest {
  readonly resourceName: string;
  readonly proposal: CheckRequest["autoName"];
  readonly randomSeed: Uint8Array;
}

export function autoName({ resourceName, proposal, randomSeed }: AutoNameRequest): string {
  if (proposal === "disabled") {
    throw new RefusedError([
      { path: "name", reason: "is required, because automatic naming is disabled for this project (pulumi:autonaming)." },
    ]);
  }
  if (proposal !== undefined) return proposal.proposed;
  const suffix = createHash("sha256").update(randomSeed).digest("hex").slice(0, suffixLength);
  return `${resourceName}-${suffix}`;
}
