// What tests do with the private libvirt host that the test runner made for them; a thin layer over the command line in host.mjs.
import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);
const HOST_COMMAND = join(__dirname, "host.mjs");
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const ISCSI_DISK_MIB = 256;
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

export type StorageKind = "ramfs" | "tmpfs" | "ext4" | "xfs" | "btrfs" | "zfs" | "bindfs";

/** What some tests need beside the private host, and not every machine has. */
export type LabPart = "ceph" | "iscsi" | "nfs" | "zfs" | "bindfs" | "block";

/** How QEMU and libvirtd of the host reach its Ceph cluster; nobody outside the host does. */
export interface CephAccess {
  readonly monitors: readonly { readonly name: string; readonly port: number }[];
  /** Without "client.". */
  readonly user: string;
  /** In base64, as Ceph writes it. */
  readonly key: string;
  /** An empty pool, made for RBD. */
  readonly pool: string;
  /** The administrator's ceph.conf; `cephExec` uses it. */
  readonly conf: string;
}

/** How QEMU and libvirtd of the host reach a disk of its iSCSI server; nobody outside the host does. */
export interface IscsiAccess {
  /** Address of the server. */
  readonly portal: string;
  readonly port: number;
  readonly target: string;
  readonly lun: number;
  /** CHAP account, the same for all disks. */
  readonly user: string;
  readonly password: string;
}

/** How QEMU of the host reaches its NFS server; nobody outside the host does. */
export interface NfsAccess {
  readonly server: string;
  /** Path of the export on the server. */
  readonly export: string;
  /** The exported files, seen inside and outside. */
  readonly folder: string;
}

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

/**
 * A block of tests that needs the private host, and maybe parts that not every machine has; the host is asked for inside tests and hooks, never
 * while tests are collected.
 */
export function describeWithHost(name: string, body: (host: () => LabHost) => void, needs: readonly LabPart[] = []): void {
  const found = labHost();
  const reason = "skipped" in found ? found.skipped : missingFor(...needs);
  describeOrSkip(reason, name, () => {
    body(() => {
      if ("skipped" in found) throw new Error(found.skipped);
      return found;
    });
  });
}

/** What the parts lack on this machine and the way out, in one line; undefined when they can run. */
export function missingFor(...parts: readonly LabPart[]): string | undefined {
  const reasons = parts.flatMap((part) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [HOST_COMMAND, "missing", part], { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return stdout.trim() || [];
  });
  return reasons.length > 0 ? reasons.join(" ") : undefined;
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

/** Mounts a new, empty file system; returns its path (seen inside and outside). `sizeMiB` means nothing to ramfs and bindfs. */
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

/** Unmounts a storage (or detaches a block device) and forgets what was in it; one that is not there is fine. */
export async function removeStorage(lab: LabHost, name: string): Promise<void> {
  await host(withDir(lab, ["storage", "remove", lab.name, name]));
}

/**
 * Makes a loop block device with a sparse file behind it; returns its path, the same inside and outside. `removeStorage` takes it away, and so
 * does the end of the host.
 */
export async function addBlockDevice(lab: LabHost, name: string, sizeMiB: number): Promise<string> {
  return (await host(withDir(lab, ["storage", "block", lab.name, name, String(sizeMiB)]))).trim();
}

/** Starts a Ceph cluster in the host's memory (9 s, 400 MB) unless it runs; it ends with the host. */
export async function cephUp(lab: LabHost): Promise<CephAccess> {
  return JSON.parse(await host(withDir(lab, ["ceph", "up", lab.name]))) as CephAccess;
}

/** Runs `rbd …` or `ceph …` as the cluster's administrator; returns its stdout. */
export async function cephExec(lab: LabHost, ...command: readonly string[]): Promise<string> {
  return host([...withDir(lab, ["ceph", "exec", lab.name]), "--", ...command]);
}

/** Starts the host's iSCSI server unless it runs, and gives it the disk unless it has it, of whatever size; it ends with the host. */
export async function iscsiUp(lab: LabHost, options: { sizeMiB?: number; lun?: number } = {}): Promise<IscsiAccess> {
  const { sizeMiB = ISCSI_DISK_MIB, lun = 1 } = options;
  return JSON.parse(await host(withDir(lab, ["iscsi", "up", lab.name, String(sizeMiB), String(lun)]))) as IscsiAccess;
}

/** Starts the host's NFS server unless it runs, with an export of 1 GiB in which any user may make files; it ends with the host. */
export async function nfsUp(lab: LabHost): Promise<NfsAccess> {
  return JSON.parse(await host(withDir(lab, ["nfs", "up", lab.name]))) as NfsAccess;
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
