#!/usr/bin/env node
// Command line of the private libvirt hosts: `host up NAME`, `host down NAME`, and what tests do to a host in between.
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { ensureGuest } from "../guest/build.mjs";
import { extendPath } from "../lib/folders.mjs";
import { becomeRoot } from "../lib/root.mjs";
import { runVisibly, which } from "../lib/run.mjs";
import { MissingPart, runMain, step, stepsToStderr } from "../lib/steps.mjs";
import { detachBlockDevices } from "./block.mjs";
import { cephExec, cephUp } from "./ceph.mjs";
import { findDaemon, hostUri, keepWarm, startDaemons, stopDaemon, warmUp } from "./daemon.mjs";
import { hostFiles, readRecord, usualHosts, writeConfiguration, writeRecord } from "./host-files.mjs";
import { iscsiUp } from "./iscsi.mjs";
import { buildNamespaces, endHolder, insideHost, isHolder, removeMountedFolder } from "./namespaces.mjs";
import { nfsUp } from "./nfs.mjs";
import { whatIsMissing } from "./parts.mjs";
import { addBlockDevice, addStorage, removeStorage, storageKinds, swapStorage } from "./storage.mjs";

/** @typedef {import("./host-files.mjs").HostFiles} HostFiles */

const neededPrograms = ["unshare", "nsenter", "mount", "ip", "hostname", "libvirtd", "virtlogd", "virsh", "qemu-system-x86_64", "qemu-img"];

/**
 * Makes a private host, in place of one of the same name.
 * @param {HostFiles} files
 * @returns {Promise<import("./host-files.mjs").HostRecord>}
 */
export async function hostUp(files) {
  const missing = neededPrograms.filter((program) => !which(program));
  if (missing.length > 0) throw new MissingPart(`A private libvirt host needs ${missing.join(", ")}.`, "run `make setup`.");
  await hostDown(files);
  try {
    const nsPid = await step(`namespaces of host ${files.name}`, () => buildNamespaces(files));
    const hostUuid = writeConfiguration(files);
    const guest = await placeGuest(files);
    const record = {
      name: files.name,
      uri: hostUri(files),
      dir: files.dir,
      storageDir: files.storage,
      hostUuid,
      nsPid,
      daemonPid: undefined,
      logFile: files.daemonLog,
      guest,
    };
    writeRecord(files, record);
    warmUp(files);
    const daemonPid = await step(`libvirtd of host ${files.name}`, () => startDaemons(files, nsPid));
    keepWarm(files);
    const complete = { ...record, daemonPid };
    writeRecord(files, complete);
    return complete;
  } catch (error) {
    await hostDown(files);
    throw error;
  }
}

/**
 * Copies the test guest to where the qemu user can read it.
 * @param {HostFiles} files
 */
async function placeGuest(files) {
  const built = await ensureGuest();
  const guest = { kernel: join(files.boot, "vmlinuz"), initrd: join(files.boot, "initrd") };
  mkdirSync(files.boot, { recursive: true, mode: 0o755 });
  copyFileSync(built.kernel, guest.kernel);
  copyFileSync(built.initrd, guest.initrd);
  return guest;
}

/**
 * Ends every process of the host and removes its mounts and files; a half-made or half-removed one too.
 * @param {HostFiles} files
 */
export async function hostDown(files) {
  if (!existsSync(files.dir)) return;
  await step(`removing host ${files.name}`, async () => {
    for (const nsPid of holdersOf(files)) await endHolder(nsPid);
    detachBlockDevices(files.dir);
    removeMountedFolder(files.dir);
  });
}

/**
 * The first process of the host, from its record, and any that lost its record.
 * @param {HostFiles} files
 */
function holdersOf(files) {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => isHolder(pid, files));
}

/** @param {HostFiles} files */
function recordOf(files) {
  const record = readRecord(files);
  if (!record || !isHolder(record.nsPid, files)) throw new Error(`There is no host ${files.name} (in ${files.dir}).`);
  return record;
}

/** @param {HostFiles} files */
async function startDaemon(files) {
  const record = recordOf(files);
  const next = { ...record, daemonPid: await startDaemons(files, record.nsPid) };
  writeRecord(files, next);
  return next;
}

function listHosts() {
  return readdirSync(usualHosts.parent)
    .filter((name) => name.startsWith(usualHosts.prefix))
    .map((folder) => {
      const files = hostFiles(folder.slice(usualHosts.prefix.length), join(usualHosts.parent, folder));
      const record = readRecord(files);
      const alive = record !== undefined && isHolder(record.nsPid, files);
      return {
        name: files.name,
        dir: files.dir,
        uri: hostUri(files),
        alive,
        daemonPid: alive ? findDaemon(files, record.nsPid, "libvirtd") : undefined,
      };
    });
}

