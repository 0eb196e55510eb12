// A source far away -> a whole, verified file in the cache: what is there already is used, what was interrupted goes on, two runs do not fetch twice.
import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ImageError } from "../errors";
import type { Digests } from "./digest-file";
import type { FetchOnce, FetchRequest, FetchTiming } from "./fetch";
import { fetchWhole, pause } from "./fetch";
import type { Checksum } from "./image-source";
import type { KnownDigests } from "./known-digests";
import type { OpenRequest } from "./local-image";
import { asImageError, checksumMismatch, digestsOf } from "./local-image";
import type { PartFile, SourceVersion } from "./part-file";
import { claimPart, parseVersion, removeAbandonedParts } from "./part-file";

export interface RemoteRequest {
  readonly fetchOnce: FetchOnce;
  /** What the content is named by when there is no checksum: the whole URL. Only a digest of it is written down. */
  readonly address: string;
  readonly shown: string;
  readonly fileName: string;
  readonly checksum: Checksum | undefined;
  /** The cache's folder. */
  readonly folder: string;
  readonly knownDigests: KnownDigests;
  readonly signal: AbortSignal;
  readonly status: (message: string) => void;
  readonly timing: FetchTiming;
}

interface Entry {
  readonly key: string;
  /** Holds a whole image, or is not there. */
  readonly imagePath: string;
  /** What the source said of it. */
  readonly versionPath: string;
}

/** The same content from another address (a mirror, a signed URL of today) is the same image where the checksum says so. */
function entryOf({ checksum, address, folder }: RemoteRequest): Entry {
  const name = checksum === undefined ? address : `${checksum.algorithm}:${checksum.hex.toLowerCase()}`;
  const key = createHash("sha256").update(name).digest("hex").slice(0, 32);
  return { key, imagePath: join(folder, `${key}.image`), versionPath: join(folder, `${key}.version`) };
}

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isFile(),
    () => false,
  );

async function digestsOfPath(path: string, request: RemoteRequest): Promise<Digests> {
  const { shown, fileName, checksum, knownDigests, signal, status } = request;
  const file = await open(path, "r");
  try {
    const wanted: OpenRequest = { path, shown, fileName, checksum, format: undefined, knownDigests, signal, status };
    return await digestsOf(file, await file.stat({ bigint: true }), wanted);
  } finally {
    await file.close();
  }
}

/** With a checksum, what is in the cache needs no question to the source; it is read again if somebody touched it, and dropped if it does not fit. */
async function isWholeInCache({ imagePath }: Entry, request: RemoteRequest): Promise<boolean> {
  const { checksum } = request;
  if (checksum === undefined || !(await isThere(imagePath))) return false;
  const digests = await digestsOfPath(imagePath, request);
  if (digests[checksum.algorithm] === checksum.hex.toLowerCase()) return true;
  await rm(imagePath, { force: true });
  return false;
}

async function cachedVersion({ imagePath, versionPath }: Entry, { checksum }: RemoteRequest): Promise<SourceVersion | undefined> {
  if (checksum !== undefined || !(await isThere(imagePath))) return undefined;
  const text = await readFile(versionPath, "utf8").catch(() => undefined);
  return text === undefined ? undefined : parseVersion(text);
}

async function flush(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Only from here on is it an image: complete, verified and on the disk before it has its name. */
async function publish(part: PartFile, entry: Entry, version: SourceVersion, digests: Digests, request: RemoteRequest): Promise<void> {
  await flush(part.path);
  // A version never stands beside an image of another.
  await rm(entry.versionPath, { force: true });
  await rename(part.path, entry.imagePath);
  await flush(dirname(entry.imagePath));
  await writeFile(entry.versionPath, JSON.stringify(version), { mode: 0o600 });
  await part.remove();
  await request.knownDigests.remember(entry.imagePath, await stat(entry.imagePath, { bigint: true }), digests, { isOurs: true });
  await removeAbandonedParts(request.folder, entry.key);
}

const mismatchWayOut =
  "What was downloaded is removed. If the image at the source is a new one, take its checksum from its publisher; else ask who keeps the source.";

/** Fetches into the part and verifies. Returns what to publish; undefined: the cached image is still the source's. */
async function fetchVerified(part: PartFile, cached: SourceVersion | undefined, request: RemoteRequest) {
  const { checksum, shown, fileName, signal, status, timing, fetchOnce } = request;
  const fetchRequest: FetchRequest = { part, cached, hasChecksum: checksum !== undefined, shown, fileName, signal, status, timing };
  for (;;) {
    const wasBegun = (await part.size()) > 0;
    const result = await fetchWhole(fetchOnce, fetchRequest);
    if (result.isUnchanged) return undefined;
    const digests = await digestsOfPath(part.path, request);
    if (checksum === undefined || digests[checksum.algorithm] === checksum.hex.toLowerCase()) return { version: result.version, digests };
    await part.restart({});
    // The bytes of an earlier run may be what is wrong: those are not given a second chance, the source is.
    if (!wasBegun) throw checksumMismatch(shown, "downloading", checksum, digests[checksum.algorithm], mismatchWayOut);
    status(`downloading ${fileName}: what an earlier run left does not fit. Starting over.`);
  }
}

const diskFailures: readonly string[] = ["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM"];

function inOurWords(error: unknown, { shown, folder, signal }: RemoteRequest): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (signal.aborted || code === undefined || !diskFailures.includes(code)) return asImageError(error, shown, signal, "downloading");
  const wayOut = `Make room in ${folder} and let the user that runs Pulumi write to it, or have the cache elsewhere with XDG_CACHE_HOME.`;
  return new ImageError(`it cannot be kept: ${message}.`, { doing: "downloading", what: shown, wayOut });
}

async function download(part: PartFile, entry: Entry, request: RemoteRequest): Promise<void> {
  try {
    const fetched = await fetchVerified(part, await cachedVersion(entry, request), request);
    if (fetched === undefined) await part.remove();
    else await publish(part, entry, fetched.version, fetched.digests, request);
  } catch (error) {
    // A full disk is given back; what a cut connection brought is for the next run.
    const isFull = ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
    await (isFull ? part.remove() : part.release()).catch(() => undefined);
    throw error;
  }
}

/** The path of the whole image in the cache. Rejects with ImageError or CancelledError. One call at a time for an address in this process. */
export async function ensureInCache(request: RemoteRequest): Promise<string> {
  const { folder, signal, shown, fileName, status, timing } = request;
  const entry = entryOf(request);
  try {
    // Images may be private.
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (;;) {
      if (await isWholeInCache(entry, request)) return entry.imagePath;
      const part = await claimPart(folder, entry.key);
      if (part !== undefined) {
        await download(part, entry, request);
        return entry.imagePath;
      }
      status(`downloading ${fileName}: waiting for another run that downloads it.`);
      await pause(timing.pollMs, signal, shown);
    }
  } catch (error) {
    throw inOurWords(error, request);
  }
}

/** By what calls in this process wait for each other. */
export const cacheKey = (request: RemoteRequest): string => entryOf(request).imagePath;
