// An iSCSI server inside a private host: one target behind a CHAP account, with as many disks as are asked for.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attemptInside, runInside, runsAll, waitUntil } from "./inside.mjs";
import { requirePart } from "./parts.mjs";

const BYTES_PER_MIB = 1024 * 1024;
const DEFAULT_SIZE_MIB = 256;
const PORT = 3260;
const TARGET = "iqn.2026-01.dev.pulumi-kvm:lab";
/** The number by which tgtadm knows the target. */
const TARGET_ID = "1";
const USER = "lab";
/** In hexadecimal digits 16 characters, as many as the strictest initiators allow at most. */
const PASSWORD_BYTES = 8;
const READY_TIMEOUT_MS = 10_000;

/**
 * What an initiator needs to know.
 * @typedef {object} IscsiAccess
 * @property {string} portal address of the server, reachable from inside the host only
 * @property {number} port
 * @property {string} target
 * @property {number} lun
 * @property {string} user
 * @property {string} password
 */

/**
 * Starts the server, unless it runs already, and gives it the disk, unless it has it already (of whatever size).
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {number} nsPid
 * @param {{ sizeMiB?: number | undefined, lun?: number | undefined }} options
 * @returns {Promise<IscsiAccess>}
 */
export async function iscsiUp(files, nsPid, { sizeMiB = DEFAULT_SIZE_MIB, lun = 1 }) {
  requirePart("iscsi");
  const dir = join(files.dir, "iscsi");
  const passwordFile = join(dir, "password");
  if (!runsAll(nsPid, ["tgtd"])) {
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir);
    await startServer(nsPid, passwordFile);
  }
  const image = join(dir, `lun-${lun}.img`);
  if (!existsSync(image)) {
    writeFileSync(image, "");
    truncateSync(image, sizeMiB * BYTES_PER_MIB);
    admin(nsPid, "logicalunit", "new", "--tid", TARGET_ID, "--lun", String(lun), "--backing-store", image);
  }
  const password = readFileSync(passwordFile, "utf8");
  return { portal: "127.0.0.1", port: PORT, target: TARGET, lun, user: USER, password };
}

/**
 * @param {number} nsPid
 * @param {string} passwordFile
 */
async function startServer(nsPid, passwordFile) {
  runInside(nsPid, "tgtd", ["--iscsi", `portal=127.0.0.1:${PORT}`]);
  const answers = () => attemptInside(nsPid, "tgtadm", ["--lld", "iscsi", "--mode", "sys", "--op", "show"]).code === 0;
  await waitUntil("tgtd to answer", answers, READY_TIMEOUT_MS);
  const password = randomBytes(PASSWORD_BYTES).toString("hex");
  admin(nsPid, "target", "new", "--tid", TARGET_ID, "--targetname", TARGET);
  admin(nsPid, "account", "new", "--user", USER, "--password", password);
  admin(nsPid, "account", "bind", "--tid", TARGET_ID, "--user", USER);
  admin(nsPid, "target", "bind", "--tid", TARGET_ID, "--initiator-address", "ALL");
  writeFileSync(passwordFile, password, { mode: 0o600 });
}

/**
 * @param {number} nsPid
 * @param {"target" | "logicalunit" | "account"} mode
 * @param {"new" | "bind"} operation
 * @param {string[]} options
 */
const admin = (nsPid, mode, operation, ...options) =>
  runInside(nsPid, "tgtadm", ["--lld", "iscsi", "--mode", mode, "--op", operation, ...options]);
