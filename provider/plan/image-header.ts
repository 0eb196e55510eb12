// The first bytes of an image file -> its format, size and backing file. Pure. Layout: https://gitlab.com/qemu-project/qemu/-/blob/v7.2.0/docs/interop/qcow2.txt

/** "QFI\xfb" */
const magic = 0x514649fb;
const oldestVersion = 2;
const backingOffsetAt = 8;
const backingSizeAt = 16;
const sizeAt = 24;
/** The header's fixed part. */
const minimalBytes = 72;
/** QEMU's own limit of a backing file's name. */
const maxBackingBytes = 1023;

/** Bytes to read of a file: the backing file's name lies within the first cluster, which is 64 KiB unless asked for otherwise. */
export const headerBytes = 64 * 1024;

export interface ImageHeader {
  /** "raw" is what QEMU calls anything without a header that it knows; "other": a header of another format. */
  readonly format: "raw" | "qcow2" | "other";
  /** Of the disk that the guest sees; absent for raw, whose size is the file's. */
  readonly capacityBytes?: number | undefined;
  /** As written in the header. */
  readonly backingName?: string | undefined;
  /** What the header says that the backing file is; absent where it says nothing. */
  readonly backingFormat?: "raw" | "qcow2" | "other" | undefined;
}

/** What a qcow2 header says of the file's own shape. Offsets and sizes are in bytes. */
export interface Qcow2Layout {
  readonly version: number;
  readonly clusterBits: number;
  readonly isEncrypted: boolean;
  /** Left open by a writer that has not come back: the counters of the clusters in use may be wrong. */
  readonly isDirty: boolean;
  /** Marked by QEMU when it found the metadata damaged. */
  readonly isMarkedCorrupt: boolean;
  /** The guest's data lies in another file. */
  readonly hasDataFile: boolean;
  /** True also where the name lies outside of the header, and so cannot be read. */
  readonly hasBackingFile: boolean;
  readonly hasExtendedEntries: boolean;
  readonly l1Entries: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  /** The counter of one cluster has two to the power of this many bits. */
  readonly refcountOrder: number;
}

const clusterBitsAt = 20;
const encryptionAt = 32;
const l1EntriesAt = 36;
const l1OffsetAt = 40;
const refcountTableOffsetAt = 48;
const refcountTableClustersAt = 56;
/** From version 3 on; 16-bit counters and no features before. */
const featuresAt = 72;
const refcountOrderAt = 96;
const version3Bytes = 104;
const oldRefcountOrder = 4;
const headerLengthAt = 100;
const extensionHeadBytes = 8;
const extensionGrainBytes = 8;
const extensions = { end: 0, backingFormat: 0xe2792aca } as const;
const features = { dirty: 1n << 0n, corrupt: 1n << 1n, dataFile: 1n << 2n, extendedEntries: 1n << 4n } as const;

/** undefined: no qcow2 header, or one that is cut off. */
export function qcow2Layout(head: Buffer): Qcow2Layout | undefined {
  if (parseImageHeader(head).format !== "qcow2") return undefined;
  const version = head.readUInt32BE(4);
  const isOld = version === oldestVersion;
  if (!isOld && head.length < version3Bytes) return undefined;
  const set = isOld ? 0n : head.readBigUInt64BE(featuresAt);
  return {
    version,
    clusterBits: head.readUInt32BE(clusterBitsAt),
    isEncrypted: head.readUInt32BE(encryptionAt) !== 0,
    isDirty: (set & features.dirty) !== 0n,
    isMarkedCorrupt: (set & features.corrupt) !== 0n,
    hasDataFile: (set & features.dataFile) !== 0n,
    hasBackingFile: head.readBigUInt64BE(backingOffsetAt) !== 0n,
    hasExtendedEntries: (set & features.extendedEntries) !== 0n,
    l1Entries: head.readUInt32BE(l1EntriesAt),
    l1Offset: Number(head.readBigUInt64BE(l1OffsetAt)),
    refcountTableOffset: Number(head.readBigUInt64BE(refcountTableOffsetAt)),
    refcountTableClusters: head.readUInt32BE(refcountTableClustersAt),
    refcountOrder: isOld ? oldRefcountOrder : head.readUInt32BE(refcountOrderAt),
  };
}

/** Formats that QEMU knows by their first bytes, besides qcow2. */
const otherMagics = ["KDMV", "COWD", "# Disk DescriptorFile", "vhdxfile", "conectix", "QED\0", "<<< "];

export function parseImageHeader(head: Buffer): ImageHeader {
  const isQcow2 = head.length >= minimalBytes && head.readUInt32BE(0) === magic && head.readUInt32BE(4) >= oldestVersion;
  if (!isQcow2) {
    const isOther = otherMagics.some((text) => head.subarray(0, text.length).toString("latin1") === text);
    return { format: isOther ? "other" : "raw" };
  }
  const offset = Number(head.readBigUInt64BE(backingOffsetAt));
  const length = head.readUInt32BE(backingSizeAt);
  const isInside = offset > 0 && length > 0 && length <= maxBackingBytes && offset + length <= head.length;
  return {
    format: "qcow2",
    capacityBytes: Number(head.readBigUInt64BE(sizeAt)),
    backingName: isInside ? head.subarray(offset, offset + length).toString("utf8") : undefined,
    backingFormat: isInside ? backingFormatIn(head) : undefined,
  };
}

/** Extensions follow one another behind the fixed part: a type, a length, and so many bytes, filled up to a multiple of eight. */
function backingFormatIn(head: Buffer): ImageHeader["backingFormat"] {
  const isOld = head.readUInt32BE(4) === oldestVersion;
  let at = isOld || head.length < version3Bytes ? minimalBytes : head.readUInt32BE(headerLengthAt);
  while (at + extensionHeadBytes <= head.length) {
    const [type, length] = [head.readUInt32BE(at), head.readUInt32BE(at + 4)];
    const word = head.subarray(at + extensionHeadBytes, at + extensionHeadBytes + length).toString("latin1");
    if (type === extensions.backingFormat) return word === "raw" || word === "qcow2" ? word : "other";
    if (type === extensions.end) return undefined;
    at += extensionHeadBytes + Math.ceil(length / extensionGrainBytes) * extensionGrainBytes;
  }
  return undefined;
}
