// The walls of a private host: own mount, process, network and host name namespaces, held by one small process.
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { attempt, run } from "../lib/run.mjs";
import { MissingPart } from "../lib/steps.mjs";

const READY_TIMEOUT_MS = 15_000;
const GONE_TIMEOUT_MS = 20_000;
const POLL_MS = 20;

/** Search permission for all: the qemu user must reach its disks, and need not list folders. */
const PASS_THROUGH_MODE = 0o711;

/** Major and minor number of /dev/kvm, fixed by the kernel. */
const KVM_DEVICE = "10 232";

/**
 * Runs as the host's first process. All of /run is its own, so that no service of the machine (D-Bus, systemd, another libvirt) is in reach;
 * /sys shows its own network devices and no control groups, which would be shared between hosts. Bash as first process reaps orphans.
 * Where the machine has KVM, the host has a node of its own that QEMU's user may open: libvirt probes QEMU as one who may, and where QEMU may not,
 * it never believes what it found and probes again at every definition, 5 s each.
 */
const holderScript = `
set -e
mount -t proc proc /proc
umount -l /sys/fs/cgroup 2>/dev/null || true
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/libvirt /run/lock
if [ -c /dev/kvm ]; then mknod -m 666 /run/kvm c ${KVM_DEVICE} && mount --bind /run/kvm /dev/kvm || true; fi
while [ $# -gt 3 ]; do mkdir -p "$2"; mount --bind "$1" "$2"; shift 2; done
hostname "$1"
ip link set lo up
touch "$2"
trap 'exit 0' TERM
while :; do sleep 3600 & wait $! || true; done
`;

/**
 * Makes the storage folder shared (mounts made in it, on either side, are seen on both) and starts the host's first process.
 * @param {import("./host-files.mjs").HostFiles} files
 * @returns {Promise<number>} the process, as seen from outside
 */
export async function buildNamespaces(files) {
  makeFolders(files);
  for (const args of [
    ["--bind", files.storage, files.storage],
    ["--make-private", files.storage],
    ["--make-shared", files.storage],
  ]) {
    const { code, stderr } = attempt("mount", args);
    if (code !== 0) throw notPermitted(stderr);
  }

  const log = openSync(files.holderLog, "w");
  const binds = Object.entries(files.hidden).flatMap(([machineFolder, ours]) => [ours, machineFolder]);
  const flags = ["--mount", "--propagation", "slave", "--uts", "--net", "--pid", "--fork"];
  const child = spawn("unshare", [...flags, "bash", "-c", holderScript, "kvm-lab", ...binds, files.name, files.readyMark, "end"], {
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.unref();
  const outcome = { exited: false };
  child.once("exit", () => (outcome.exited = true));
  child.once("error", () => (outcome.exited = true));

  for (const startedMs = Date.now(); Date.now() - startedMs < READY_TIMEOUT_MS; await sleep(POLL_MS)) {
    if (existsSync(files.readyMark)) return firstProcess(child.pid);
    if (outcome.exited) break;
  }
  const said = existsSync(files.holderLog) ? readFileSync(files.holderLog, "utf8").trim() : "";
  throw notPermitted(said);
}

/** @param {string} said by the program that was refused */
function notPermitted(said) {
  return new MissingPart(
    `A private libvirt host needs mounts and namespaces of its own, and this machine did not give them:\n    ${said.trim().replaceAll("\n", "\n    ")}`,
    "run as root on a machine or in a container that has CAP_SYS_ADMIN and CAP_NET_ADMIN, or set LIBVIRT_DEFAULT_URI to a libvirt that may be used.",
  );
}

/** @param {import("./host-files.mjs").HostFiles} files */
function makeFolders(files) {
  mkdirSync(files.dir, { recursive: true });
  for (const folder of [files.dir, ...Object.values(files.hidden), files.storage, files.images]) {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, PASS_THROUGH_MODE);
  }
  chmodSync(files.hidden["/run/libvirt"], 0o755);
}

/** @param {number | undefined} unsharePid */
function firstProcess(unsharePid) {
  const found = allPids().find((pid) => parentOf(pid) === unsharePid);
  if (found === undefined) throw new Error("The first process of the host is gone.");
  return found;
}

/** Every process of the machine that we can see. */
function allPids() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** @param {number} pid */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

/**
 * @param {number} pid
 */
function pidNamespaceOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/**
 * The processes of a host, as seen from outside, and as the host itself numbers them.
 * @param {number} nsPid
 */
export function processesOf(nsPid) {
  const wanted = pidNamespaceOf(nsPid);
  if (wanted === undefined) return [];
  return allPids()
    .filter((pid) => pidNamespaceOf(pid) === wanted)
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const innerPid = Number(/^NSpid:.*\s(\d+)$/m.exec(status)?.[1]);
        return [{ pid, innerPid, command: /^Name:\s+(.*)$/m.exec(status)?.[1] ?? "" }];
      } catch {
        return [];
      }
    });
}

/**
 * True when this process is the first one of this very host (and not a later process with its number).
 * @param {number} pid
 * @param {import("./host-files.mjs").HostFiles} files
 */
export function isHolder(pid, files) {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words[0] === "bash" && words.includes(files.readyMark) && pidNamespaceOf(pid) !== pidNamespaceOf(process.pid);
  } catch {
    return false;
  }
}

/**
 * The command that runs inside a host.
 * @param {number} nsPid
 * @returns {string[]}
 */
export const insideHost = (nsPid) => ["nsenter", "--target", String(nsPid), "--mount", "--uts", "--net", "--pid"];

/**
 * Ends the first process of the host, and with it, by the kernel's hand, every other one; waits until they are gone.
 * @param {number} nsPid
 */
export async function endHolder(nsPid) {
  const all = processesOf(nsPid);
  process.kill(nsPid, "SIGKILL");
  for (const startedMs = Date.now(); Date.now() - startedMs < GONE_TIMEOUT_MS; await sleep(POLL_MS)) {
    if (all.every(({ pid }) => !existsSync(`/proc/${pid}`))) return;
  }
  throw new Error(`Processes of the host are still there: ${all.map(({ pid, command }) => `${pid} (${command})`).join(", ")}`);
}

/**
 * Takes away every mount at or under the folder, the last one first, and then the folder.
 * @param {string} dir
 */
export function removeMountedFolder(dir) {
  for (const target of mountsUnder(dir).reverse()) {
    if (attempt("umount", [target]).code !== 0) run("umount", ["--lazy", target]);
  }
  rmSync(dir, { recursive: true, force: true });
}

/** @param {string} dir */
export function mountsUnder(dir) {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => (line.split(" ")[4] ?? "").replaceAll("\\040", " "))
    .filter((target) => target === dir || target.startsWith(`${dir}/`));
}
