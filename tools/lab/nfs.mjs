// An NFS server inside a private host, in user space, for QEMU's own NFS client.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attemptInside, runInside, runsAll, waitUntil } from "./inside.mjs";
import { mountsUnder } from "./namespaces.mjs";
import { requirePart } from "./parts.mjs";
import { addStorage, storagePath } from "./storage.mjs";

/** The exported folder is a storage of its own: the server needs file handles, which an overlay file system (a container's) has not. */
const STORAGE = "nfs-export";
const DEFAULT_SIZE_MIB = 1024;
const MOUNT_PORT = 32_767;
const LOCK_PORT = 32_803;
const READY_TIMEOUT_MS = 20_000;
const SHOWN_LOG_CHARS = 2000;

/**
 * What a client needs to know.
 * @typedef {object} NfsAccess
 * @property {string} server reachable from inside the host only
 * @property {string} export path on the server, for NFS version 3
 * @property {string} folder the same files, seen inside and outside
 */

/**
 * Starts the server, unless it runs already.
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {number} nsPid
 * @returns {Promise<NfsAccess>}
 */
export async function nfsUp(files, nsPid) {
  requirePart("nfs");
  const folder = storagePath(files, STORAGE);
  if (mountsUnder(folder).length === 0) await addStorage(files, STORAGE, "ext4", DEFAULT_SIZE_MIB);
  if (!runsAll(nsPid, ["rpcbind"])) runInside(nsPid, "rpcbind", ["-w"]);
  if (!runsAll(nsPid, ["ganesha.nfsd"])) await startServer(files, nsPid, folder);
  return { server: "127.0.0.1", export: folder, folder };
}

/**
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {number} nsPid
 * @param {string} folder
 */
async function startServer(files, nsPid, folder) {
  // Any user may make files in it, as in /tmp: QEMU asks as whomever the disk's identity names.
  chmodSync(folder, 0o1777);
  const dir = join(files.dir, "nfs");
  const [configFile, logFile, stateDir] = [join(dir, "ganesha.conf"), join(dir, "ganesha.log"), join(dir, "state")];
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(configFile, configuration(folder, stateDir));
  runInside(nsPid, "mkdir", ["-p", "/run/ganesha"]);
  runInside(nsPid, "ganesha.nfsd", ["-f", configFile, "-L", logFile, "-p", join(dir, "ganesha.pid")]);
  const answers = () => ["nfs", "mountd"].every((program) => attemptInside(nsPid, "rpcinfo", ["-t", "127.0.0.1", program, "3"]).code === 0);
  const log = () => (existsSync(logFile) ? readFileSync(logFile, "utf8").slice(-SHOWN_LOG_CHARS) : "(no log)");
  await waitUntil("the NFS server to answer", answers, READY_TIMEOUT_MS, log);
}

/**
 * @param {string} folder
 * @param {string} stateDir
 */
const configuration = (folder, stateDir) => `NFS_CORE_PARAM {
  Protocols = 3, 4;
  MNT_Port = ${MOUNT_PORT};
  NLM_Port = ${LOCK_PORT};
}
NFSv4 {
  RecoveryRoot = ${stateDir};
  Graceless = true;
}
EXPORT {
  Export_Id = 1;
  Path = ${folder};
  Pseudo = /export;
  Access_Type = RW;
  Squash = No_Root_Squash;
  SecType = sys;
  Protocols = 3, 4;
  Transports = TCP;
  FSAL { Name = VFS; }
}
`;
