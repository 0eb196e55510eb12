// One attempt at an http or https source: goes on where the part ends, as far as the server vouches for it.
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import type { Environment, FetchOnce, FetchRequest, FetchResult } from "./fetch";
import { FetchFailure } from "./fetch";
import type { HttpAnswer } from "./http-client";
import { createHttpClient } from "./http-client";
import { networkFailure, statusFailure } from "./http-failures";
import type { SourceVersion } from "./part-file";
import { reportProgress } from "./progress";
import type { HttpLocation } from "./source-location";

type Headers = Readonly<Record<string, string>>;

/** Compressed on the way, bytes could not be counted nor ranges be asked for. */
const always: Headers = { "accept-encoding": "identity", "user-agent": "pulumi-kvm" };

function versionOf({ headers }: HttpAnswer): SourceVersion {
  const { etag, "last-modified": lastModified } = headers;
  return {
    ...(typeof etag === "string" ? { etag } : {}),
    ...(typeof lastModified === "string" ? { lastModified } : {}),
  };
}

/** A weak ETag may be the same for other bytes, so that it says nothing of ranges. https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5 */
const rangeValidator = ({ etag, lastModified }: SourceVersion): string | undefined =>
  etag === undefined ? lastModified : etag.startsWith("W/") ? undefined : etag;

async function rangeHeaders({ part }: FetchRequest): Promise<Headers> {
  const [bytes, version] = [await part.size(), await part.version()];
  const validator = bytes === 0 || version === undefined ? undefined : rangeValidator(version);
  return validator === undefined ? {} : { range: `bytes=${bytes}-`, "if-range": validator };
}

/** The server answers 304 where nothing has changed. */
function conditionHeaders({ cached }: FetchRequest): Headers {
  const { etag, lastModified } = cached ?? {};
  if (etag !== undefined) return { "if-none-match": etag };
  return lastModified === undefined ? {} : { "if-modified-since": lastModified };
}

/** "bytes 100-199/200", "bytes *\/200" */
function contentRange({ headers }: HttpAnswer): { readonly first?: number; readonly totalBytes?: number } {
  const { "content-range": text } = headers;
  const [, first, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(typeof text === "string" ? text : "") ?? [];
  return {
    ...(first === undefined ? {} : { first: Number(first) }),
    ...(total === undefined || total === "*" ? {} : { totalBytes: Number(total) }),
  };
}

/** Where the body belongs, and how long the whole is. */
interface Placed {
  readonly offset: number;
  readonly totalBytes: number | undefined;
}

const cutOff = () => new FetchFailure("the connection was cut off.", { isTransient: true });

/** 206: the rest; 200: all of it, whatever the part holds. */
async function place(answer: HttpAnswer, { part }: FetchRequest): Promise<Placed> {
  if (answer.statusCode === 206) {
    const { first, totalBytes } = contentRange(answer);
    if (first === (await part.size())) return { offset: first, totalBytes };
    await part.restart({});
    throw new FetchFailure("the server sent another part than the one that was asked for.", { isTransient: true });
  }
  await part.restart(versionOf(answer));
  const length = answer.headers["content-length"];
  return { offset: 0, totalBytes: typeof length === "string" ? Number(length) : undefined };
}

async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, offset + written);
    written += bytesWritten;
  }
}

async function save(answer: HttpAnswer, { offset, totalBytes }: Placed, { part, fileName, status }: FetchRequest): Promise<void> {
  const progress = reportProgress(`downloading ${fileName}`, status);
  const file = await open(part.path, "r+");
  let end = offset;
  try {
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      await writeAll(file, chunk, end);
      end += chunk.length;
      progress(end, totalBytes);
    }
  } finally {
    await file.close();
  }
  if (totalBytes !== undefined && end < totalBytes) throw cutOff();
}

/** 416: nothing lies behind what is here. Either it is all of it, or it is not what the server has. */
async function isAllHere(answer: HttpAnswer, { part }: FetchRequest): Promise<boolean> {
  await answer.body.dump();
  return contentRange(answer).totalBytes === (await part.size());
}

async function receive(answer: HttpAnswer, request: FetchRequest): Promise<FetchResult> {
  const { part } = request;
  if (answer.statusCode === 304 && request.cached !== undefined) {
    await answer.body.dump();
    return { isUnchanged: true };
  }
  if (answer.statusCode === 416) {
    if (await isAllHere(answer, request)) return { isUnchanged: false, version: (await part.version()) ?? {} };
    await part.restart({});
    throw new FetchFailure("what an earlier run left is not a part of what the server has.", { isTransient: true });
  }
  if (answer.statusCode !== 200 && answer.statusCode !== 206) {
    await answer.body.dump();
    throw statusFailure(answer.statusCode, answer.headers["retry-after"]);
  }
  await save(answer, await place(answer, request), request);
  return { isUnchanged: false, version: (await part.version()) ?? {} };
}

export function fetchHttpOnce({ url }: HttpLocation, env: Environment): FetchOnce {
  return async (request) => {
    const { hasChecksum, signal, timing } = request;
    const client = createHttpClient({ env, silenceMs: timing.silenceMs, mayLeaveTls: hasChecksum });
    try {
      const range = await rangeHeaders(request);
      // Not both: a server would answer 304 to a question about the whole while we ask for the rest.
      const condition = "range" in range ? {} : conditionHeaders(request);
      return await receive(await client.get(url, { ...always, ...range, ...condition }, signal), request);
    } catch (error) {
      throw signal.aborted ? error : (networkFailure(error) ?? error);
    } finally {
      await client.close();
    }
  };
}
