// A file of this machine -> a verified, inspected image that can be read.
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { constants, open } from "node:fs/promises";
import { CancelledError, ImageError } from "../errors";
import type { DiskFormat } from "../plan/domain";
import { headerBytes } from "../plan/image-header";
import type { Digests } from "./digest-file";
import { digestFile } from "./digest-file";
import { footerBytes } from "./foreign-formats";
import { imagePieces } from "./image-pieces";
import type { Checksum, ImagePiece, LocalImage } from "./image-source";
import type { InspectedImage } from "./inspect-image";
import { inspectImage } from "./inspect-image";
import type { KnownDigests } from "./known-digests";
import { contentStamp } from "./known-digests";
import { reportProgress } from "./progress";
import { lastUsedOffset } from "./qcow2-extent";
import { readFully } from "./read-fully";

export interface OpenRequest {
  readonly path: string;
  /** For messages: what the user gave as source. */
  readonly shown: string;
  readonly fileName: string;
  /** Of the content; undefined: nothing to compare with. */
  readonly checksum: Checksum | undefined;
  readonly format: DiskFormat | undefined;
  readonly knownDigests: KnownDigests;
  readonly signal: AbortSignal;
  readonly status: (message: string) => void;
}

const readFailures: Readonly<Record<string, { readonly wrong: string; readonly wayOut: string }>> = {
  ENOENT: { wrong: "there is no such file on the machine where Pulumi runs.", wayOut: "A relative path counts from the program's folder." },
  ENOTDIR: { wrong: "a part of its path is no folder.", wayOut: "Correct the path." },
  EACCES: {
    wrong: "the user that runs Pulumi may not read it.",
    wayOut: "Give that user permission to read the file and to pass its folders.",
  },
  EISDIR: { wrong: "it is a folder.", wayOut: "Name a file in it." },
};

/** Errors of the file system and the end of the signal, in our words; ours pass as they are. */
export function asImageError(error: unknown, shown: string, signal: AbortSignal, doing = "reading the image"): unknown {
  const context = { doing, what: shown };
  if (error instanceof ImageError || error instanceof CancelledError) return error;
  if (signal.aborted) return new CancelledError(context);
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const known = readFailures[code];
  return known === undefined ? new ImageError(`${message}.`, context) : new ImageError(known.wrong, { ...context, wayOut: known.wayOut });
}

const changedMeanwhile = (shown: string) =>
  new ImageError("it was changed while it was read.", {
    doing: "reading the image",
    what: shown,
    wayOut: "Stop what writes to it, and run again.",
  });

export async function digestsOf(file: FileHandle, stats: BigIntStats, request: OpenRequest): Promise<Digests> {
  const { path, checksum, knownDigests, signal, status, fileName, shown } = request;
  const algorithm = checksum?.algorithm ?? "sha256";
  const known = await knownDigests.find(path, stats, algorithm);
  if (known !== undefined) return known;
  const progress = reportProgress(`reading ${fileName}`, status);
  const digests = await digestFile({ file, fileBytes: Number(stats.size), algorithm, signal, progress });
  if (contentStamp(await file.stat({ bigint: true })) !== contentStamp(stats)) throw changedMeanwhile(shown);
  await knownDigests.remember(path, stats, digests);
  return digests;
}

async function inspect(file: FileHandle, fileBytes: number, { format, shown }: OpenRequest): Promise<InspectedImage> {
  const refuse = (wrong: string, wayOut: string) => new ImageError(wrong, { doing: "inspecting the image", what: shown, wayOut });
  const [head, tail] = await Promise.all([
    readFully(file, 0, headerBytes),
    readFully(file, Math.max(fileBytes - footerBytes, 0), footerBytes),
  ]);
  const image = inspectImage({ head, tail, fileBytes }, format);
  if ("wrong" in image) throw refuse(image.wrong, image.wayOut);
  if (image.format !== "qcow2") return image;
  const usedBytes = await lastUsedOffset(file, image.layout);
  if (usedBytes < fileBytes) return image;
  throw refuse(
    `it is corrupt or cut off: it has ${fileBytes} bytes, and by its own tables at least ${usedBytes + 1}.`,
    "Take a whole copy of the image; `qemu-img check` tells whether one is.",
  );
}

export const checksumMismatch = (
  shown: string,
  doing: string,
  { algorithm, hex }: Checksum,
  got: string | undefined,
  wayOut: string,
): ImageError => new ImageError(`its ${algorithm} is ${got ?? "not known"}, and ${hex} was expected.`, { doing, what: shown, wayOut });

async function verify(file: FileHandle, request: OpenRequest): Promise<LocalImage> {
  const { shown, checksum, signal } = request;
  const stats = await file.stat({ bigint: true });
  if (!stats.isFile())
    throw new ImageError("it is no regular file.", { doing: "reading the image", what: shown, wayOut: "Name an image file." });
  const fileBytes = Number(stats.size);
  // The quick look first: who gave the wrong file need not wait for its checksum.
  const image = await inspect(file, fileBytes, request);
  const digests = await digestsOf(file, stats, request);
  if (checksum !== undefined && digests[checksum.algorithm] !== checksum.hex.toLowerCase()) {
    const wayOut = "Correct `checksum`, or take the right file.";
    throw checksumMismatch(shown, "verifying the image", checksum, digests[checksum.algorithm], wayOut);
  }
  async function* pieces(): AsyncGenerator<ImagePiece> {
    try {
      yield* imagePieces(file, fileBytes, signal);
      if (contentStamp(await file.stat({ bigint: true })) !== contentStamp(stats)) throw changedMeanwhile(shown);
    } catch (error) {
      throw asImageError(error, shown, signal);
    }
  }
  const { format, capacityBytes } = image;
  return { fileName: request.fileName, sha256: digests.sha256, fileBytes, format, capacityBytes, pieces, close: () => file.close() };
}

export async function openLocalImage(request: OpenRequest): Promise<LocalImage> {
  const { path, shown, signal } = request;
  let file: FileHandle | undefined;
  try {
    signal.throwIfAborted();
    // A pipe would wait for its writer here.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return await verify(file, request);
  } catch (error) {
    await file?.close();
    throw asImageError(error, shown, signal);
  }
}
