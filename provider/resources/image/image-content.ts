// An image's content as it is uploaded: all but its first bytes, and then these. Pure.
import type { ImagePiece, LocalImage } from "../../images/image-source";

/**
 * The first bytes of an image are written last: until then the file on the host begins with zeroes, and is no qcow2 image and no disk with a partition table
 * to anybody who looks at it.
 */
export const headBytes = 64 * 1024;

export const pieceBytes = (piece: ImagePiece): number => ("data" in piece ? piece.data.length : piece.holeBytes);

/** The first bytes; fewer where the image is smaller. */
export async function headOf(image: Pick<LocalImage, "fileBytes" | "pieces">): Promise<Buffer> {
  const head = Buffer.alloc(Math.min(headBytes, image.fileBytes));
  let done = 0;
  for await (const piece of image.pieces()) {
    if ("data" in piece) head.set(piece.data.subarray(0, Math.max(0, head.length - done)), done);
    done += pieceBytes(piece);
    if (done >= head.length) break;
  }
  return head;
}

/** The content with a hole for its head. */
export async function* bodyOf(pieces: AsyncIterable<ImagePiece>): AsyncGenerator<ImagePiece> {
  let done = 0;
  for await (const piece of pieces) {
    const [before, length] = [Math.max(0, headBytes - done), pieceBytes(piece)];
    done += length;
    if (before === 0 || !("data" in piece)) {
      yield piece;
      continue;
    }
    yield { holeBytes: Math.min(before, length) };
    if (length > before) yield { data: piece.data.subarray(before) };
  }
}

/** Bytes that are no hole: what the image takes on the host. */
export async function dataBytesOf(image: Pick<LocalImage, "pieces">): Promise<number> {
  let bytes = 0;
  for await (const piece of image.pieces()) if ("data" in piece) bytes += piece.data.length;
  return bytes;
}
