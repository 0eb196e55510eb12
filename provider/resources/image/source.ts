// What an image's inputs say of its source: the place, the checksum, the name that the volume begins with. Pure.
import type { Checksum } from "../../images/image-source";
import { sourceLocation } from "../../images/source-location";

/** An image that was imported has no other source than the volume that it is. */
const importedPrefix = "volume:";

export const importedSource = (id: string): string => `${importedPrefix}${id}`;
export const isImported = (source: string): boolean => source.startsWith(importedPrefix);

/** A checked `checksum`. */
export function checksumOf(text: string): Checksum | "none" {
  const [algorithm, hex = ""] = text.toLowerCase().split(":");
  return algorithm === "sha256" || algorithm === "sha512" ? { algorithm, hex } : "none";
}

/** Extensions that say nothing but what an image file is. */
const extension = /\.(?:qcow2|qcow|img|raw|iso|bin)$/i;

const maxBaseLength = 150;

/** "debian-12-generic" of ".../debian-12-generic.qcow2". Throws ImageError for what cannot be a source. */
export function baseName(source: string): string {
  const { fileName } = sourceLocation(source);
  const base = fileName
    .replace(extension, "")
    .replace(/[^A-Za-z0-9._+-]/g, "-")
    .replace(/^\.+/, "")
    .slice(0, maxBaseLength);
  return base === "" ? "image" : base;
}

/** Throws ImageError for what cannot be a source. */
export const isRemote = (source: string): boolean => sourceLocation(source).kind !== "file";
