// A chain that was looked at -> its elements' facts: what stands, what was answered before, and what a probe domain answers now.
import { BugError } from "../errors";
import { hostErrorCodes } from "../libvirt/codes";
import { askProbe, nameOfTarget, pathQuestion, poolQuestion } from "./ask-probe";
import type { Eyes } from "./eyes";
import type { ProbeQuestion } from "./kept-probes";
import { answeredElement } from "./observe-chain";
import type { ChainStep } from "./observe-chain";
import { answeredBefore } from "./observe-pool";
import type { ChainElement, HostObserver, LookOptions } from "./observer";

type Steps = readonly [ChainStep, ...ChainStep[]];
type OpenStep = Exclude<ChainStep, { element: ChainElement }>;

const isOpen = (step: ChainStep): step is OpenStep => !("element" in step);

/** An open element with the answer of an earlier probe of its pool; any other as it is. */
async function elementBefore({ meet }: Eyes, step: ChainStep, { known, signal }: LookOptions): Promise<ChainStep> {
  if (!isOpen(step) || !("pool" in step.ask) || step.pool === undefined || known === undefined) return step;
  const { platform } = await meet(signal);
  const before = answeredBefore({ name: step.ask.pool, unanswered: step.pool }, known, platform);
  if (before === undefined) return step;
  const { directIo, source, why } = before;
  return { element: answeredElement(step, { directIo, source, why }) };
}

const elementsOf = ([first, ...rest]: Steps, close: (step: OpenStep) => ChainElement): readonly [ChainElement, ...ChainElement[]] => {
  const elementOf = (step: ChainStep) => ("element" in step ? step.element : close(step));
  return [elementOf(first), ...rest.map(elementOf)];
};

const questionOf = ({ ask, pool }: OpenStep): ProbeQuestion =>
  "pool" in ask && pool !== undefined ? poolQuestion(ask.pool, pool) : pathQuestion(nameOfTarget(ask));

async function fromProbe(eyes: Eyes, steps: Steps, options: LookOptions): ReturnType<HostObserver["observeChain"]> {
  const open = steps.filter(isOpen);
  const answers = await askProbe(eyes, open.map(questionOf), options);
  const answerTo = new Map(open.map((step, index) => [step, answers[index]]));
  const [first] = steps;
  // QEMU could not even find it: in no pool, not seen here, and not there for the daemon.
  if (isOpen(first) && "path" in first.ask && answerTo.get(first)?.code === hostErrorCodes.systemError) return undefined;
  const close = (step: OpenStep) => {
    const { directIo, why } = answerTo.get(step) ?? { directIo: "unknown", why: "no probe domain was asked" };
    return answeredElement(step, { directIo, source: "probe domain", why });
  };
  return { facts: elementsOf(steps, close) };
}

export async function completeChain(eyes: Eyes, steps: Steps, options: LookOptions): ReturnType<HostObserver["observeChain"]> {
  if (options.depth === "probe") return fromProbe(eyes, steps, options);
  const [first, ...rest] = await Promise.all(steps.map((step) => elementBefore(eyes, step, options)));
  const looked: Steps = [first ?? steps[0], ...rest];
  const needsProbe = [...new Set(looked.filter(isOpen).map(({ ask }) => nameOfTarget(ask)))];
  if (needsProbe.length > 0) return { needsProbe };
  const close = (): never => {
    throw new BugError("An open element of a backing chain was taken for an answered one.");
  };
  return { facts: elementsOf(looked, close) };
}
