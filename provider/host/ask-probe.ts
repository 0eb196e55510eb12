// Open questions -> one probe domain's answers, by pool name or path.
import { probeByDomain } from "./domain-probe";
import type { ProbeAnswer, ProbeTarget } from "./domain-probe";
import type { Eyes } from "./eyes";
import type { ObserveOptions } from "./observer";

export const nameOfTarget = (target: ProbeTarget) => ("pool" in target ? target.pool : target.path);

export interface ProbeAnswers {
  of(target: ProbeTarget): ProbeAnswer;
}

/** Each target is tried once, however often it is asked for; none at all starts no domain. */
export async function askProbe({ libvirt, meet }: Eyes, targets: readonly ProbeTarget[], options: ObserveOptions): Promise<ProbeAnswers> {
  const { signal, status } = options;
  const unique = [...new Map(targets.map((target) => [nameOfTarget(target), target])).values()];
  const architecture = unique.length === 0 ? "" : (await meet(signal)).platform.architecture;
  const answers = unique.length === 0 ? [] : await probeByDomain(libvirt, { targets: unique, architecture, signal, status });
  const byName = new Map(unique.map((target, index) => [nameOfTarget(target), answers[index]]));
  return { of: (target) => byName.get(nameOfTarget(target)) ?? { directIo: "unknown", why: "no probe domain was asked" } };
}
