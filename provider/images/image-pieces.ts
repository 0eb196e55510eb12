// An open file -> its content in order, zeroes as holes: what an upload need not send.
import type { FileHandle } from "node:fs/promises";
import type { ImagePiece } from "./image-source";

/** One read: large enough that the hop to another thread does not count. */
const readBytes = 1024 * 1024;
/** Most data of one piece: a libvirt stream packet. */
const pieceBytes = 256 * 1024;
/** The grain of holes: qcow2's usual cluster, and a multiple of every file system's block. */
const grainBytes = 64 * 1024;
const zeroes = Buffer.alloc(grainBytes);

const isZero = (bytes: Buffer): boolean => bytes.equals(bytes.length === grainBytes ? zeroes : zeroes.subarray(0, bytes.length));

/** Runs of one kind within a buffer: [start, end) in bytes, data no longer than a piece. */
function* runsOf(buffer: Buffer): Generator<{ readonly isHole: boolean; readonly start: number; readonly end: number }> {
  let start = 0;
  let isHole: boolean | undefined;
  for (let at = 0; at < buffer.length; at += grainBytes) {
    const isZeroHere = isZero(buffer.subarray(at, at + grainBytes));
    const isFull = isHole === false && at - start >= pieceBytes;
    if (isHole !== undefined && (isZeroHere !== isHole || isFull)) {
      yield { isHole, start, end: at };
      start = at;
    }
    isHole = isZeroHere;
  }
  if (isHole !== undefined) yield { isHole, start, end: buffer.length };
}

/** A piece may be kept by who takes it, so each read has a buffer of its own. */
async function readSome(file: FileHandle, offset: number, wantedBytes: number): Promise<Buffer> {
  if (wantedBytes <= 0) return Buffer.alloc(0);
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(wantedBytes), 0, wantedBytes, offset);
  return buffer.subarray(0, bytesRead);
}

/** Buffers one after the other, each read while the one before it is used. */
async function* buffersOf(file: FileHandle, fileBytes: number): AsyncGenerator<Buffer> {
  const read = (offset: number): Promise<Buffer> => {
    const bytes = readSome(file, offset, Math.min(readBytes, fileBytes - offset));
    // It may fail while the buffer before it is still used: it is heard when its turn comes.
    bytes.catch(() => undefined);
    return bytes;
  };
  let offset = 0;
  let next = read(offset);
  try {
    for (;;) {
      const buffer = await next;
      if (buffer.length === 0) return;
      offset += buffer.length;
      next = read(offset);
      yield buffer;
    }
  } finally {
    // Who stops early closes the file next: no read may be under way then.
    await next.catch(() => undefined);
  }
}

/** Holes that follow one another are one piece. A file that is shorter than `fileBytes` ends early. */
export async function* imagePieces(file: FileHandle, fileBytes: number, signal: AbortSignal): AsyncGenerator<ImagePiece> {
  let holeBytes = 0;
  for await (const buffer of buffersOf(file, fileBytes)) {
    signal.throwIfAborted();
    for (const { isHole, start, end } of runsOf(buffer)) {
      if (isHole) {
        holeBytes += end - start;
        continue;
      }
      if (holeBytes > 0) yield { holeBytes };
      holeBytes = 0;
      yield { data: buffer.subarray(start, end) };
    }
  }
  if (holeBytes > 0) yield { holeBytes };
}
