// Keeps an answer that many resources ask for at the same time: one asks the host, the others wait for what it hears.

export type AskOnce<Answer> = (ask: () => Promise<Answer>) => Promise<Answer>;

/**
 * One question at a time; the first answer that `mayKeep` is kept. A question that fails, or has an answer that is not kept, answers nobody but its asker:
 * the next one asks anew.
 */
export function createAskOnce<Answer>(mayKeep: (answer: Answer) => boolean = () => true): AskOnce<Answer> {
  let kept: { readonly answer: Answer } | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return (ask) => {
    const mine = last.then(async () => {
      if (kept !== undefined) return kept.answer;
      const answer = await ask();
      if (mayKeep(answer)) kept = { answer };
      return answer;
    });
    last = mine.catch(() => undefined);
    return mine;
  };
}
