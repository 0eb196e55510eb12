// The effective disks at apply: those that check worked out, else worked out now, when the host may be touched.
import { RefusedError, BugError } from "../../errors";
import type { Call } from "../resource";
import { atSeed, seedPlaceProblems } from "./cloud-init";
import type { CheckedInputs } from "./contract";
import type { EffectiveDisks } from "./domain-plan";
import { resolveDisks } from "./effective-disks";

export async function settledDisks(inputs: CheckedInputs, previous: EffectiveDisks | undefined, call: Call): Promise<EffectiveDisks> {
  const { services, signal, log } = call;
  if (inputs.effectiveDisks !== undefined) return inputs.effectiveDisks;
  log.status("looking at the storage of the disks");
  const resolution = await resolveDisks({
    inputs,
    previous,
    services,
    observe: { depth: "probe", signal, status: (message) => log.status(message) },
  });
  if ("problems" in resolution) throw new RefusedError(atSeed(resolution.problems, inputs));
  if ("unresolved" in resolution) throw new BugError(`The disks stayed unresolved at apply: ${resolution.unresolved.join("; ")}.`);
  const misplaced = seedPlaceProblems(resolution.effective, inputs);
  if (misplaced.length > 0) throw new RefusedError(misplaced);
  for (const warning of resolution.warnings) log.warn(warning);
  return resolution.effective;
}
