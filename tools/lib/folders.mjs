// Where things live: the checkout, and the cache outside of it that survives a fresh clone.
import { accessSync, constants, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { MissingPart } from "./steps.mjs";

/** The top folder of the checkout. */
export const repoDir = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** sbin holds the daemons and mount tools, and is not on every user's PATH. */
export function extendPath() {
  process.env.PATH = `${process.env.PATH ?? ""}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`;
}

/**
 * The cache folder: under XDG_CACHE_HOME, else HOME, else /var/cache, the first that can be written.
 * @param {...string} parts subfolders, made when they are not there
 */
export function cacheDir(...parts) {
  const roots = [process.env.XDG_CACHE_HOME, join(process.env.HOME || homedir(), ".cache"), "/var/cache", "/var/tmp"];
  for (const root of roots) {
    if (!root?.startsWith("/")) continue;
    const folder = join(root, "pulumi-kvm");
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
    } catch {
      continue;
    }
    const wanted = join(folder, ...parts);
    mkdirSync(wanted, { recursive: true });
    return wanted;
  }
  throw new MissingPart(
    `No folder for the cache can be written (tried ${roots.filter(Boolean).join(", ")}).`,
    "set XDG_CACHE_HOME to a folder that can be.",
  );
}
