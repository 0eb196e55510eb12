// Digests of files that were read before: an unchanged file of many gigabytes is not read again for a preview or a second run.
import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Algorithm, Digests } from "./digest-file";

/** Smaller files are read again: that is as quick as looking up what is known of them. */
const leastBytes = 4 * 1024 * 1024;
/** A change within the same tick of the file system's clock leaves the times as they are; what was changed this lately is not remembered. */
const settledNs = 1_000_000_000n;

/** The same text: the same file with the same content, as far as the file system can tell. */
export const fileIdentity = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string => [dev, ino, size, mtimeNs, ctimeNs].join(" ");

/** Weaker: stays as it is when the file is renamed, linked or unlinked while it is open. */
export const contentStamp = ({ dev, ino, size, mtimeNs }: BigIntStats): string => [dev, ino, size, mtimeNs].join(" ");

export interface KnownDigests {
  /** undefined: not known, or without the algorithm that is asked for. */
  find(path: string, stats: BigIntStats, algorithm: Algorithm): Promise<Digests | undefined>;
  /** `isOurs`: nobody else writes the file, so that it may be remembered however new it is. Failures are ignored: then it is read again. */
  remember(path: string, stats: BigIntStats, digests: Digests, options?: { readonly isOurs: boolean }): Promise<void>;
}

/** `folder`: holds one small file for each image that was read; made when it is needed. */
export function createKnownDigests(folder: string): KnownDigests {
  const recordOf = (path: string) => join(folder, `${createHash("sha256").update(path).digest("hex").slice(0, 32)}.json`);
  return {
    async find(path, stats, algorithm) {
      const text = await readFile(recordOf(path), "utf8").catch(() => undefined);
      const record = text === undefined ? undefined : parseRecord(text);
      if (record?.identity !== fileIdentity(stats)) return undefined;
      return record.digests[algorithm] === undefined ? undefined : record.digests;
    },
    async remember(path, stats, digests, { isOurs } = { isOurs: false }) {
      const isSettled = BigInt(Date.now()) * 1_000_000n - stats.ctimeNs > settledNs;
      if (stats.size < leastBytes || !(isOurs || isSettled)) return;
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const draft = `${recordOf(path)}.${process.pid}`;
        await writeFile(draft, JSON.stringify({ identity: fileIdentity(stats), digests }), { mode: 0o600 });
        await rename(draft, recordOf(path));
      } catch {
        // A home that may not be written to costs time, and nothing else.
      }
    },
  };
}

const isDigest = (value: unknown, digits: number): value is string =>
  typeof value === "string" && /^[0-9a-f]+$/.test(value) && value.length === digits;

function parseRecord(text: string): { readonly identity: string; readonly digests: Digests } | undefined {
  try {
    const { identity, digests } = JSON.parse(text) as { identity?: unknown; digests?: { sha256?: unknown; sha512?: unknown } };
    const { sha256, sha512 } = digests ?? {};
    if (typeof identity !== "string" || !isDigest(sha256, 64)) return undefined;
    return { identity, digests: { sha256, sha512: isDigest(sha512, 128) ? sha512 : undefined } };
  } catch {
    return undefined;
  }
}
