// Keeps what probe domains told in this run of the provider: many disks lie in one pool, and one domain tells of all.
import type { ProbeAnswer, ProbeTarget } from "./domain-probe";

/** What a probe is asked: of which target, and what its answer holds for besides it (the pool's type and storage). */
export interface ProbeQuestion {
  readonly target: ProbeTarget;
  /** The path that it is about: a pool's folder, an image. */
  readonly path: string;
  /** An answer is heard again only for equal words. */
  readonly holdsFor: string;
}

export interface KeptProbes {
  /** One answer a question, in order. `probe` gets the questions that no answer is kept of. One probe at a time: whoever comes later hears what it said. */
  ask(
    questions: readonly ProbeQuestion[],
    probe: (open: readonly ProbeQuestion[]) => Promise<readonly ProbeAnswer[]>,
    options: { readonly afresh?: boolean | undefined },
  ): Promise<readonly ProbeAnswer[]>;
  /** Drops the answers that concern the path; all of them without one. */
  forget(path?: string): void;
}

const isUnder = (path: string, folder: string) => path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
const keyOf = ({ target, path, holdsFor }: ProbeQuestion) => JSON.stringify([target, path, holdsFor]);

interface Kept {
  readonly path: string;
  readonly answer: ProbeAnswer;
}

const unanswered: ProbeAnswer = { directIo: "unknown", why: "no probe domain was asked" };

export function createKeptProbes(): KeptProbes {
  const kept = new Map<string, Kept>();
  let last: Promise<unknown> = Promise.resolve();
  return {
    ask: (questions, probe, { afresh = false }) => {
      const mine = last.then(async () => {
        const open = [...new Map(questions.filter((each) => afresh || !kept.has(keyOf(each))).map((each) => [keyOf(each), each])).values()];
        const answers = open.length === 0 ? [] : await probe(open);
        const fresh = new Map(open.map((each, index) => [keyOf(each), { path: each.path, answer: answers[index] ?? unanswered }]));
        // "Unknown" may be this moment's trouble: whoever asks next has it tried again.
        for (const [key, entry] of fresh) {
          if (entry.answer.directIo === "unknown") kept.delete(key);
          else kept.set(key, entry);
        }
        return questions.map((each) => (fresh.get(keyOf(each)) ?? kept.get(keyOf(each)))?.answer ?? unanswered);
      });
      last = mine.catch(() => undefined);
      return mine;
    },
    forget: (path) => {
      for (const [key, entry] of kept) {
        if (path === undefined || isUnder(path, entry.path) || isUnder(entry.path, path)) kept.delete(key);
      }
    },
  };
}
