// Keeps an answer that many resources ask for at the same time: one asks the host, the others wait for what it hears.

/** One question at a time; the first answer is kept. A question that fails answers nobody but its asker: the next one asks anew. */
export function createAskOnce<Answer>(): (ask: () => Promise<Answer>) => Promise<Answer> {
  let kept: { readonly answer: Answer } | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return (ask) => {
    const mine = last.then(async () => {
      kept ??= { answer: await ask() };
      return kept.answer;
    });
    last = mine.catch(() => undefined);
    return mine;
  };
}
