// Keeps in the cache what a recipe made, under a key of the recipe's own files: the same one is built once, another one is another guest.
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { cacheDir, repoDir } from "../lib/folders.mjs";

const KEY_CHARS = 12;
const READABLE_BY_ALL = 0o644;

export const guestDir = join(repoDir, "tools", "guest");

/**
 * Where the guest of this very recipe lies, or will.
 * @param {string} kind folder of the cache
 * @param {readonly string[]} recipe files and folders of tools/guest
 */
export function guestFolder(kind, recipe) {
  const hash = createHash("sha256");
  for (const name of recipe.flatMap(filesOf).sort()) hash.update(`${name}\0`).update(readFileSync(join(guestDir, name)));
  return join(cacheDir(kind), hash.digest("hex").slice(0, KEY_CHARS));
}

/**
 * @param {string} name
 * @returns {string[]}
 */
function filesOf(name) {
  const path = join(guestDir, name);
  return statSync(path).isDirectory() ? readdirSync(path).flatMap((inner) => filesOf(join(name, inner))) : [name];
}

/**
 * Builds into a folder of the cache, all or nothing.
 * @param {string} folder
 * @param {(work: string, out: string) => Promise<void>} build gets a folder to work in, and the one for what is kept
 */
export async function fillFolder(folder, build) {
  const work = mkdtempSync(join(dirname(folder), `build-${basename(folder)}-`));
  const out = join(work, "out");
  try {
    mkdirSync(out);
    await build(work, out);
    for (const name of readdirSync(out)) chmodSync(join(out, name), READABLE_BY_ALL);
    rmSync(folder, { recursive: true, force: true });
    renameSync(out, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
