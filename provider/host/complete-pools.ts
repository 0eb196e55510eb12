// Pools that were looked at -> their facts: what stands, what was answered before, and what a probe domain answers now.
import type { PoolFacts } from "../plan/facts";
import { askProbe, poolQuestion } from "./ask-probe";
import type { Eyes } from "./eyes";
import { answeredBefore, withProbeAnswer } from "./observe-pool";
import type { PoolLook, UnansweredPool } from "./observe-pool";
import { probeIsDue } from "./observer";
import type { Observation, LookOptions } from "./observer";

type Facts = Readonly<Record<string, PoolFacts>>;
type OpenLook = Extract<PoolLook, { readonly unanswered: UnansweredPool }>;

const notAsked = (unanswered: UnansweredPool): PoolFacts => ({ ...unanswered, directIo: "unknown", source: "not asked", why: probeIsDue });

async function fromKnown({ meet }: Eyes, open: readonly OpenLook[], options: LookOptions): Promise<Observation<Facts>> {
  const { known, signal, withoutProbe } = options;
  if (open.length === 0) return { facts: {} };
  const { platform } = await meet(signal);
  const before = open.map((look) => ({
    name: look.name,
    facts: answeredBefore(look, known, platform) ?? (withoutProbe === "unknown" ? notAsked(look.unanswered) : undefined),
  }));
  const needsProbe = before.filter(({ facts }) => facts === undefined).map(({ name }) => name);
  if (needsProbe.length > 0) return { needsProbe };
  return { facts: Object.fromEntries(before.flatMap(({ name, facts }) => (facts === undefined ? [] : [[name, facts]]))) };
}

async function fromProbe(eyes: Eyes, open: readonly OpenLook[], options: LookOptions): Promise<Observation<Facts>> {
  const questions = open.map(({ name, unanswered }) => poolQuestion(name, unanswered));
  const answers = await askProbe(eyes, questions, options);
  return {
    facts: Object.fromEntries(
      open.flatMap(({ name, unanswered }, index) => {
        const answer = answers[index];
        return answer === undefined ? [] : [[name, withProbeAnswer(unanswered, answer)]];
      }),
    ),
  };
}

export async function completePools(eyes: Eyes, looks: readonly PoolLook[], options: LookOptions): Promise<Observation<Facts>> {
  const stand = looks.flatMap((look) => ("facts" in look ? [[look.name, look.facts] as const] : []));
  const open = looks.filter((look) => "unanswered" in look);
  const answered = options.depth === "look" ? await fromKnown(eyes, open, options) : await fromProbe(eyes, open, options);
  return "needsProbe" in answered ? answered : { facts: { ...Object.fromEntries(stand), ...answered.facts } };
}
