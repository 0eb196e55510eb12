import * as fc from "fast-check";
import { headerBytes, parseImageHeader } from "./image-header";

/** A header as qemu-img writes it: version 3, backing name behind the fixed part. */
function qcow2({ capacityBytes = 1n << 30n, backing = "", version = 3, offset = 112n, length = Buffer.byteLength(backing) } = {}): Buffer {
  const head = Buffer.alloc(512);
  head.write("QFI\u00fb", "latin1");
  head.writeUInt32BE(version, 4);
  head.writeBigUInt64BE(backing === "" ? 0n : offset, 8);
  head.writeUInt32BE(length, 16);
  head.writeBigUInt64BE(capacityBytes, 24);
  head.write(backing, 112);
  return head;
}

test.each([
  { head: qcow2(), is: { format: "qcow2", capacityBytes: 2 ** 30, backingName: undefined }, because: "no backing file" },
  {
    head: qcow2({ backing: "/b.img", version: 2 }),
    is: { format: "qcow2", backingName: "/b.img" },
    because: "the older version has the same fields",
  },
  {
    head: qcow2({ backing: "x", offset: 1n << 40n }),
    is: { format: "qcow2", backingName: undefined },
    because: "a name outside of what was read",
  },
  { head: qcow2({ backing: "x", length: 5_000 }), is: { format: "qcow2", backingName: undefined }, because: "longer than QEMU allows" },
  { head: qcow2({ version: 1 }), is: { format: "raw" }, because: "version 1 is another format, which QEMU reads by name only" },
  { head: Buffer.alloc(0), is: { format: "raw" }, because: "an empty file" },
  { head: Buffer.from("QFI\u00fb", "latin1"), is: { format: "raw" }, because: "too short for a header" },
  { head: Buffer.from("KDMV and more"), is: { format: "other" }, because: "a VMware image" },
])("$because", ({ head, is }) => {
  expect(parseImageHeader(head)).toMatchObject(is);
});

/** A header of version 3 with extensions before the backing file's name. */
function withExtensions(...extensions: readonly (readonly [type: number, data: string])[]): Buffer {
  const head = qcow2({ backing: "/b.img", offset: 400n });
  head.fill(0, 104);
  head.writeUInt32BE(104, 100);
  head.write("/b.img", 400);
  let at = 104;
  for (const [type, data] of extensions) {
    head.writeUInt32BE(type, at);
    head.writeUInt32BE(data.length, at + 4);
    head.write(data, at + 8);
    at += 8 + Math.ceil(data.length / 8) * 8;
  }
  return head;
}

const backingFormatType = 0xe2792aca;
const featureNamesType = 0x6803f857;

test.each([
  { head: withExtensions([backingFormatType, "raw"]), backingFormat: "raw", because: "it is said at once" },
  {
    head: withExtensions([featureNamesType, "a".repeat(49)], [backingFormatType, "qcow2"]),
    backingFormat: "qcow2",
    because: "another extension comes first, with a length that is filled up",
  },
  { head: withExtensions([backingFormatType, "vmdk"]), backingFormat: "other", because: "there are more formats" },
  { head: withExtensions([0, ""], [backingFormatType, "raw"]), backingFormat: undefined, because: "what stands behind the end is none" },
  { head: withExtensions([featureNamesType, "a".repeat(200)]), backingFormat: undefined, because: "zeroes are an end too" },
])("the format of the backing file: $because", ({ head, backingFormat }) => {
  expect(parseImageHeader(head)).toEqual({ format: "qcow2", capacityBytes: 2 ** 30, backingName: "/b.img", backingFormat });
});

test("any bytes at all are read without harm", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 256 }), fc.boolean(), (bytes, isQcow2) => {
      const head = Buffer.concat([isQcow2 ? qcow2().subarray(0, 8) : Buffer.alloc(0), bytes]).subarray(0, headerBytes);
      expect(["raw", "qcow2", "other"]).toContain(parseImageHeader(head).format);
    }),
  );
});
