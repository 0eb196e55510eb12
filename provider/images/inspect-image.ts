// What was read of an image file -> the format and size that it is taken for, or why it may not be used. Pure.
import type { DiskFormat } from "../plan/domain";
import type { Qcow2Layout } from "../plan/image-header";
import { parseImageHeader, qcow2Layout } from "../plan/image-header";
import { foreignFormat } from "./foreign-formats";

export interface ImageFacts {
  /** The first `headerBytes` of the file, or all of a shorter one. */
  readonly head: Buffer;
  /** The last `footerBytes` of the file, or all of a shorter one. */
  readonly tail: Buffer;
  readonly fileBytes: number;
}

export interface RefusedImage {
  /** A sentence: "it has a backing file (base.qcow2)." */
  readonly wrong: string;
  readonly wayOut: string;
}

export type InspectedImage =
  | { readonly format: "raw"; readonly capacityBytes: number }
  | { readonly format: "qcow2"; readonly capacityBytes: number; readonly layout: Qcow2Layout };

const newestVersion = 3;
/** 512 bytes to 2 MiB: QEMU's own limits. */
const clusterBitsLimits = { least: 9, most: 21 } as const;
const mostRefcountOrder = 6;
const entryBytes = 8;
const extendedEntryBytes = 16;

const takeAnother = "Take a whole copy of the image; `qemu-img check` tells whether one is.";
const flatten = "Make one image of the whole first: qemu-img convert -O qcow2 THE_FILE image.qcow2";

/** Entries of the first table that a disk of this size needs. */
function neededL1Entries(layout: Qcow2Layout, capacityBytes: number): number {
  const clusterBytes = 2 ** layout.clusterBits;
  const bytesPerEntry = clusterBytes * (clusterBytes / (layout.hasExtendedEntries ? extendedEntryBytes : entryBytes));
  return Math.ceil(capacityBytes / bytesPerEntry);
}

/** A table that does not lie in the file in one piece, or not where tables may lie. */
const liesOutside = (offset: number, bytes: number, clusterBytes: number, fileBytes: number): boolean =>
  bytes > 0 && (offset === 0 || offset % clusterBytes !== 0 || offset + bytes > fileBytes);

/** What is wrong with the file's own shape: cut off, or written over. */
function damage(layout: Qcow2Layout, capacityBytes: number, fileBytes: number): string | undefined {
  const { clusterBits, l1Offset, l1Entries, refcountTableOffset, refcountTableClusters, refcountOrder } = layout;
  if (layout.isMarkedCorrupt) return "QEMU has marked it as corrupt.";
  if (clusterBits < clusterBitsLimits.least || clusterBits > clusterBitsLimits.most) {
    return `it is corrupt: its header names clusters of 2^${clusterBits} bytes.`;
  }
  if (refcountOrder > mostRefcountOrder) return `it is corrupt: its header names reference counts of 2^${refcountOrder} bits.`;
  if (l1Entries < neededL1Entries(layout, capacityBytes)) return "it is corrupt: its table of clusters is too short for its size.";
  const clusterBytes = 2 ** clusterBits;
  const isCut =
    liesOutside(l1Offset, l1Entries * entryBytes, clusterBytes, fileBytes) ||
    liesOutside(refcountTableOffset, Math.max(refcountTableClusters, 1) * clusterBytes, clusterBytes, fileBytes);
  return isCut ? `it is corrupt or cut off: it has ${fileBytes} bytes, and its tables lie outside of them.` : undefined;
}

function refusal(layout: Qcow2Layout, capacityBytes: number, backingName: string | undefined, fileBytes: number): RefusedImage | undefined {
  if (layout.version > newestVersion) {
    return {
      wrong: `it is qcow2 of version ${layout.version}, which is not known here.`,
      wayOut: "Convert it to version 3 with qemu-img.",
    };
  }
  if (layout.hasBackingFile) {
    return { wrong: `it is a layer over a backing file${backingName === undefined ? "" : ` (${backingName})`}.`, wayOut: flatten };
  }
  if (layout.hasDataFile) return { wrong: "its data lies in another file (an external data file).", wayOut: flatten };
  if (layout.isEncrypted) return { wrong: "it is encrypted.", wayOut: "Decrypt it first with qemu-img convert." };
  const damaged = damage(layout, capacityBytes, fileBytes);
  if (damaged !== undefined) return { wrong: damaged, wayOut: takeAnother };
  if (layout.isDirty) {
    return {
      wrong: "it was not closed by its last writer.",
      wayOut: "Stop what writes to it, or repair it: qemu-img check -r all THE_FILE",
    };
  }
  if (capacityBytes === 0) return { wrong: "it is a disk of no size.", wayOut: takeAnother };
  return undefined;
}

/** A raw disk: its bytes are the guest's, and nothing in them is looked at. */
const asRaw = (fileBytes: number): InspectedImage => ({ format: "raw", capacityBytes: fileBytes });

export function inspectImage({ head, tail, fileBytes }: ImageFacts, asked: DiskFormat | undefined): InspectedImage | RefusedImage {
  if (fileBytes === 0) return { wrong: "it is empty.", wayOut: "Give a file that holds an image." };
  if (asked === "raw") return asRaw(fileBytes);
  const header = parseImageHeader(head);
  if (header.format === "qcow2") {
    const layout = qcow2Layout(head);
    const capacityBytes = header.capacityBytes ?? 0;
    if (layout === undefined) return { wrong: `it is cut off: it has ${fileBytes} bytes only.`, wayOut: takeAnother };
    return refusal(layout, capacityBytes, header.backingName, fileBytes) ?? { format: "qcow2", capacityBytes, layout };
  }
  const foreign = foreignFormat(head, tail);
  if (foreign !== undefined) return { wrong: `it is ${foreign.name}.`, wayOut: foreign.wayOut };
  if (asked === "qcow2") return { wrong: "it is no qcow2 image.", wayOut: 'Leave `format` out, or say format: "raw".' };
  return asRaw(fileBytes);
}
