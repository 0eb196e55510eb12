// Asks a host many things, a few at a time: a daemon answers no faster when all of them wait in its queue.

/** Each of these makes up to three calls at once, and the daemon works on four. */
const mostAtOnce = 3;

/** The answers in the order of the items. After a failure nothing more is begun. */
export async function fewAtATime<Item, Answer>(items: readonly Item[], ask: (item: Item) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  const left = items.entries();
  let hasFailed = false;
  const work = async () => {
    for (const [index, item] of left) {
      if (hasFailed) return;
      answers[index] = await ask(item).catch((error: unknown) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: mostAtOnce }, work));
  return answers;
}
