// Open questions -> the answers of one probe domain, of this run's or a new one.
import { probeByDomain } from "./domain-probe";
import type { ProbeAnswer, ProbeTarget } from "./domain-probe";
import type { Eyes } from "./eyes";
import type { ProbeQuestion } from "./kept-probes";
import type { StorageKindFacts } from "./local-storage";
import type { LookOptions } from "./observer";

export const nameOfTarget = (target: ProbeTarget) => ("pool" in target ? target.pool : target.path);

/** A pool is asked for by its name, and its answer holds while its folder and what is known of its storage are the same. */
export const poolQuestion = (
  pool: string,
  { path, kind, fileSystem, ...rest }: StorageKindFacts & { readonly type: string },
): ProbeQuestion => ({
  target: { pool },
  path,
  holdsFor: JSON.stringify([rest.type, kind, fileSystem]),
});

export const pathQuestion = (path: string): ProbeQuestion => ({ target: { path }, path, holdsFor: "" });

/** One answer a question, in order. Each is tried once, however often it is asked for; none at all starts no domain. */
export async function askProbe(
  { libvirt, meet, probes }: Eyes,
  questions: readonly ProbeQuestion[],
  { signal, status, afresh }: LookOptions,
): Promise<readonly ProbeAnswer[]> {
  if (questions.length === 0) return [];
  const { architecture } = (await meet(signal)).platform;
  const probe = (open: readonly ProbeQuestion[]) =>
    probeByDomain(libvirt, { targets: open.map(({ target }) => target), architecture, signal, status });
  return probes.ask(questions, probe, { afresh });
}
