// File systems of a private host that run in user space: ZFS in an image file, and a bindfs over a plain folder.
import { chmodSync, mkdirSync } from "node:fs";
import { run } from "../lib/run.mjs";
import { attemptInside, waitUntil } from "./inside.mjs";
import { insideHost, processesOf } from "./namespaces.mjs";
import { requirePart } from "./parts.mjs";

/** What zfs-fuse may cache beside the kernel. */
const ZFS_CACHE_MIB = 64;
/** O_DIRECT reaches the folder below only in pieces that are aligned to this. */
const DIRECT_ALIGNMENT_BYTES = 512;
const READY_TIMEOUT_MS = 10_000;

/**
 * The command that runs as one of the host's processes (and ends with it) but sees the machine's file systems, so that what it mounts in the
 * storage folder is seen on both sides: the host's mounts are its own.
 * @param {number} nsPid
 */
const besideHost = (nsPid) => insideHost(nsPid).filter((word) => word !== "--mount");

/**
 * The ZFS daemon has its control socket and its list of pools at fixed paths: it gets empty folders there. Only the mounts under these paths
 * become private; the storage folder stays shared.
 */
const zfsDaemonScript = `
set -e
for folder in /run /etc/zfs; do
  mount --make-private "$(findmnt --noheadings --output TARGET --target "$folder")"
  mount -t tmpfs -o mode=755 tmpfs "$folder"
done
mkdir /run/lock
exec zfs-fuse --no-kstat-mount --max-arc-size ${ZFS_CACHE_MIB} --pidfile /run/zfs-fuse.pid
`;

const poolName = (/** @type {string} */ name) => `lab-${name}`;

/** @param {number} nsPid */
const zfsDaemon = (nsPid) => processesOf(nsPid).find(({ command }) => command === "zfs-fuse")?.pid;

/**
 * Makes a pool on the image file with its file system mounted at `path`.
 * @param {number} nsPid
 * @param {string} name
 * @param {string} image
 * @param {string} path
 */
export async function mountZfs(nsPid, name, image, path) {
  requirePart("zfs");
  if (zfsDaemon(nsPid) === undefined) {
    const [enter = "", ...before] = besideHost(nsPid);
    run(enter, [...before, "unshare", "--mount", "--propagation", "unchanged", "sh", "-c", zfsDaemonScript]);
    await waitUntil(
      "zfs-fuse to answer",
      () => zpool(nsPid, "list").code === 0,
      READY_TIMEOUT_MS,
      () => zpool(nsPid, "list").stderr,
    );
  }
  const made = zpool(nsPid, "create", "-m", path, "-o", "cachefile=none", poolName(name), image);
  if (made.code !== 0) throw new Error(`zpool could not make ${poolName(name)} on ${image}: ${made.stderr.trim()}`);
}

/**
 * Destroys the storage's pool with its mount. One that is not there is fine.
 * @param {number} nsPid
 * @param {string} name
 */
export function destroyZfs(nsPid, name) {
  if (zfsDaemon(nsPid) === undefined || zpool(nsPid, "list", poolName(name)).code !== 0) return;
  zpool(nsPid, "destroy", "-f", poolName(name));
}

/**
 * @param {number} nsPid
 * @param {string[]} words
 */
function zpool(nsPid, ...words) {
  const daemon = zfsDaemon(nsPid);
  return daemon === undefined ? { code: 1, stdout: "", stderr: "zfs-fuse does not run" } : attemptInside(daemon, "zpool", words);
}

/**
 * Shows a folder of the machine's own file system at `path` through FUSE.
 * @param {number} nsPid
 * @param {string} source
 * @param {string} path
 */
export function mountBindfs(nsPid, source, path) {
  requirePart("bindfs");
  mkdirSync(source, { recursive: true });
  chmodSync(source, 0o711);
  const [enter = "", ...before] = besideHost(nsPid);
  run(enter, [...before, "bindfs", `--forward-odirect=${DIRECT_ALIGNMENT_BYTES}`, "-o", "allow_other", source, path]);
}
