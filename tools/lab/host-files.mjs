// The files of a private libvirt host: where each one lies, and the daemons' configuration text.
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Unix socket paths end at 107 bytes, so hosts live near the root. */
const HOST_DIR_PREFIX = "/tmp/kvm-lab-";

const NAME_PATTERN = /^[a-z][a-z0-9-]{0,19}$/;

/**
 * What `host up` prints and keeps in DIR/host.json.
 * @typedef {object} HostRecord
 * @property {string} name
 * @property {string} uri connection URI that works from outside the namespaces
 * @property {string} dir
 * @property {string} storageDir file systems mounted here, outside or inside, are seen on both sides
 * @property {string} hostUuid
 * @property {number} nsPid first process of the host; ending it ends every process of the host
 * @property {number | undefined} daemonPid libvirtd, as seen from outside; absent while it is stopped
 * @property {string} logFile libvirtd's log
 * @property {{ kernel: string, initrd: string }} guest the small test guest, for direct kernel boot
 */

/**
 * @param {string} name
 * @param {string | undefined} dir
 */
export function hostFiles(name, dir) {
  if (!NAME_PATTERN.test(name)) throw new Error(`"${name}" is no host name: at most 20 of a-z, 0-9 and "-", a letter first.`);
  const root = dir ?? `${HOST_DIR_PREFIX}${name}`;
  const at = (/** @type {string[]} */ ...parts) => join(root, ...parts);
  return {
    name,
    dir: root,
    record: at("host.json"),
    /** Our folders, by the machine's folder that each one hides inside the host. */
    hidden: {
      "/run/libvirt": at("run"),
      "/var/lib/libvirt": at("lib"),
      "/etc/libvirt": at("etc"),
      "/var/log/libvirt": at("log"),
      "/var/cache/libvirt": at("cache"),
    },
    storage: at("storage"),
    images: at("images"),
    boot: at("boot"),
    socket: at("run", "libvirt-sock"),
    readyMark: at("ready"),
    holderLog: at("log", "namespaces.log"),
    daemonLog: at("log", "libvirtd.log"),
    daemonPidFile: at("run", "libvirtd.pid"),
    logDaemonPidFile: at("run", "virtlogd.pid"),
    capabilityCache: at("cache", "qemu", "capabilities"),
  };
}

/** @typedef {ReturnType<typeof hostFiles>} HostFiles */

/** The glob of all hosts in the usual place. */
export const usualHosts = { parent: "/tmp", prefix: "kvm-lab-" };

/**
 * @param {HostFiles} files
 * @returns {HostRecord | undefined}
 */
export function readRecord(files) {
  if (!existsSync(files.record)) return undefined;
  return JSON.parse(readFileSync(files.record, "utf8"));
}

/**
 * @param {HostFiles} files
 * @param {HostRecord} record
 */
export function writeRecord(files, record) {
  writeFileSync(files.record, `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * Writes libvirtd's and the QEMU driver's configuration; returns the host's UUID.
 * @param {HostFiles} files
 */
export function writeConfiguration(files) {
  const hostUuid = randomUUID();
  const etc = files.hidden["/etc/libvirt"];
  writeFileSync(
    join(etc, "libvirtd.conf"),
    [
      `host_uuid = "${hostUuid}"`,
      `listen_tls = 0`,
      `unix_sock_rw_perms = "0777"`,
      `auth_unix_ro = "none"`,
      `auth_unix_rw = "none"`,
      `log_outputs = "3:file:/var/log/libvirt/libvirtd.log"`,
      "",
    ].join("\n"),
  );
  // The machine's AppArmor or SELinux policy knows nothing of this host's folders; file ownership is still handled as usual.
  writeFileSync(join(etc, "qemu.conf"), `security_driver = "none"\n`);
  return hostUuid;
}
