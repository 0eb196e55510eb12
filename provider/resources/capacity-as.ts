// A volume and the format that it is taken for -> the bytes that a guest sees of it. Pure.
import type { VolumeRecord } from "../libvirt/port";
import type { DiskFormat } from "../plan/domain";
import { parseVolume } from "../xml/storage-xml";

/** libvirt calls an image with a CD's file system "iso": for QEMU it is raw. */
const rawWords: readonly string[] = ["raw", "iso"];

/** Of a raw volume every byte is the guest's: a size that libvirt read in what looks there like a header is none. */
export function capacityAs(format: DiskFormat | undefined, { xml, capacityBytes }: Pick<VolumeRecord, "xml" | "capacityBytes">): number {
  if (format !== "raw") return capacityBytes;
  const seen = parseVolume(xml);
  return rawWords.includes(seen.format) ? capacityBytes : (seen.physicalBytes ?? capacityBytes);
}
