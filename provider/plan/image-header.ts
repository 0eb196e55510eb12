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
  };
}
