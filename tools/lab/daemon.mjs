// The daemons of a private host: virtlogd and libvirtd, started, stopped and waited for.
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheDir } from "../lib/folders.mjs";
import { attempt, run } from "../lib/run.mjs";
import { insideHost, processesOf } from "./namespaces.mjs";

/** The first start of libvirtd asks every QEMU binary what it can do: about 8 s; a restart takes 0.2 s. */
const ANSWER_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 30;

/** @typedef {import("./host-files.mjs").HostFiles} HostFiles */

/**
 * Connection URI of the host, from outside its namespaces.
 * @param {HostFiles} files
 */
export const hostUri = (files) => `qemu:///system?socket=${files.socket}`;

/** What libvirtd found out about the QEMU binaries; it checks itself whether that still holds. */
const warmCache = () => cacheDir("qemu-capabilities");

/**
 * The daemon's process as seen from outside, or undefined while it is stopped.
 * @param {HostFiles} files
 * @param {number} nsPid
 * @param {"libvirtd" | "virtlogd"} daemon
 */
export function findDaemon(files, nsPid, daemon) {
  const pidFile = daemon === "libvirtd" ? files.daemonPidFile : files.logDaemonPidFile;
  if (!existsSync(pidFile)) return undefined;
  const innerPid = Number(readFileSync(pidFile, "utf8"));
  return processesOf(nsPid).find((found) => found.innerPid === innerPid && found.command === daemon)?.pid;
}

/**
 * Starts what is not running yet and waits until libvirtd answers; returns libvirtd's process.
 * @param {HostFiles} files
 * @param {number} nsPid
 */
export async function startDaemons(files, nsPid) {
  const [enter = "", ...args] = insideHost(nsPid);
  for (const daemon of /** @type {const} */ (["virtlogd", "libvirtd"])) {
    if (findDaemon(files, nsPid, daemon) !== undefined) continue;
    run(enter, [...args, daemon, "--daemon", "--pid-file", `/run/libvirt/${daemon}.pid`]);
  }
  await waitForAnswer(files);
  return findDaemon(files, nsPid, "libvirtd");
}

/** @param {HostFiles} files */
async function waitForAnswer(files) {
  let last = "";
  for (const startedMs = Date.now(); Date.now() - startedMs < ANSWER_TIMEOUT_MS; await sleep(POLL_MS)) {
    const asked = attempt("virsh", ["--connect", hostUri(files), "capabilities"], { timeout: ANSWER_TIMEOUT_MS });
    if (asked.code === 0) return;
    last = asked.stderr.trim();
  }
  const log = existsSync(files.daemonLog) ? readFileSync(files.daemonLog, "utf8").slice(-2000) : "(no log)";
  throw new Error(`libvirtd of host ${files.name} does not answer: ${last}\n${log}`);
}

/**
 * Stops libvirtd; guests go on running. `SIGKILL` is the crash.
 * @param {HostFiles} files
 * @param {number} nsPid
 * @param {"SIGTERM" | "SIGKILL"} signal
 */
export async function stopDaemon(files, nsPid, signal = "SIGTERM") {
  const pid = findDaemon(files, nsPid, "libvirtd");
  if (pid === undefined) return;
  process.kill(pid, "SIGCONT");
  process.kill(pid, signal);
  for (const startedMs = Date.now(); Date.now() - startedMs < STOP_TIMEOUT_MS; await sleep(POLL_MS)) {
    if (!existsSync(`/proc/${pid}`)) return rmSync(files.daemonPidFile, { force: true });
  }
  throw new Error(`libvirtd (process ${pid}) of host ${files.name} did not stop within ${STOP_TIMEOUT_MS} ms.`);
}

/**
 * Gives a new host what an earlier one found out. Not at a restart: a test that makes a host forget means it.
 * @param {HostFiles} files
 */
export function warmUp(files) {
  if (existsSync(files.capabilityCache)) return;
  mkdirSync(files.capabilityCache, { recursive: true });
  cpSync(warmCache(), files.capabilityCache, { recursive: true, preserveTimestamps: true });
}

/**
 * Keeps what a new host found out for the next one; only then, as tests change later what there is to find.
 * @param {HostFiles} files
 */
export function keepWarm(files) {
  cpSync(files.capabilityCache, warmCache(), { recursive: true, force: true, preserveTimestamps: true });
}
