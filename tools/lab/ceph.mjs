// A Ceph cluster inside a private host: one monitor, one manager and one OSD that keeps its data in memory.
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runVisibly } from "../lib/run.mjs";
import { attemptInside, endAll, runInside, runsAll, waitUntil } from "./inside.mjs";
import { insideHost } from "./namespaces.mjs";
import { requirePart } from "./parts.mjs";

const daemons = ["ceph-mon", "ceph-osd", "ceph-mgr"];
/** Monitors listen for both versions of the protocol, each on its own port. */
const MONITOR_PORT_V2 = 3300;
const MONITOR_PORT_V1 = 6789;
/** What the OSD says it could hold; memory is taken only for what is written. */
const MEMORY_STORE_BYTES = 8 * 1024 ** 3;
const PLACEMENT_GROUPS = 8;
const POOL = "libvirt";
const USER = "libvirt";
const READY_TIMEOUT_MS = 30_000;

/**
 * What a client of the cluster needs to know.
 * @typedef {object} CephAccess
 * @property {{ name: string, port: number }[]} monitors reachable from inside the host only
 * @property {string} user without "client."
 * @property {string} key in base64, as Ceph writes it
 * @property {string} pool made for RBD
 * @property {string} conf the administrator's ceph.conf
 */

/** @param {import("./host-files.mjs").HostFiles} files */
const cephFiles = ({ dir }) => {
  const at = (/** @type {string} */ name) => join(dir, "ceph", name);
  return { dir: join(dir, "ceph"), conf: at("ceph.conf"), keyring: at("keyring"), monmap: at("monmap"), access: at("access.json"), at };
};

/**
 * Starts the cluster, unless it runs already.
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {number} nsPid
 * @returns {Promise<CephAccess>}
 */
export async function cephUp(files, nsPid) {
  requirePart("ceph");
  const paths = cephFiles(files);
  if (existsSync(paths.access) && runsAll(nsPid, daemons)) return JSON.parse(readFileSync(paths.access, "utf8"));
  // Data in memory does not outlive its OSD: what is left of an earlier cluster is of no use.
  await endAll(nsPid, daemons);
  rmSync(paths.dir, { recursive: true, force: true });
  for (const folder of ["mon", "mgr", "osd", "run", "log"]) mkdirSync(paths.at(folder), { recursive: true });
  const inside = (/** @type {string} */ command, /** @type {string[]} */ ...args) => runInside(nsPid, command, args);
  const ceph = (/** @type {string[]} */ ...args) => inside("ceph", "--conf", paths.conf, ...args);

  const clusterId = randomUUID();
  writeFileSync(paths.conf, configuration(paths.dir, clusterId));
  makeKeys(paths.keyring, inside);
  const monitor = `[v2:127.0.0.1:${MONITOR_PORT_V2},v1:127.0.0.1:${MONITOR_PORT_V1}]`;
  inside("monmaptool", "--create", "--fsid", clusterId, "--addv", "a", monitor, paths.monmap);
  inside("ceph-mon", "--conf", paths.conf, "--mkfs", "-i", "a", "--monmap", paths.monmap, "--keyring", paths.keyring);
  inside("ceph-mon", "--conf", paths.conf, "-i", "a");
  inside("ceph-mgr", "--conf", paths.conf, "-i", "a");
  // The cluster and the OSD's own folder must agree on its UUID, or it never counts as up.
  const osdUuid = randomUUID();
  ceph("osd", "new", osdUuid, "0");
  inside("ceph-osd", "--conf", paths.conf, "-i", "0", "--mkfs", "--osd-uuid", osdUuid);
  inside("ceph-osd", "--conf", paths.conf, "-i", "0");
  ceph("osd", "pool", "create", POOL, String(PLACEMENT_GROUPS));
  inside("rbd", "--conf", paths.conf, "pool", "init", POOL);
  await waitForCapacity(paths.conf, nsPid);

  const access = {
    monitors: [{ name: "127.0.0.1", port: MONITOR_PORT_V1 }],
    user: USER,
    key: inside("ceph-authtool", paths.keyring, "--name", `client.${USER}`, "--print-key").trim(),
    pool: POOL,
    conf: paths.conf,
  };
  writeFileSync(paths.access, JSON.stringify(access));
  return access;
}

/**
 * @param {string} dir
 * @param {string} clusterId
 */
const configuration = (dir, clusterId) => `[global]
fsid = ${clusterId}
mon host = [v2:127.0.0.1:${MONITOR_PORT_V2},v1:127.0.0.1:${MONITOR_PORT_V1}]
public network = 127.0.0.0/8
run dir = ${dir}/run
log file = ${dir}/log/$name.log
pid file = ${dir}/run/$name.pid
keyring = ${dir}/keyring
mon data = ${dir}/mon
mgr data = ${dir}/mgr
osd data = ${dir}/osd
osd objectstore = memstore
memstore device bytes = ${MEMORY_STORE_BYTES}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
auth allow insecure global id reclaim = false
mgr initial modules =

[client]
admin socket =
log file =
`;

/**
 * All keys in one file: the daemons', the administrator's and the user's that virtual machines connect as.
 * @param {string} keyring
 * @param {(command: string, ...args: string[]) => string} inside
 */
function makeKeys(keyring, inside) {
  /** @type {Record<string, Record<string, string>>} */
  const capabilities = {
    "mon.": { mon: "allow *" },
    "client.admin": { mon: "allow *", osd: "allow *", mgr: "allow *" },
    "mgr.a": { mon: "allow profile mgr", osd: "allow *" },
    "osd.0": { mon: "allow profile osd", osd: "allow *", mgr: "allow profile osd" },
    [`client.${USER}`]: { mon: "profile rbd", osd: "profile rbd", mgr: "profile rbd" },
  };
  writeFileSync(keyring, "", { mode: 0o600 });
  for (const [name, caps] of Object.entries(capabilities)) {
    const words = Object.entries(caps).flatMap(([daemon, cap]) => ["--cap", daemon, cap]);
    inside("ceph-authtool", keyring, "--gen-key", "--name", name, ...words);
  }
}

/**
 * The manager tells how much there is; until it does, a libvirt pool has 0 bytes.
 * @param {string} conf
 * @param {number} nsPid
 */
async function waitForCapacity(conf, nsPid) {
  const ask = () => {
    const { code, stdout } = attemptInside(nsPid, "ceph", ["--conf", conf, "df", "--format", "json"]);
    return code === 0 && JSON.parse(stdout).stats.total_bytes > 0;
  };
  await waitUntil("Ceph to tell its capacity", ask, READY_TIMEOUT_MS);
}

/**
 * Runs a command inside the host as the cluster's administrator; returns its exit code.
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {number} nsPid
 * @param {readonly string[]} words
 */
export async function cephExec(files, nsPid, words) {
  const { access, conf } = cephFiles(files);
  if (!existsSync(access)) throw new Error(`Host ${files.name} has no Ceph; \`host ceph up ${files.name}\` starts it.`);
  const [enter = "", ...before] = insideHost(nsPid);
  return runVisibly(enter, [...before, "env", `CEPH_CONF=${conf}`, ...words], { stdio: "inherit" });
}
