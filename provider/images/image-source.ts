// What an image is to the resources: asked for by its source, and then a whole, verified file of this machine.
import type { DiskFormat } from "../plan/domain";

/** `sha256` or `sha512` of the file as it is at its source, in hexadecimal digits. */
export interface Checksum {
  readonly algorithm: "sha256" | "sha512";
  readonly hex: string;
}

export interface ImageRequest {
  /** An absolute or relative path of this machine, or a URL: file:, http:, https:, sftp:. */
  readonly source: string;
  /** What the content must be. "none": waived by the user. Absent: only for files of this machine. */
  readonly checksum?: Checksum | "none" | undefined;
  /**
   * What the user says that the image is. "raw": its bytes are a disk whatever they look like, and nothing in them is looked at.
   * "qcow2": anything else is refused. Absent: by the header.
   */
  readonly format?: DiskFormat | undefined;
  readonly signal: AbortSignal;
  /** Progress of long work: "downloading debian-12.qcow2: 120 of 340 MB (35 %)". */
  readonly status: (message: string) => void;
}

/** A run of the file: data, or zeroes that the file system knows to be a hole or that turned out to be zeroes. */
export type ImagePiece = { readonly data: Uint8Array } | { readonly holeBytes: number };

/** A verified image file of this machine. */
export interface LocalImage {
  /** The last part of the source's path: "debian-12.qcow2". */
  readonly fileName: string;
  /** Of the whole file. */
  readonly sha256: string;
  readonly fileBytes: number;
  /** By the header; an image of another format, or one that refers to other files (backing file, data file), was refused. */
  readonly format: DiskFormat;
  /** What a guest sees: the file's size for raw. */
  readonly capacityBytes: number;
  /**
   * The content from its start, each piece at most 256 KiB of data, zeroes of at least 64 KiB as holes. Throws ImageError when the file was
   * changed since it was verified, and CancelledError when the request's signal ends.
   */
  pieces(): AsyncIterable<ImagePiece>;
  /** Closes what is open. A downloaded file stays in the cache for the next time. */
  close(): Promise<void>;
}

/** Where images come from. */
export interface ImageSources {
  /** Downloads (or finds in the cache) and verifies; rejects with ImageError, or CancelledError. Several may run at once, for one source too. */
  open(request: ImageRequest): Promise<LocalImage>;
}
