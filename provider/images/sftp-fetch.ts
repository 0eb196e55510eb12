// One attempt at an sftp source: a listing tells what is there, then the file, or its rest, is fetched in the same connection.
import { basename, dirname } from "node:path";
import type { Environment, FetchOnce, FetchRequest, FetchResult } from "./fetch";
import { FetchFailure } from "./fetch";
import type { SourceVersion } from "./part-file";
import { reportProgress } from "./progress";
import type { SftpProgram } from "./sftp-program";
import { quoted, startSftp } from "./sftp-program";
import type { SftpLocation } from "./source-location";

/** A line of `ls -ln`, as the program itself makes it from the file's attributes. */
interface Listing {
  readonly kind: "file" | "link" | "other";
  readonly sizeBytes: number;
  /** Size and time, as they are printed. */
  readonly version: SourceVersion;
}

const kinds: Readonly<Record<string, Listing["kind"]>> = { "-": "file", l: "link" };

/** -rw-r--r--    ? 0        0            1234 Aug  1 10:00 /images/debian.qcow2 */
const listingPattern = /^([-dlbcps])\S{9,10}\s+\S+\s+\S+\s+\S+\s+(\d+)\s+(\S+\s+\S+\s+\S+)\s/;

export function parseListing(line: string): Listing | undefined {
  const [, type = "", size, time] = listingPattern.exec(line) ?? [];
  if (size === undefined || time === undefined) return undefined;
  return { kind: kinds[type] ?? "other", sizeBytes: Number(size), version: { listing: `${size} ${time.replace(/\s+/g, " ")}` } };
}

/** What is known of the source; a link's own size and time say nothing of the file behind it. */
const versionOf = ({ kind, version }: Listing): SourceVersion => (kind === "link" ? {} : version);

const isSame = (one: SourceVersion | undefined, other: SourceVersion): boolean =>
  one?.["listing"] !== undefined && one["listing"] === other["listing"];

/** The size and the minute of the last change are too little to trust bytes by, unless a checksum follows. */
async function mayResume({ part, hasChecksum }: FetchRequest, listing: Listing): Promise<boolean> {
  const bytes = await part.size();
  return hasChecksum && bytes > 0 && bytes <= listing.sizeBytes && isSame(await part.version(), versionOf(listing));
}

/** Says what is to be done once the source is known. Returns whether that is nothing. */
async function ask(program: SftpProgram, listing: Listing, { path }: SftpLocation, request: FetchRequest): Promise<boolean> {
  const { part, cached } = request;
  if (listing.kind === "other")
    throw new FetchFailure(`${path} is no regular file.`, { wayOut: "Name an image file.", isTransient: false });
  const isUnchanged = cached !== undefined && isSame(cached, versionOf(listing));
  if (!isUnchanged) {
    const isResumed = await mayResume(request, listing);
    if (!isResumed) await part.restart(versionOf(listing));
    program.command(`${isResumed ? "reget" : "get"} ${quoted(path)} ${quoted(basename(part.path))}`);
  }
  program.finish();
  return isUnchanged;
}

export function fetchSftpOnce(location: SftpLocation, env: Environment): FetchOnce {
  return async (request): Promise<FetchResult> => {
    const { part, fileName, status, signal, timing } = request;
    const progress = reportProgress(`downloading ${fileName}`, status);
    let listing: Listing | undefined;
    let asked: Promise<boolean> | undefined;
    const program = startSftp({
      location,
      folder: dirname(part.path),
      env,
      signal,
      silenceMs: timing.silenceMs,
      pollMs: timing.pollMs,
      async activity() {
        const bytes = await part.size();
        if (listing !== undefined) progress(bytes, listing.kind === "file" ? listing.sizeBytes : undefined);
        return bytes;
      },
      onLine(line) {
        if (asked !== undefined || line.startsWith("sftp>")) return;
        listing = parseListing(line);
        if (listing === undefined) return;
        asked = ask(program, listing, location, request);
        asked.catch(() => program.finish());
      },
    });
    program.command(`ls -ln ${quoted(location.path)}`);
    await program.ended;
    if (asked === undefined || listing === undefined) throw new FetchFailure("the server lists no such file.", { isTransient: false });
    if (await asked) return { isUnchanged: true };
    const bytes = await part.size();
    if (listing.kind === "file" && bytes < listing.sizeBytes) throw new FetchFailure("the download ended early.", { isTransient: true });
    return { isUnchanged: false, version: versionOf(listing) };
  };
}
