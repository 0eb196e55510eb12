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

test("any bytes at all are read without harm", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 256 }), fc.boolean(), (bytes, isQcow2) => {
      const head = Buffer.concat([isQcow2 ? qcow2().subarray(0, 8) : Buffer.alloc(0), bytes]).subarray(0, headerBytes);
      expect(["raw", "qcow2", "other"]).toContain(parseImageHeader(head).format);
    }),
  );
});
