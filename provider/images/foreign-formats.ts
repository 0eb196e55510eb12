// The first and last bytes of a file -> what it is when it is no image that a virtual machine can start from as it is. Pure.

export interface ForeignFormat {
  /** "a VMware disk (VMDK)" */
  readonly name: string;
  readonly wayOut: string;
}

/** Where a format shows itself: bytes (as latin1 text) at a place of the file's head, or of its last 512 bytes. */
interface Mark {
  readonly bytes: string;
  readonly at: number;
  readonly in: "head" | "tail";
}

/** Bytes at the end of a file in which formats with a footer show themselves. */
export const footerBytes = 512;

const atStart = (...texts: readonly string[]): readonly Mark[] => texts.map((bytes) => ({ bytes, at: 0, in: "head" }));
const convert = (format: string) => `Convert it first: qemu-img convert -f ${format} -O qcow2 THE_FILE image.qcow2`;
const decompress = (program: string) => `Decompress it first (${program}), and give the checksum of the image itself.`;
const unpack = "Unpack it first, and give the image that is inside.";
const notAnImage = "Look at the address in a browser: it may need a login, or be the page about the image and not the image.";

const formats: readonly (ForeignFormat & { readonly marks: readonly Mark[] })[] = [
  { name: "a VMware disk (VMDK)", marks: atStart("KDMV", "COWD", "# Disk DescriptorFile"), wayOut: convert("vmdk") },
  { name: "a VirtualBox disk (VDI)", marks: [{ bytes: "\x7f\x10\xda\xbe", at: 64, in: "head" }], wayOut: convert("vdi") },
  { name: "a Hyper-V disk (VHDX)", marks: atStart("vhdxfile"), wayOut: convert("vhdx") },
  {
    name: "a Virtual PC or Azure disk (VHD)",
    marks: [...atStart("conectix"), { bytes: "conectix", at: 0, in: "tail" }],
    wayOut: convert("vpc"),
  },
  { name: "a QED image", marks: atStart("QED\0"), wayOut: convert("qed") },
  { name: "a qcow image of the first version", marks: atStart("QFI\xfb\0\0\0\x01"), wayOut: convert("qcow") },
  { name: "a Parallels disk", marks: atStart("WithoutFreeSpace", "WithouFreSpacExt"), wayOut: convert("parallels") },
  { name: "an Apple disk image (DMG)", marks: [{ bytes: "koly", at: 0, in: "tail" }], wayOut: convert("dmg") },
  {
    name: "encrypted (LUKS)",
    marks: atStart("LUKS\xba\xbe"),
    wayOut: 'If the guest itself unlocks it, say format: "raw"; else decrypt it first with qemu-img convert.',
  },
  { name: "compressed with xz", marks: atStart("\xfd7zXZ\0"), wayOut: decompress("xz -d") },
  { name: "compressed with gzip", marks: atStart("\x1f\x8b\x08"), wayOut: decompress("gzip -d") },
  { name: "compressed with zstd", marks: atStart("\x28\xb5\x2f\xfd"), wayOut: decompress("zstd -d") },
  {
    name: "compressed with bzip2",
    // A digit for the block size stands between the two parts of this mark; the second part is enough.
    marks: [{ bytes: "1AY&SY", at: 4, in: "head" }],
    wayOut: decompress("bzip2 -d"),
  },
  { name: "compressed with lz4", marks: atStart("\x04\x22\x4d\x18"), wayOut: decompress("lz4 -d") },
  { name: "a zip archive", marks: atStart("PK\x03\x04"), wayOut: unpack },
  { name: "a 7z archive", marks: atStart("7z\xbc\xaf\x27\x1c"), wayOut: unpack },
  { name: "a tar archive (an OVA is one too)", marks: [{ bytes: "ustar", at: 257, in: "head" }], wayOut: unpack },
  { name: "a web page", marks: atStart("<!DOCTYPE", "<!doctype", "<html", "<HTML"), wayOut: notAnImage },
  { name: "an XML document", marks: atStart("<?xml"), wayOut: notAnImage },
];

/** `tail`: the file's last 512 bytes, or all of a shorter one. */
export const foreignFormat = (head: Buffer, tail: Buffer): ForeignFormat | undefined =>
  formats.find(({ marks }) =>
    marks.some(({ bytes, at, in: place }) => (place === "head" ? head : tail).subarray(at, at + bytes.length).toString("latin1") === bytes),
  );
