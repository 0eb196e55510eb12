// An image as it lies on the host -> the resource's outputs, and whether it is whole. Pure.
import type { VolumeRecord } from "../../libvirt/port";
import type { DiskFormat } from "../../plan/domain";
import { formatSize } from "../../plan/size";
import { parseVolume } from "../../xml/storage-xml";
import { capacityAs } from "../capacity-as";
import { uploadedFormat } from "../image-name";
import type { Values } from "../resource";
import { asValues, defined, sizeBytes, without } from "../values";
import type { ImageOutputs } from "./contract";

/** "pool/volume": a pool's name holds no slash. */
export const idOf = ({ pool, name }: { readonly pool: string; readonly name: string }): string => `${pool}/${name}`;

/** undefined: no id of an image. */
export function placeOf(id: string): { readonly pool: string; readonly name: string; readonly format: DiskFormat } | undefined {
  const slash = id.indexOf("/");
  const [pool, name] = [id.slice(0, slash), id.slice(slash + 1)];
  const format = uploadedFormat(name);
  return slash > 0 && format !== undefined ? { pool, name, format } : undefined;
}

/** Of the file itself. */
export const fileBytesOf = (record: VolumeRecord): number => parseVolume(record.xml).physicalBytes ?? 0;

/** `sha256`: absent where nobody has read the content. */
export function stateOf(inputs: Values, record: VolumeRecord, sha256: string | undefined): Values {
  // The name tells; what libvirt takes the file for is a guess of its own.
  const format = uploadedFormat(record.name) ?? "raw";
  const outputs: ImageOutputs = {
    path: record.path,
    volume: record.name,
    pool: record.pool,
    format,
    capacity: formatSize(capacityAs(format, record)),
    fileSize: formatSize(fileBytesOf(record)),
    ...defined({ sha256 }),
  };
  return { ...without(inputs, "sha256"), ...asValues(outputs) };
}

/**
 * What is the matter with an image that was whole when its state was stored; undefined: nothing. Of the content only the size and, for qcow2, the header are
 * looked at: nothing is read.
 */
export function damageOf(record: VolumeRecord, oldState: Values): string | undefined {
  const [has, had] = [fileBytesOf(record), sizeBytes(oldState["fileSize"])];
  if (had !== undefined && has !== had) return `has ${formatSize(has)} of ${formatSize(had)}`;
  const { format } = parseVolume(record.xml);
  return uploadedFormat(record.name) === "qcow2" && format !== "qcow2" ? "has no qcow2 header" : undefined;
}
