// Block devices of a private host: loop devices with a sparse file behind each.
import { closeSync, existsSync, ftruncateSync, openSync } from "node:fs";
import { attempt, run } from "../lib/run.mjs";
import { requirePart } from "./parts.mjs";

/** Major number of loop devices, fixed by the kernel. */
const LOOP_MAJOR = "7";

/**
 * Attaches the image file; returns the device's path, the same inside and outside.
 * @param {string} image
 * @param {number} sizeBytes
 */
export function attachBlockDevice(image, sizeBytes) {
  requirePart("block");
  const handle = openSync(image, "wx");
  ftruncateSync(handle, sizeBytes);
  closeSync(handle);
  const device = run("losetup", ["--find", "--show", image]).trim();
  // Where /dev is a plain file system (a container's), the kernel makes no node for a new device.
  if (!existsSync(device)) run("mknod", ["-m", "660", device, "b", LOOP_MAJOR, device.replace("/dev/loop", "")]);
  return device;
}

/**
 * Detaches every loop device whose file lies at or under the path; a guest that still uses one keeps it until it ends.
 * @param {string} path
 */
export function detachBlockDevices(path) {
  const listed = attempt("losetup", ["--list", "--noheadings", "--raw", "--output", "NAME,BACK-FILE"]);
  for (const line of listed.stdout.split("\n")) {
    const [device, backFile = ""] = line.split(" ");
    if (device && (backFile === path || backFile.startsWith(`${path}/`))) run("losetup", ["--detach", device]);
  }
}
