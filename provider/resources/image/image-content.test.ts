// The content as it is uploaded, put together again, is the image.
import fc from "fast-check";
import type { ImagePiece } from "../../images/image-source";
import { bodyOf, dataBytesOf, headBytes, headOf, pieceBytes } from "./image-content";

async function* streamOf(pieces: readonly ImagePiece[]): AsyncIterable<ImagePiece> {
  yield* pieces;
}

const bytesOf = (pieces: readonly ImagePiece[]) =>
  Buffer.concat(pieces.map((piece) => ("data" in piece ? piece.data : Buffer.alloc(piece.holeBytes))));

const lengths = fc.oneof(
  fc.integer({ min: 1, max: 100 }),
  fc.integer({ min: headBytes - 2, max: headBytes + 2 }),
  fc.constant(2 * headBytes + 7),
);
const piece: fc.Arbitrary<ImagePiece> = fc.oneof(
  lengths.map((holeBytes) => ({ holeBytes })),
  fc.tuple(lengths, fc.integer({ min: 1, max: 255 })).map(([length, byte]) => ({ data: Buffer.alloc(length, byte) })),
);

test("head and body together are the image, and the body begins with a hole", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
      const whole = bytesOf(pieces);
      const image = { fileBytes: whole.length, pieces: () => streamOf(pieces) };
      const head = await headOf(image);
      const body: ImagePiece[] = [];
      for await (const each of bodyOf(image.pieces())) body.push(each);
      expect(head.equals(whole.subarray(0, headBytes))).toBe(true);
      expect(body.every((each) => pieceBytes(each) > 0)).toBe(true);
      const sent = bytesOf(body);
      expect(sent.length).toBe(whole.length);
      expect(sent.subarray(0, head.length).every((byte) => byte === 0)).toBe(true);
      expect(sent.subarray(headBytes).equals(whole.subarray(headBytes))).toBe(true);
    }),
  );
});

test("only data takes room", async () => {
  const pieces = [{ holeBytes: 1000 }, { data: Buffer.alloc(10, 1) }, { holeBytes: 5 }, { data: Buffer.alloc(20, 1) }];
  expect(await dataBytesOf({ pieces: () => streamOf(pieces) })).toBe(30);
});
