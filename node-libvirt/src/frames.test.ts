/** Cutting the byte stream into messages. */
import fc from "fast-check";
import { encodeMessage, FrameSplitter } from "./frames";
import type { Message } from "./frames";
import { XdrError } from "./xdr";

const word = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const aMessage: fc.Arbitrary<Message> = fc
  .record({
    program: word,
    version: word,
    procedure: word,
    type: word,
    serial: word,
    status: word,
    bytes: fc.uint8Array({ maxLength: 64 }),
  })
  .map(({ bytes, ...header }) => ({ ...header, payload: Buffer.from(bytes) }));

test("messages come out whole and in order, however the bytes arrive", () => {
  fc.assert(
    fc.property(fc.array(aMessage, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (messages, sizes) => {
      const bytes = Buffer.concat(messages.map(encodeMessage));
      const splitter = new FrameSplitter();
      const received: Message[] = [];
      for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        received.push(...splitter.push(bytes.subarray(offset, offset + size)));
        offset += size;
      }
      expect(received).toEqual(messages);
    }),
  );
});

test.each([
  { length: 0, because: "a message holds at least its own length" },
  { length: 27, because: "a header has 24 bytes" },
  { length: 33_554_437, because: "libvirt's largest message has 32 MiB and its length word" },
  { length: 0xffff_ffff, because: "nobody sends 4 GiB" },
])("a length of $length is refused because $because", ({ length }) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  expect(() => new FrameSplitter().push(bytes)).toThrow(XdrError);
});

test("a large message in small pieces takes time in proportion to its size", () => {
  const payload = Buffer.alloc(32 * 1024 * 1024 - 24);
  const bytes = encodeMessage({ program: 1, version: 1, procedure: 1, type: 1, serial: 1, status: 0, payload });
  const splitter = new FrameSplitter();
  const pieceBytes = 64 * 1024;
  const startedMs = performance.now();
  let received = 0;
  for (let offset = 0; offset < bytes.length; offset += pieceBytes)
    received += splitter.push(bytes.subarray(offset, offset + pieceBytes)).length;
  expect(received).toBe(1);
  // Joining the pieces again for each new one would copy 8 GiB.
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});
