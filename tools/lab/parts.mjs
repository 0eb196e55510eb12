// What each storage service of a private host needs on the machine, and what is missing of it.
import { existsSync } from "node:fs";
import { which } from "../lib/run.mjs";
import { MissingPart } from "../lib/steps.mjs";

const loopControl = { "/dev/loop-control": "load the kernel module loop" };
const fuse = { "/dev/fuse": "load the kernel module fuse" };

/**
 * Programs by name with the Debian package that holds them, and device nodes with what brings them.
 * @type {Record<"ceph" | "iscsi" | "nfs" | "zfs" | "bindfs" | "block", { programs: Record<string, string>, devices: Record<string, string> }>}
 */
export const labParts = {
  ceph: {
    programs: {
      "ceph-mon": "ceph-mon",
      "ceph-osd": "ceph-osd",
      "ceph-mgr": "ceph-mgr",
      ceph: "ceph-common",
      rbd: "ceph-common",
      "ceph-authtool": "ceph-common",
      monmaptool: "ceph-base",
    },
    devices: {},
  },
  iscsi: { programs: { tgtd: "tgt", tgtadm: "tgt" }, devices: {} },
  nfs: {
    programs: { "ganesha.nfsd": "nfs-ganesha nfs-ganesha-vfs", rpcbind: "rpcbind", rpcinfo: "rpcbind", "mkfs.ext4": "e2fsprogs" },
    devices: loopControl,
  },
  zfs: { programs: { "zfs-fuse": "zfs-fuse", zpool: "zfs-fuse", findmnt: "util-linux" }, devices: fuse },
  bindfs: { programs: { bindfs: "bindfs" }, devices: fuse },
  block: { programs: { losetup: "mount" }, devices: loopControl },
};

/** @typedef {keyof typeof labParts} LabPart */

/**
 * Why the part cannot run on this machine, with the way out, or undefined when nothing is missing.
 * @param {LabPart} part
 * @returns {{ what: string, remedy: string } | undefined}
 */
export function whatIsMissing(part) {
  const needs = labParts[part];
  if (!needs) throw new Error(`"${part}" is no part of the lab; there are ${Object.keys(labParts).join(", ")}.`);
  const programs = Object.keys(needs.programs).filter((program) => !which(program));
  const devices = Object.keys(needs.devices).filter((device) => !existsSync(device));
  if (programs.length + devices.length === 0) return undefined;
  const packages = [...new Set(programs.map((program) => needs.programs[program]))];
  const remedies = [
    ...(packages.length > 0 ? [`install the packages ${packages.join(" ")} (make setup does)`] : []),
    ...devices.map((device) => needs.devices[device]),
  ];
  return { what: `${part} needs ${[...programs, ...devices].join(", ")}, which is not here.`, remedy: `${remedies.join("; ")}.` };
}

/**
 * @param {LabPart} part
 * @throws {MissingPart} which names the packages
 */
export function requirePart(part) {
  const missing = whatIsMissing(part);
  if (missing) throw new MissingPart(missing.what, missing.remedy);
}
