// Storage of a private host: file systems of chosen kinds, mounted where host and outside both see them, and block devices.
import { chmodSync, closeSync, ftruncateSync, mkdirSync, openSync, rmSync, existsSync } from "node:fs";
import { join } from "node:path";
import { attempt, run, which } from "../lib/run.mjs";
import { MissingPart } from "../lib/steps.mjs";
import { attachBlockDevice, detachBlockDevices } from "./block.mjs";
import { destroyZfs, mountBindfs, mountZfs } from "./fuse.mjs";
import { readRecord } from "./host-files.mjs";
import { isHolder, mountsUnder } from "./namespaces.mjs";

const BYTES_PER_MIB = 1024 * 1024;
const DEFAULT_SIZE_MIB = 512;
/** zpool takes no less than 64 MiB, and such a small one is full of itself. */
const SMALLEST_ZFS_MIB = 128;
const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,40}$/i;

/**
 * How each kind is mounted.
 * @typedef {object} Mounting
 * @property {import("./host-files.mjs").HostFiles} files
 * @property {() => number} nsPid asked only by the kinds that run a program in the host; the others do without one
 * @property {string} name
 * @property {string} path
 * @property {number} sizeMiB
 */

/** @satisfies {Record<string, (mounting: Mounting) => unknown>} */
export const storageKinds = {
  ramfs: ({ name, path }) => run("mount", ["-t", "ramfs", `kvm-lab-${name}`, path]),
  tmpfs: ({ name, path, sizeMiB }) => run("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m`, `kvm-lab-${name}`, path]),
  ext4: onLoop({ mkfs: ["mkfs.ext4", "-q", "-F"], package: "e2fsprogs", smallestMiB: 16 }),
  xfs: onLoop({ mkfs: ["mkfs.xfs", "-q", "-f"], package: "xfsprogs", smallestMiB: 320 }),
  btrfs: onLoop({ mkfs: ["mkfs.btrfs", "-q", "-f"], package: "btrfs-progs", smallestMiB: 128 }),
  zfs: ({ files, nsPid, name, path, sizeMiB }) => {
    const image = imagePath(files, name);
    makeSparse(image, Math.max(sizeMiB, SMALLEST_ZFS_MIB));
    return mountZfs(nsPid(), name, image, path);
  },
  bindfs: ({ files, nsPid, name, path }) => mountBindfs(nsPid(), sourcePath(files, name), path),
};

/** @typedef {keyof typeof storageKinds} StorageKind */

/**
 * Mounts a new, empty file system at DIR/storage/NAME; returns that path.
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {string} name
 * @param {StorageKind} kind
 * @param {number} [sizeMiB] not for ramfs, which has no limit, nor bindfs, which has the machine's
 */
export async function addStorage(files, name, kind, sizeMiB = DEFAULT_SIZE_MIB) {
  const mount = storageKinds[kind];
  if (!mount) throw new Error(`"${kind}" is no kind of storage; there are ${Object.keys(storageKinds).join(", ")}.`);
  const path = storagePath(files, name);
  if (mountsUnder(path).length > 0) throw new Error(`Storage ${name} of host ${files.name} is there already.`);
  mkdirSync(path, { recursive: true });
  await mount({ files, nsPid: () => requireHolder(files), name, path, sizeMiB });
  chmodSync(path, 0o711);
  return path;
}

/**
 * @param {{ mkfs: string[], package: string, smallestMiB: number }} how `package` names where mkfs comes from
 * @returns {(mounting: Mounting) => void}
 */
function onLoop(how) {
  const [mkfs = "", ...args] = how.mkfs;
  return ({ files, name, path, sizeMiB }) => {
    if (!which(mkfs)) throw new MissingPart(`There is no ${mkfs}.`, `install the package ${how.package}.`);
    const image = imagePath(files, name);
    makeSparse(image, Math.max(sizeMiB, how.smallestMiB));
    run(mkfs, [...args, image]);
    run("mount", ["-o", "loop", image, path]);
  };
}

/**
 * @param {string} file
 * @param {number} sizeMiB
 */
function makeSparse(file, sizeMiB) {
  const handle = openSync(file, "w");
  ftruncateSync(handle, sizeMiB * BYTES_PER_MIB);
  closeSync(handle);
}

/**
 * Makes a block device; returns its path, the same inside and outside.
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {string} name in one list with the file systems' names
 * @param {number} [sizeMiB]
 */
export function addBlockDevice(files, name, sizeMiB = DEFAULT_SIZE_MIB) {
  if (existsSync(imagePath(files, name))) throw new Error(`Storage ${name} of host ${files.name} is there already.`);
  return attachBlockDevice(imagePath(files, name), sizeMiB * BYTES_PER_MIB);
}

/**
 * Unmounts a storage or detaches a block device, with all that is in it. One that is not there is fine.
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {string} name
 */
export function removeStorage(files, name) {
  const path = storagePath(files, name);
  const nsPid = holderOf(files);
  if (nsPid !== undefined) destroyZfs(nsPid, name);
  for (const target of mountsUnder(path).reverse()) {
    // A guest that still runs holds its mount: taken away lazily, the path is free at once.
    if (attempt("umount", [target]).code !== 0) run("umount", ["--lazy", target]);
  }
  rmSync(path, { recursive: true, force: true });
  detachBlockDevices(imagePath(files, name));
  rmSync(imagePath(files, name), { force: true });
  rmSync(sourcePath(files, name), { recursive: true, force: true });
}

/**
 * Puts a new file system of another kind in the place of a storage, with the files of the old one when asked.
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {string} name
 * @param {StorageKind} kind
 * @param {{ sizeMiB?: number | undefined, keepFiles?: boolean }} options
 */
export async function swapStorage(files, name, kind, { sizeMiB, keepFiles = false }) {
  const path = storagePath(files, name);
  const saved = join(files.images, `${name}.saved`);
  if (keepFiles) run("cp", ["--archive", "--sparse=always", path, saved]);
  removeStorage(files, name);
  await addStorage(files, name, kind, sizeMiB);
  if (keepFiles) {
    run("cp", ["--archive", "--sparse=always", `${saved}/.`, path]);
    rmSync(saved, { recursive: true, force: true });
  }
  return path;
}

/**
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {string} name
 */
export function storagePath(files, name) {
  if (!NAME_PATTERN.test(name)) throw new Error(`"${name}" is no storage name.`);
  return join(files.storage, name);
}

/**
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {string} name
 */
function imagePath(files, name) {
  if (!NAME_PATTERN.test(name)) throw new Error(`"${name}" is no storage name.`);
  return join(files.images, `${name}.img`);
}

/**
 * The folder behind a bindfs.
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {string} name
 */
const sourcePath = (files, name) => join(files.images, `${name}.source`);

/**
 * The first process of the host, or undefined where the folders are used without one.
 * @param {import("./host-files.mjs").HostFiles} files
 */
function holderOf(files) {
  const record = readRecord(files);
  return record && isHolder(record.nsPid, files) ? record.nsPid : undefined;
}

/** @param {import("./host-files.mjs").HostFiles} files */
function requireHolder(files) {
  const nsPid = holderOf(files);
  if (nsPid === undefined) throw new Error(`There is no host ${files.name} (in ${files.dir}).`);
  return nsPid;
}
