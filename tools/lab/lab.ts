// What tests do with the private libvirt host that the test runner made for them; a thin layer over the command line in host.mjs.
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);
const HOST_COMMAND = join(__dirname, "host.mjs");
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const DEFAULT_WAIT_MS = 20_000;
const POLL_MS = 100;

/** A private host as `host up` describes it. */
export interface LabHost {
  readonly name: string;
  /** Works from outside the host's namespaces. */
  readonly uri: string;
  readonly dir: string;
  /** File systems mounted under it are seen inside and outside. */
  readonly storageDir: string;
  readonly hostUuid: string;
  readonly nsPid: number;
  /** libvirtd as seen from outside when the host was described; `showHost` tells the present one. Absent while it is stopped. */
  readonly daemonPid?: number;
  readonly logFile: string;
  /** Kernel and initrd of the small test guest, readable by QEMU. */
  readonly guest: { readonly kernel: string; readonly initrd: string };
}

export interface Skipped {
  readonly skipped: string;
}

export type StorageKind = "ramfs" | "tmpfs" | "ext4" | "xfs" | "btrfs";

/** The private host of this run, from the file that KVM_LAB names, or the reason why there is none. */
export function labHost(): LabHost | Skipped {
  const recordFile = process.env["KVM_LAB"];
  if (!recordFile) {
    const given = process.env["LIBVIRT_DEFAULT_URI"];
    return {
      skipped: given
        ? `needs a private host, and LIBVIRT_DEFAULT_URI gave ${given}`
        : "KVM_LAB names no private host (make test makes one)",
    };
  }
  if (!existsSync(recordFile)) return { skipped: `the private host is gone: no ${recordFile}` };
  return JSON.parse(readFileSync(recordFile, "utf8")) as LabHost;
}

/** The libvirt to test against: the private host, else LIBVIRT_DEFAULT_URI, else the reason why there is none. */
export function liveUri(): string | Skipped {
  const host = labHost();
  if ("uri" in host) return host.uri;
  return process.env["LIBVIRT_DEFAULT_URI"] ?? host;
}

/** A block of tests that is skipped, with the reason in its name (the runner prints it at the end), when a part is missing. */
export function describeOrSkip(reason: string | undefined, name: string, body: () => void): void {
  if (reason === undefined) describe(name, body);
  else describe.skip(`${name} [skipped: ${reason}]`, body);
}

/** A block of tests that needs the private host; the host is asked for inside tests and hooks, never while tests are collected. */
export function describeWithHost(name: string, body: (host: () => LabHost) => void): void {
  const found = labHost();
  const reason = "skipped" in found ? found.skipped : undefined;
  describeOrSkip(reason, name, () => {
    body(() => {
      if ("skipped" in found) throw new Error(found.skipped);
      return found;
    });
  });
}

/** Runs the host command line; returns its stdout. */
async function host(args: readonly string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, [HOST_COMMAND, ...args], { maxBuffer: MAX_OUTPUT_BYTES });
  return stdout;
}

const withDir = (lab: LabHost, words: readonly string[], options: readonly string[] = []) => [...words, ...options, "--dir", lab.dir];

/** The host as it is now, with the daemon's present process. */
export async function showHost(lab: LabHost): Promise<LabHost> {
  return JSON.parse(await host(withDir(lab, ["show", lab.name]))) as LabHost;
}

/** Mounts a new, empty file system; returns its path (seen inside and outside). `sizeMiB` means nothing to ramfs. */
export async function addStorage(lab: LabHost, name: string, kind: StorageKind, sizeMiB?: number): Promise<string> {
  const size = sizeMiB === undefined ? [] : [String(sizeMiB)];
  return (await host(withDir(lab, ["storage", "add", lab.name, name, kind, ...size]))).trim();
}

/** Puts another kind of file system under the same path; with `keepFiles`, the files are carried over. */
export async function swapStorage(
  lab: LabHost,
  name: string,
  kind: StorageKind,
  options: { sizeMiB?: number; keepFiles?: boolean } = {},
): Promise<string> {
  const size = options.sizeMiB === undefined ? [] : [String(options.sizeMiB)];
  const flags = options.keepFiles ? ["--keep-files"] : [];
  return (await host(withDir(lab, ["storage", "swap", lab.name, name, kind, ...size], flags))).trim();
}

/** Unmounts a storage and forgets what was in it; one that is not there is fine. */
export async function removeStorage(lab: LabHost, name: string): Promise<void> {
  await host(withDir(lab, ["storage", "remove", lab.name, name]));
}

/** Stops libvirtd; guests go on running. `kill` makes it a crash. */
export async function stopDaemon(lab: LabHost, options: { kill?: boolean } = {}): Promise<void> {
  await host(withDir(lab, ["stop-daemon", lab.name], options.kill ? ["--kill"] : []));
}

/** Starts libvirtd and waits until it answers. */
export async function startDaemon(lab: LabHost): Promise<LabHost> {
  return JSON.parse(await host(withDir(lab, ["start-daemon", lab.name]))) as LabHost;
}

/** Stops and starts libvirtd and waits until it answers. */
export async function restartDaemon(lab: LabHost, options: { kill?: boolean } = {}): Promise<LabHost> {
  return JSON.parse(await host(withDir(lab, ["restart-daemon", lab.name], options.kill ? ["--kill"] : []))) as LabHost;
}

/** Runs a command inside the host's namespaces; returns its stdout. */
export async function hostExec(lab: LabHost, ...command: readonly string[]): Promise<string> {
  return host([...withDir(lab, ["exec", lab.name]), "--", ...command]);
}

/** libvirt's own client, from outside: the second pair of eyes. Returns trimmed stdout; throws with its stderr. */
export async function virsh(lab: Pick<LabHost, "uri">, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execute("virsh", ["--quiet", "--connect", lab.uri, ...args], { maxBuffer: MAX_OUTPUT_BYTES });
  return stdout.trim();
}

/** Asks again and again until the answer is neither undefined nor false; throws, saying what was awaited, when the time is over. */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = DEFAULT_WAIT_MS,
): Promise<T> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > endMs) throw new Error(`Waited ${timeoutMs} ms in vain for: ${what}`);
    await sleep(POLL_MS);
  }
}
