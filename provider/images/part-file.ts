// The cache's folder -> the file that this process, and no other, downloads into; what an interrupted run left is taken over.
import type { Stats } from "node:fs";
import { readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** What the source said of the content when it was fetched, by name: etag, last-modified, listing. The same values: the same content. */
export type SourceVersion = Readonly<Record<string, string>>;

export interface PartFile {
  /** Absolute; its last part is of plain letters, digits, dots and dashes. */
  readonly path: string;
  size(): Promise<number>;
  /** Of which version the bytes in it are; undefined: not known, and so of no use. */
  version(): Promise<SourceVersion | undefined>;
  /** Empties it, to begin with this version. */
  restart(version: SourceVersion): Promise<void>;
  /** Leaves it for the next run. */
  release(): Promise<void>;
  remove(): Promise<void>;
}

/** A part that did not grow for so long has lost its owner, whatever the process table says: process numbers are used again. */
const abandonedMs = 10 * 60_000;

/** Parts that this process is at work on: a part with its number that is not among them was left by an earlier process of that number. */
const active = new Set<string>();
let counter = 0;

/** KEY.part.STARTED.PROCESS.COUNTER.HOST; a released part has process 0, which none has. */
interface Owner {
  readonly startedMs: number;
  readonly pid: number;
  readonly host: string;
}

const plainHost = (): string => hostname().replace(/[^A-Za-z0-9-]/g, "-") || "host";
const partName = (key: string, { startedMs, pid, host }: Owner): string => `${key}.part.${startedMs}.${pid}.${(counter += 1)}.${host}`;
const versionPath = (path: string): string => `${path}.version`;

function ownerOf(name: string): Owner | undefined {
  const [, startedMs, pid, host] = /\.part\.(\d+)\.(\d+)\.\d+\.([A-Za-z0-9-]+)$/.exec(name) ?? [];
  return host === undefined ? undefined : { startedMs: Number(startedMs), pid: Number(pid), host };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isAlive(path: string, { pid, host }: Owner, { mtimeMs }: Stats): boolean {
  if (pid === 0 || Date.now() - mtimeMs > abandonedMs) return false;
  if (host !== plainHost()) return true;
  return pid === process.pid ? active.has(path) : isRunning(pid);
}

interface Found {
  readonly path: string;
  readonly bytes: number;
  readonly owner: Owner;
  readonly isAlive: boolean;
}

/** All parts of one image. */
async function findParts(folder: string, key: string): Promise<readonly Found[]> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(`${key}.part.`));
  const found = names.map(async (name): Promise<readonly Found[]> => {
    const [path, owner] = [join(folder, name), ownerOf(name)];
    const info = owner === undefined ? undefined : await stat(path).catch(() => undefined);
    if (owner === undefined || info === undefined) return [];
    return [{ path, bytes: info.size, owner, isAlive: isAlive(path, owner, info) }];
  });
  return (await Promise.all(found)).flat();
}

/** The version's file is moved second: a part without one is begun anew. */
async function move(from: string, to: string): Promise<void> {
  await rename(from, to);
  await rename(versionPath(from), versionPath(to)).catch(() => undefined);
}

const removeBoth = async (path: string): Promise<void> => {
  await Promise.all([path, versionPath(path)].map((each) => rm(each, { force: true })));
};

function ownPart(path: string, folder: string, key: string): PartFile {
  return {
    path,
    size: async () => (await stat(path)).size,
    async version() {
      const text = await readFile(versionPath(path), "utf8").catch(() => undefined);
      return text === undefined ? undefined : parseVersion(text);
    },
    async restart(version) {
      // In this order: a version never stands beside bytes of another.
      await truncate(path, 0);
      await writeFile(versionPath(path), JSON.stringify(version), { mode: 0o600 });
    },
    async release() {
      const { size } = await stat(path);
      if (size > 0) await move(path, join(folder, partName(key, { startedMs: 0, pid: 0, host: "none" })));
      else await removeBoth(path);
      active.delete(path);
    },
    async remove() {
      await removeBoth(path);
      active.delete(path);
    },
  };
}

/** Also the form of a version beside a whole image. */
export function parseVersion(text: string): SourceVersion | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  } catch {
    return undefined;
  }
}

/** Renaming is atomic: of two processes that want the same abandoned part, one gets it. */
async function takeOver(abandoned: readonly Found[], path: string): Promise<boolean> {
  const longest = [...abandoned].sort((one, other) => other.bytes - one.bytes);
  for (const each of longest) {
    const isTaken = await move(each.path, path).then(
      () => true,
      () => false,
    );
    if (!isTaken) continue;
    const now = new Date();
    await utimes(path, now, now);
    return true;
  }
  return false;
}

/**
 * undefined: another process is downloading this image; it is worth waiting for. Two that begin within the same moment may both get a part: each has its own,
 * so that this costs a second download and nothing else.
 */
export async function claimPart(folder: string, key: string): Promise<PartFile | undefined> {
  const parts = await findParts(folder, key);
  if (parts.some((part) => part.isAlive)) return undefined;
  const owner = { startedMs: Date.now(), pid: process.pid, host: plainHost() };
  const path = join(folder, partName(key, owner));
  active.add(path);
  try {
    if (!(await takeOver(parts, path))) await writeFile(path, "", { mode: 0o600, flag: "wx" });
    const part = ownPart(path, folder, key);
    const others = (await findParts(folder, key)).filter((other) => other.path !== path);
    if (!others.some((other) => other.isAlive && isOlder(other, path, owner))) return part;
    await part.release();
    return undefined;
  } catch (error) {
    active.delete(path);
    throw error;
  }
}

const isOlder = (other: Found, path: string, { startedMs }: Owner): boolean =>
  other.owner.startedMs === startedMs ? other.path < path : other.owner.startedMs < startedMs;

/** What is left of other downloads of this image, once one is whole. */
export async function removeAbandonedParts(folder: string, key: string): Promise<void> {
  const parts = await findParts(folder, key);
  await Promise.all(parts.filter((part) => !part.isAlive).map((part) => removeBoth(part.path)));
}
