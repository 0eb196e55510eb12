// Image sources in memory: what a test puts at a path or URL, verified as the real ones verify.
import { createHash } from "node:crypto";
import { ImageError } from "../errors";
import type { ImagePiece, ImageSources, LocalImage } from "../images/image-source";
import { headerBytes, parseImageHeader } from "../plan/image-header";

/** As the real ones: no piece has more data. */
const pieceBytes = 256 * 1024;
const holeBytes = 64 * 1024;

export interface FakeImages extends ImageSources {
  /** What the source holds from now on; undefined: nothing is there. */
  put(source: string, content: Buffer | undefined): void;
  /** Sources opened, in order. */
  readonly opened: readonly string[];
  /** How many images are open. */
  readonly openCount: number;
  /** Called before each piece is handed out: with the bytes that went before. It may throw, or wait. */
  onPiece: (doneBytes: number) => Promise<void> | void;
}

const refuse = (source: string, detail: string) => new ImageError(detail, { doing: "opening", what: source, wayOut: "Check it." });

const isHole = (block: Buffer) => block.length === holeBytes && block.every((byte) => byte === 0);

async function* piecesOf(content: Buffer, images: FakeImages): AsyncIterable<ImagePiece> {
  const blockAt = (at: number) => content.subarray(at, at + holeBytes);
  for (let at = 0; at < content.length;) {
    await images.onPiece(at);
    if (isHole(blockAt(at))) {
      yield { holeBytes };
      at += holeBytes;
      continue;
    }
    const start = at;
    while (at < content.length && at - start < pieceBytes && !isHole(blockAt(at))) at += holeBytes;
    yield { data: content.subarray(start, at) };
  }
}

export function createFakeImages(): FakeImages {
  const contents = new Map<string, Buffer>();
  const opened: string[] = [];
  let openCount = 0;
  const images: FakeImages = {
    opened,
    onPiece: () => undefined,
    get openCount() {
      return openCount;
    },
    put: (source, content) => {
      if (content === undefined) contents.delete(source);
      else contents.set(source, content);
    },
    open: async ({ source, checksum, format, status }): Promise<LocalImage> => {
      opened.push(source);
      const content = contents.get(source);
      if (content === undefined) throw refuse(source, "there is no such file.");
      status(`reading ${source}`);
      if (checksum !== undefined && checksum !== "none") {
        const digest = createHash(checksum.algorithm).update(content).digest("hex");
        if (digest !== checksum.hex) throw refuse(source, `its ${checksum.algorithm} is ${digest}, not ${checksum.hex}.`);
      }
      const header = parseImageHeader(content.subarray(0, headerBytes));
      if (format === undefined && header.format === "other") throw refuse(source, "it is neither raw nor qcow2.");
      if (format === "qcow2" && header.format !== "qcow2") throw refuse(source, "it is not qcow2.");
      const isQcow2 = format !== "raw" && header.format === "qcow2";
      openCount += 1;
      let isOpen = true;
      return {
        fileName: source.slice(source.lastIndexOf("/") + 1),
        sha256: createHash("sha256").update(content).digest("hex"),
        fileBytes: content.length,
        format: isQcow2 ? "qcow2" : "raw",
        capacityBytes: isQcow2 ? (header.capacityBytes ?? 0) : content.length,
        pieces: () => piecesOf(content, images),
        close: async () => {
          if (isOpen) openCount -= 1;
          isOpen = false;
        },
      };
    },
  };
  return images;
}