const usage = `usage: host COMMAND NAME [--dir DIR] …
  up NAME                        make a private libvirt host; prints its record as JSON
  down NAME                      end its processes, remove its mounts and files
  list                           the hosts in the usual place, as JSON
  show NAME                      the record of a host, as JSON
  exec NAME -- COMMAND …         run a command inside the host's namespaces
  start-daemon | stop-daemon [--kill] | restart-daemon [--kill] NAME
  storage add NAME STORAGE ${Object.keys(storageKinds).join("|")} [MiB]
  storage swap NAME STORAGE KIND [MiB] [--keep-files]
  storage block NAME STORAGE [MiB]      a block device; prints its path
  storage remove NAME STORAGE
  ceph up NAME                   a Ceph cluster in memory; prints how to reach it as JSON
  ceph exec NAME -- COMMAND …    run rbd or ceph inside the host as the cluster's administrator
  iscsi up NAME [MiB] [LUN]      an iSCSI target behind CHAP; prints how to reach the disk as JSON
  nfs up NAME                    an NFS server; prints how to reach it as JSON
  missing PART                   what ceph, iscsi, nfs, zfs, bindfs or block lacks on this machine; nothing when nothing`;

/** Commands of two words begin with one of these. */
const groups = ["storage", "ceph", "iscsi", "nfs"];

const printJson = (/** @type {unknown} */ value) => process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
const printLine = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/**
 * The commands by name; each gets the host's files, the words after the host's name and the options.
 * @type {Record<string, (files: HostFiles, words: string[], options: Record<string, any>) => unknown>}
 */
const commands = {
  up: async (files) => printJson(await hostUp(files)),
  down: (files) => hostDown(files),
  show: (files) => printJson(recordOf(files)),
  exec: async (files, words) => {
    const [enter = "", ...args] = [...insideHost(recordOf(files).nsPid), "--", ...words];
    process.exitCode = await runVisibly(enter, args, { stdio: "inherit" });
  },
  "start-daemon": async (files) => printJson(await startDaemon(files)),
  "stop-daemon": async (files, _words, { kill }) => {
    const record = recordOf(files);
    await stopDaemon(files, record.nsPid, kill ? "SIGKILL" : "SIGTERM");
    writeRecord(files, { ...record, daemonPid: undefined });
  },
  "restart-daemon": async (files, _words, { kill }) => {
    await stopDaemon(files, recordOf(files).nsPid, kill ? "SIGKILL" : "SIGTERM");
    printJson(await startDaemon(files));
  },
  "storage add": async (files, [name = "", kind = "", size]) => {
    recordOf(files);
    printLine(await addStorage(files, name, /** @type {any} */ (kind), size ? Number(size) : undefined));
  },
  "storage swap": async (files, [name = "", kind = "", size], options) => {
    recordOf(files);
    const sizeMiB = size ? Number(size) : undefined;
    printLine(await swapStorage(files, name, /** @type {any} */ (kind), { sizeMiB, keepFiles: options["keep-files"] === true }));
  },
  "storage block": (files, [name = "", size]) => {
    recordOf(files);
    printLine(addBlockDevice(files, name, size ? Number(size) : undefined));
  },
  "storage remove": (files, [name = ""]) => removeStorage(files, name),
  "ceph up": async (files) => printJson(await step(`Ceph of host ${files.name}`, () => cephUp(files, recordOf(files).nsPid))),
  "ceph exec": async (files, words) => {
    process.exitCode = await cephExec(files, recordOf(files).nsPid, words);
  },
  "iscsi up": async (files, [size, lun]) => {
    const options = { sizeMiB: size ? Number(size) : undefined, lun: lun ? Number(lun) : undefined };
    printJson(await step(`iSCSI of host ${files.name}`, () => iscsiUp(files, recordOf(files).nsPid, options)));
  },
  "nfs up": async (files) => printJson(await step(`NFS of host ${files.name}`, () => nfsUp(files, recordOf(files).nsPid))),
};

/** @returns {Promise<unknown>} */
async function main() {
  stepsToStderr();
  extendPath();
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { dir: { type: "string" }, kill: { type: "boolean" }, "keep-files": { type: "boolean" }, help: { type: "boolean" } },
  });
  const words = groups.includes(positionals[0] ?? "") ? [positionals.slice(0, 2).join(" "), ...positionals.slice(2)] : positionals;
  const [command = "", name, ...rest] = words;
  if (values.help || command === "help") return printLine(usage);
  if (command === "list") return printJson(listHosts());
  if (command === "missing") {
    const missing = whatIsMissing(/** @type {any} */ (name));
    return missing && printLine(`${missing.what} ${missing.remedy}`);
  }
  const action = commands[command];
  if (!action || !name) throw new MissingPart(`"${positionals.join(" ")}" is no command here.`, usage);
  becomeRoot();
  return action(hostFiles(name, values.dir), rest, values);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await runMain(main);
