import { open, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { imagePieces } from "./image-pieces";
import type { ImagePiece } from "./image-source";
import { bytesOf, scratchFolder } from "./scratch.fixture";

const KiB = 1024;
const scratch = scratchFolder();
const never = new AbortController().signal;

async function piecesOf(content: Buffer): Promise<readonly ImagePiece[]> {
  await writeFile(scratch.path("image"), content);
  const file = await open(scratch.path("image"), "r");
  const pieces: ImagePiece[] = [];
  try {
    for await (const piece of imagePieces(file, content.length, never)) pieces.push(piece);
  } finally {
    await file.close();
  }
  return pieces;
}

const data = (bytes: number) => Buffer.alloc(bytes, 0xa5);
const hole = (bytes: number) => Buffer.alloc(bytes);
const shape = (pieces: readonly ImagePiece[]) => pieces.map((piece) => ("data" in piece ? piece.data.length : -piece.holeBytes));

test.each([
  { parts: [], is: [], because: "an empty file" },
  { parts: [data(10)], is: [10], because: "less than a grain" },
  { parts: [hole(10)], is: [-10], because: "zeroes at the end are a hole however few" },
  { parts: [data(600 * KiB)], is: [256 * KiB, 256 * KiB, 88 * KiB], because: "data comes in pieces of 256 KiB at most" },
  { parts: [hole(5 * KiB * KiB)], is: [-5 * KiB * KiB], because: "a hole over several reads is one piece" },
  { parts: [data(64 * KiB), hole(64 * KiB), data(64 * KiB)], is: [64 * KiB, -64 * KiB, 64 * KiB], because: "the least hole" },
  { parts: [data(KiB), hole(63 * KiB), data(KiB)], is: [65 * KiB], because: "zeroes of less than a grain are data" },
  { parts: [hole(3 * KiB * KiB), data(1), hole(7)], is: [-3 * KiB * KiB, 8], because: "a last grain that is not full" },
])("$because", async ({ parts, is }) => {
  const content = Buffer.concat(parts);
  const pieces = await piecesOf(content);
  expect(shape(pieces)).toEqual(is);
});

test("the pieces are the file, byte for byte, also when they are kept", async () => {
  const parts = Array.from({ length: 40 }, (_, at) => (at % 3 === 0 ? hole(at * 11_111) : randomBytes(at * 7_777)));
  const content = Buffer.concat(parts);
  const pieces = await piecesOf(content);
  const kept = (async function* () {
    yield* pieces;
  })();
  expect((await bytesOf(kept)).equals(content)).toBe(true);
});

test("a reader that stops early leaves nothing under way", async () => {
  await writeFile(scratch.path("long"), randomBytes(3 * KiB * KiB));
  const file = await open(scratch.path("long"), "r");
  const iterator = imagePieces(file, 3 * KiB * KiB, never);
  await iterator.next();
  await iterator.return(undefined);
  await expect(file.close()).resolves.toBeUndefined();
});
