// The name of a backing file as an image's header has it -> the path to look at. Pure.
import { dirname, resolve } from "node:path";

/** Where a backing file is: a path, or something that is no file here ("nbd://…", "json:{…}" without a file in it). */
export type BackingPlace = { readonly path: string } | { readonly notAFile: string };

/** The file name inside QEMU's "json:" names, at one of the two places where it stands. */
function fileNameInJson(text: string): string | undefined {
  try {
    const options = JSON.parse(text) as { filename?: unknown; file?: { filename?: unknown }; "file.filename"?: unknown };
    const name = options["file.filename"] ?? options.file?.filename ?? options.filename;
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined;
  }
}

/** A relative name counts from the folder of the image that holds it. */
export function backingPlace(imagePath: string, backingName: string): BackingPlace {
  const isJson = backingName.startsWith("json:");
  const name = isJson ? fileNameInJson(backingName.slice("json:".length)) : backingName.replace(/^file:/, "");
  // As QEMU has it: a colon before the first slash begins a protocol.
  if (name === undefined || /^[^/]*:/.test(name)) return { notAFile: backingName };
  return { path: resolve(dirname(imagePath), name) };
}
