// Storage of a private host: file systems of chosen kinds, mounted where host and outside both see them.
import { chmodSync, closeSync, ftruncateSync, mkdirSync, openSync, rmSync, existsSync } from "node:fs";
import { join } from "node:path";
import { attempt, run, which } from "../lib/run.mjs";
import { MissingPart } from "../lib/steps.mjs";
import { mountsUnder } from "./namespaces.mjs";

const BYTES_PER_MIB = 1024 * 1024;
const DEFAULT_SIZE_MIB = 512;
const NAME_PATTERN = /^[a-z0-9][a-z0-9._-]{0,40}$/i;

/** How each kind is made in an image file on a loop device, or undefined for those in memory. `package` names where its mkfs comes from. */
export const storageKinds = {
  ramfs: undefined,
  tmpfs: undefined,
  ext4: { mkfs: ["mkfs.ext4", "-q", "-F"], package: "e2fsprogs", smallestMiB: 16 },
  xfs: { mkfs: ["mkfs.xfs", "-q", "-f"], package: "xfsprogs", smallestMiB: 320 },
  btrfs: { mkfs: ["mkfs.btrfs", "-q", "-f"], package: "btrfs-progs", smallestMiB: 128 },
};

/** @typedef {keyof typeof storageKinds} StorageKind */

/**
 * Mounts a new, empty file system at DIR/storage/NAME; returns that path.
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {string} name
 * @param {StorageKind} kind
 * @param {number} [sizeMiB] not for ramfs, which has no limit
 */
export function addStorage(files, name, kind, sizeMiB = DEFAULT_SIZE_MIB) {
  if (!(kind in storageKinds)) throw new Error(`"${kind}" is no kind of storage; there are ${Object.keys(storageKinds).join(", ")}.`);
  const path = storagePath(files, name);
  if (mountsUnder(path).length > 0) throw new Error(`Storage ${name} of host ${files.name} is there already.`);
  mkdirSync(path, { recursive: true });
  const how = storageKinds[kind];
  if (!how) {
    run("mount", ["-t", kind, "-o", kind === "tmpfs" ? `size=${sizeMiB}m` : "defaults", `kvm-lab-${name}`, path]);
  } else {
    mountImage(files, name, how, Math.max(sizeMiB, how.smallestMiB));
  }
  chmodSync(path, 0o711);
  return path;
}

/**
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {string} name
 * @param {{ mkfs: string[], package: string }} how
 * @param {number} sizeMiB
 */
function mountImage(files, name, how, sizeMiB) {
  const [mkfs = "", ...args] = how.mkfs;
  if (!which(mkfs)) throw new MissingPart(`There is no ${mkfs}.`, `install the package ${how.package}.`);
  const image = imagePath(files, name);
  const handle = openSync(image, "w");
  ftruncateSync(handle, sizeMiB * BYTES_PER_MIB);
  closeSync(handle);
  run(mkfs, [...args, image]);
  run("mount", ["-o", "loop", image, storagePath(files, name)]);
}

/**
 * Unmounts a storage with all that is in it. One that is not there is fine.
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {string} name
 */
export function removeStorage(files, name) {
  const path = storagePath(files, name);
  for (const target of mountsUnder(path).reverse()) {
    // A guest that still runs holds its mount: taken away lazily, the path is free at once.
    if (attempt("umount", [target]).code !== 0) run("umount", ["--lazy", target]);
  }
  rmSync(path, { recursive: true, force: true });
  if (existsSync(imagePath(files, name))) rmSync(imagePath(files, name));
}

/**
 * Puts a new file system of another kind in the place of a storage, with the files of the old one when asked.
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {string} name
 * @param {StorageKind} kind
 * @param {{ sizeMiB?: number | undefined, keepFiles?: boolean }} options
 */
export function swapStorage(files, name, kind, { sizeMiB, keepFiles = false }) {
  const path = storagePath(files, name);
  const saved = join(files.images, `${name}.saved`);
  if (keepFiles) run("cp", ["--archive", "--sparse=always", path, saved]);
  removeStorage(files, name);
  addStorage(files, name, kind, sizeMiB);
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
function storagePath(files, name) {
  if (!NAME_PATTERN.test(name)) throw new Error(`"${name}" is no storage name.`);
  return join(files.storage, name);
}

/**
 * @param {import("./host-files.mjs").HostFiles} files
 * @param {string} name
 */
const imagePath = (files, name) => join(files.images, `${name}.img`);
