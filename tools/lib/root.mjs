// Root where root is needed: as it is, else through sudo, else said plainly.
import { spawnSync } from "node:child_process";
import { chownSync } from "node:fs";
import { which } from "./run.mjs";
import { MissingPart } from "./steps.mjs";

/** Environment variables that must survive sudo for the tools to find the same cache and the same programs. */
const keptVariables = ["PATH", "HOME", "XDG_CACHE_HOME", "KVM_LAB", "LIBVIRT_DEFAULT_URI", "T", "CI"];

export const isRoot = () => process.getuid?.() === 0;

/**
 * The words to put before a command that needs root.
 * @returns {string[]}
 */
export function rootPrefix() {
  if (isRoot()) return [];
  if (!which("sudo")) throw new MissingPart("This needs root, and there is no sudo.", "run it as root, or install sudo.");
  const kept = keptVariables.filter((name) => process.env[name] !== undefined).map((name) => `${name}=${process.env[name]}`);
  return ["sudo", "--", "env", ...kept];
}

/** Starts this very program again through sudo when it does not run as root, and ends with its exit code. Does nothing for root. */
export function becomeRoot() {
  if (isRoot()) return;
  const [command, ...prefix] = rootPrefix();
  const result = spawnSync(String(command), [...prefix, process.execPath, ...process.argv.slice(1)], { stdio: "inherit" });
  process.exit(result.status ?? 1);
}

/**
 * Gives files that we made through sudo to the person who called it.
 * @param {...string} paths
 */
export function giveBack(...paths) {
  const [uid, gid] = [process.env.SUDO_UID, process.env.SUDO_GID].map(Number);
  if (!isRoot() || !uid || gid === undefined || Number.isNaN(gid)) return;
  for (const path of paths) chownSync(path, uid, gid);
}
