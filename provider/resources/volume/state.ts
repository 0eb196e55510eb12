// A volume as libvirt tells of it -> the resource's id and outputs. Pure.
import type { VolumeRecord } from "../../libvirt/port";
import type { DiskFormat } from "../../plan/domain";
import { formatSize } from "../../plan/size";
import { parseVolume } from "../../xml/storage-xml";
import type { Values } from "../resource";
import { asValues } from "../values";
import type { VolumeOutputs } from "./contract";

/** "pool/name": a pool's name holds no slash. */
export const idOf = ({ pool, name }: { readonly pool: string; readonly name: string }): string => `${pool}/${name}`;

/** undefined: no id of that form. */
export function placeOf(id: string): { readonly pool: string; readonly name: string } | undefined {
  const slash = id.indexOf("/");
  return slash > 0 && slash < id.length - 1 ? { pool: id.slice(0, slash), name: id.slice(slash + 1) } : undefined;
}

/** `inputs` hold the format: it was decided when the volume was made, and is not what the content looks like now. */
export function stateOf(inputs: Values, record: VolumeRecord): Values {
  const { key } = parseVolume(record.xml);
  const outputs: Omit<VolumeOutputs, "format"> & { readonly format?: DiskFormat } = {
    path: record.path,
    name: record.name,
    capacity: formatSize(record.capacityBytes),
    ...(key === undefined || key === record.path ? {} : { key }),
  };
  return { ...inputs, ...asValues(outputs) };
}
