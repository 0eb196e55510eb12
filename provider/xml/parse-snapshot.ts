// libvirt's XML of a snapshot -> what it holds and where: its memory, the files it put over the disks, and the files it needs.
import { attributeOf, childOf, childrenOf, textOf, type XmlElement } from "./document";
import { parseDisk } from "./parse-domain";
import { readXml } from "./read-xml";

/** A file that an external snapshot made: the disk goes on in it, over the file it had, which is the snapshot. */
export interface SnapshotOverlay {
  readonly target: string;
  readonly path: string;
  /** The file that it stands on. */
  readonly over?: string | undefined;
}

export interface ObservedSnapshot {
  readonly name: string;
  readonly overlays: readonly SnapshotOverlay[];
  /** The guest's memory, where it is in a file of its own. */
  readonly memoryFile?: string | undefined;
  /** The files and devices of the disks when it was made: a revert needs them. */
  readonly images: readonly string[];
}

export function parseSnapshot(xml: string): ObservedSnapshot {
  const snapshot = readXml(xml);
  const before = disksOf(childOf(snapshot, "domain")).map((disk) => parseDisk(disk, undefined));
  const over = new Map(before.map(({ target, path }) => [target, path]));
  const disks = childOf(snapshot, "disks");
  const overlays = (disks === undefined ? [] : childrenOf(disks, "disk")).flatMap((disk): SnapshotOverlay[] => {
    const source = childOf(disk, "source");
    const path = attributeOf(source, "file") ?? attributeOf(source, "dev");
    const target = attributeOf(disk, "name") ?? "";
    return attributeOf(disk, "snapshot") === "external" && path !== undefined ? [{ target, path, over: over.get(target) }] : [];
  });
  return {
    name: textOf(childOf(snapshot, "name")) ?? "",
    overlays,
    memoryFile: attributeOf(childOf(snapshot, "memory"), "file"),
    images: before.flatMap(({ path }) => path ?? []),
  };
}

function disksOf(domain: XmlElement | undefined): readonly XmlElement[] {
  const devices = domain && childOf(domain, "devices");
  return devices === undefined ? [] : childrenOf(devices, "disk");
}
