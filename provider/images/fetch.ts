// A source far away -> a part file of this machine that is whole, through cut connections: the loop around one attempt.
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError, ImageError } from "../errors";
import type { PartFile, SourceVersion } from "./part-file";

/** The environment variables that are read: proxies, the place of the cache, and what ssh needs (PATH, SSH_AUTH_SOCK, HOME). */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Waiting and patience, in milliseconds; one place, so that tests need not wait. */
export interface FetchTiming {
  /** Without one byte: the attempt has failed. */
  readonly silenceMs: number;
  /** Before each further attempt; an attempt that brought bytes begins the list anew. */
  readonly retryDelaysMs: readonly number[];
  /** Between looks at what another run or program does. */
  readonly pollMs: number;
}

export const defaultTiming: FetchTiming = { silenceMs: 60_000, retryDelaysMs: [500, 2_000, 5_000, 10_000], pollMs: 300 };

/** However far each of them came: a source that cuts off this often will not be better. */
const mostAttempts = 30;

export interface FetchRequest {
  readonly part: PartFile;
  /** What is in the cache already, if it may be used: the source is asked whether it is still the same. */
  readonly cached: SourceVersion | undefined;
  /** Bytes of an earlier attempt may be kept where only the listing, which is coarse, says that they are of the same file: a checksum follows. */
  readonly hasChecksum: boolean;
  readonly shown: string;
  readonly fileName: string;
  readonly signal: AbortSignal;
  readonly status: (message: string) => void;
  readonly timing: FetchTiming;
}

export type FetchResult =
  | { readonly isUnchanged: true }
  /** The part is whole. `version` is {} where the source tells nothing of it. */
  | { readonly isUnchanged: false; readonly version: SourceVersion };

/** One attempt: goes on from what the part holds, if the source says that this is right; throws FetchFailure. */
export type FetchOnce = (request: FetchRequest) => Promise<FetchResult>;

/** Why an attempt failed. */
export class FetchFailure extends Error {
  override readonly name = "FetchFailure";
  constructor(
    /** A sentence: "the server answered 404 (Not Found)." */
    readonly wrong: string,
    readonly details: {
      readonly wayOut?: string;
      /** Worth another attempt. */
      readonly isTransient: boolean;
      /** As the server asked for. */
      readonly retryAfterMs?: number | undefined;
    },
  ) {
    super(wrong);
  }
}

const imageError = ({ wrong, details: { wayOut } }: FetchFailure, shown: string) =>
  new ImageError(wrong, { doing: "downloading", what: shown, ...(wayOut === undefined ? {} : { wayOut }) });

/** Rejects with CancelledError. */
export async function pause(delayMs: number, signal: AbortSignal, shown: string): Promise<void> {
  await sleep(delayMs, undefined, { signal }).catch(() => {
    throw new CancelledError({ doing: "downloading", what: shown });
  });
}

/** Rejects with ImageError or CancelledError. What was fetched stays in the part. */
export async function fetchWhole(fetchOnce: FetchOnce, request: FetchRequest): Promise<FetchResult> {
  const { part, signal, shown, fileName, status, timing } = request;
  let failures = 0;
  for (let attempt = 1; ; attempt += 1) {
    const bytesBefore = await part.size();
    try {
      signal.throwIfAborted();
      return await fetchOnce(request);
    } catch (error) {
      if (signal.aborted) throw new CancelledError({ doing: "downloading", what: shown });
      if (!(error instanceof FetchFailure)) throw error;
      failures = (await part.size()) > bytesBefore ? 1 : failures + 1;
      const delayMs = timing.retryDelaysMs[failures - 1];
      if (!error.details.isTransient || delayMs === undefined || attempt >= mostAttempts) throw imageError(error, shown);
      status(`downloading ${fileName}: ${error.wrong} Trying again.`);
      await pause(Math.max(delayMs, error.details.retryAfterMs ?? 0), signal, shown);
    }
  }
}
