// Storage volumes: our request for a volume -> libvirt's XML, and libvirt's answer -> what we use of it.
import { attributeOf, addChild, childOf, newRoot, setText, textOf } from "./document";
import { readXml } from "./read-xml";
import { bytesOf } from "./size";
import { writeXml } from "./write-xml";

/** A volume to be made. Owner, mode and label are left to libvirt and the pool. */
export interface VolumeRequest {
  readonly name: string;
  /** Absent: as much as the backing file, or the volume it is copied from, has. */
  readonly capacityBytes?: number | undefined;
  /** 0: sparse. Absent: libvirt's default, which is the whole capacity for raw and little for qcow2. */
  readonly allocationBytes?: number | undefined;
  readonly format: "raw" | "qcow2";
  readonly backing?: { readonly path: string; readonly format: string } | undefined;
}

export interface ObservedVolume {
  readonly name: string;
  readonly path: string;
  /** libvirt's word; "raw" where the pool's volumes have no format (LVM). */
  readonly format: string;
  readonly capacityBytes: number;
  readonly allocationBytes: number;
  /** Size of the file itself, where libvirt tells: a qcow2 file's is not its capacity. */
  readonly physicalBytes?: number | undefined;
  /** libvirt's name of the data, where it is not the path. */
  readonly key?: string | undefined;
  readonly backingPath?: string | undefined;
  readonly backingFormat?: string | undefined;
}

/** qcow2 version 3 (QEMU >= 1.1): libvirt's own default was the older one for long. */
const qcow2Compat = "1.1";

export function volumeXml({ name, capacityBytes, allocationBytes, format, backing }: VolumeRequest): string {
  const volume = newRoot("volume");
  setText(addChild(volume, "name"), name);
  if (capacityBytes !== undefined) setText(addChild(volume, "capacity", { unit: "bytes" }), capacityBytes);
  if (allocationBytes !== undefined) setText(addChild(volume, "allocation", { unit: "bytes" }), allocationBytes);
  const target = addChild(volume, "target");
  addChild(target, "format", { type: format });
  if (format === "qcow2") setText(addChild(target, "compat"), qcow2Compat);
  if (backing !== undefined) {
    const store = addChild(volume, "backingStore");
    setText(addChild(store, "path"), backing.path);
    addChild(store, "format", { type: backing.format });
  }
  return writeXml(volume);
}

export function parseVolume(xml: string): ObservedVolume {
  const volume = readXml(xml);
  const backingPath = textOf(childOf(volume, "backingStore", "path"));
  const backingFormat = attributeOf(childOf(volume, "backingStore", "format"), "type");
  const physicalBytes = bytesOf(childOf(volume, "physical"), "bytes");
  const key = textOf(childOf(volume, "key"));
  return {
    name: textOf(childOf(volume, "name")) ?? "",
    path: textOf(childOf(volume, "target", "path")) ?? textOf(childOf(volume, "key")) ?? "",
    format: attributeOf(childOf(volume, "target", "format"), "type") ?? "raw",
    capacityBytes: bytesOf(childOf(volume, "capacity"), "bytes") ?? 0,
    allocationBytes: bytesOf(childOf(volume, "allocation"), "bytes") ?? 0,
    ...(physicalBytes === undefined ? {} : { physicalBytes }),
    ...(key === undefined ? {} : { key }),
    ...(backingPath === undefined ? {} : { backingPath }),
    ...(backingPath === undefined || backingFormat === undefined ? {} : { backingFormat }),
  };
}
