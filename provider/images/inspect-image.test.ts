import { footerBytes } from "./foreign-formats";
import type { RefusedImage } from "./inspect-image";
import { inspectImage } from "./inspect-image";
import { headerBytes } from "../plan/image-header";
import { qcow2File } from "./qcow2.fixture";

const inspect = (file: Buffer, format?: "raw" | "qcow2") =>
  inspectImage({ head: file.subarray(0, headerBytes), tail: file.subarray(-footerBytes), fileBytes: file.length }, format);

function refused(image: ReturnType<typeof inspect>): RefusedImage {
  if (!("wrong" in image)) throw new Error(`taken as ${image.format}`);
  return image;
}

/** A file of 128 KiB with these bytes in it. */
function fileWith(text: string, at = 0): Buffer {
  const file = Buffer.alloc(131_072);
  file.write(text, at < 0 ? file.length + at : at, "latin1");
  return file;
}

test.each([
  { file: qcow2File(), is: { format: "qcow2", capacityBytes: 1 << 30 }, because: "as qemu-img makes it" },
  {
    file: qcow2File({ version: 2 }),
    is: { format: "qcow2", capacityBytes: 1 << 30 },
    because: "the older version, which cloud images still have",
  },
  { file: qcow2File({ features: 1n << 3n }), is: { format: "qcow2" }, because: "zstd inside is QEMU's business" },
  { file: fileWith("CD001", 32_769), is: { format: "raw", capacityBytes: 131_072 }, because: "an ISO is raw for QEMU" },
  { file: fileWith("\x55\xaa", 510), is: { format: "raw", capacityBytes: 131_072 }, because: "a disk with a boot sector" },
  { file: Buffer.from("x"), is: { format: "raw", capacityBytes: 1 }, because: "shorter than any header" },
])("$because", ({ file, is }) => {
  expect(inspect(file)).toMatchObject(is);
});

test.each([
  {
    file: qcow2File({ backingName: "/etc/shadow" }),
    wrong: /backing file \(\/etc\/shadow\)/,
    because: "it would show a file of the host to the guest",
  },
  { file: qcow2File({ features: 1n << 2n }), wrong: /another file/, because: "an external data file is a file of the host too" },
  { file: qcow2File({ features: 1n << 1n }), wrong: /corrupt/, because: "QEMU's own mark" },
  { file: qcow2File({ features: 1n }), wrong: /not closed/, because: "somebody may still write to it" },
  { file: qcow2File({ encryption: 2 }), wrong: /encrypted/, because: "no guest could start from it without its secret" },
  { file: qcow2File({ version: 4 }), wrong: /version 4/, because: "nobody knows what that will mean" },
  { file: qcow2File({ clusterBits: 40 }), wrong: /corrupt/, because: "no clusters are that large" },
  { file: qcow2File({ l1Entries: 1 }), wrong: /too short/, because: "a gibibyte needs two entries" },
  { file: qcow2File({ l1Offset: 1 << 30 }), wrong: /cut off/, because: "the table lies behind the end of the file" },
  { file: qcow2File({ l1Offset: 0 }), wrong: /cut off/, because: "the table lies in the header" },
  { file: qcow2File({ refcountTableOffset: 1 << 30 }), wrong: /cut off/, because: "the counters lie behind the end of the file" },
  { file: qcow2File().subarray(0, 100), wrong: /cut off/, because: "the header itself is cut" },
  { file: qcow2File({ capacityBytes: 0 }), wrong: /no size/, because: "a disk of no bytes" },
  { file: Buffer.alloc(0), wrong: /empty/, because: "nothing came" },
  { file: fileWith("KDMV"), wrong: /VMDK/, because: "qemu-img converts it" },
  { file: fileWith("# Disk DescriptorFile\n"), wrong: /VMDK/, because: "the text part of one" },
  { file: fileWith("\x7f\x10\xda\xbe", 64), wrong: /VDI/, because: "its mark is not at the start" },
  { file: fileWith("vhdxfile"), wrong: /VHDX/, because: "qemu-img converts it" },
  { file: fileWith("conectix"), wrong: /VHD\)/, because: "a dynamic one" },
  { file: fileWith("conectix", -512), wrong: /VHD\)/, because: "a fixed one looks raw but for its last sector" },
  { file: fileWith("QED\0"), wrong: /QED/, because: "given up by QEMU" },
  { file: fileWith("QFI\xfb\0\0\0\x01"), wrong: /first version/, because: "not what is called qcow2" },
  { file: fileWith("LUKS\xba\xbe"), wrong: /LUKS/, because: "QEMU would need the secret" },
  { file: fileWith("koly", -512), wrong: /DMG/, because: "marked at the end" },
  { file: fileWith("\xfd7zXZ\0"), wrong: /xz/, because: "a compressed image" },
  { file: fileWith("\x1f\x8b\x08\0"), wrong: /gzip/, because: "a compressed image" },
  { file: fileWith("\x28\xb5\x2f\xfd"), wrong: /zstd/, because: "a compressed image" },
  { file: fileWith("BZh91AY&SY"), wrong: /bzip2/, because: "a compressed image" },
  { file: fileWith("PK\x03\x04"), wrong: /zip/, because: "an archive" },
  { file: fileWith("ustar", 257), wrong: /tar/, because: "an archive, as an OVA is" },
  { file: fileWith("<!DOCTYPE html>"), wrong: /web page/, because: "a login page came instead" },
])("$because: refused with a way out ($wrong)", ({ file, wrong }) => {
  const { wrong: said, wayOut } = refused(inspect(file));
  expect(said).toMatch(wrong);
  expect(wayOut).toMatch(/\w+.{10,}/);
});

test.each([
  { file: qcow2File({ backingName: "/etc/shadow" }), because: "then its bytes are only bytes" },
  { file: fileWith("KDMV"), because: "whatever it looks like" },
])('format: "raw" is taken at its word: $because', ({ file }) => {
  expect(inspect(file, "raw")).toEqual({ format: "raw", capacityBytes: file.length });
});

test.each([
  { file: fileWith("x"), wrong: /no qcow2/, because: "raw is no qcow2" },
  { file: qcow2File({ backingName: "b" }), wrong: /backing/, because: "what is dangerous stays so" },
])('format: "qcow2" is a promise to keep: $because', ({ file, wrong }) => {
  expect(refused(inspect(file, "qcow2")).wrong).toMatch(wrong);
});
