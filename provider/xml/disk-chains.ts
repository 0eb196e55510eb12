// A domain's definition -> the images that each of its disks is made of, backing files and what a running job writes to included.
import { attributeOf, childOf, childrenOf } from "./document";
import type { XmlElement } from "./document";
import { readXml } from "./read-xml";

export interface DiskChain {
  readonly target: string;
  /** Paths of files and devices, names of network images ("pool/image"), the disk's own first. A stopped domain's definition holds that alone. */
  readonly images: readonly string[];
}

/** Where a source may say what it is. */
const sourceWords = ["file", "dev", "name"] as const;

/** Elements of a disk that hold a further image. */
const innerImages = ["backingStore", "mirror"] as const;

function imagesOf(element: XmlElement): string[] {
  const source = childOf(element, "source");
  const own = sourceWords.map((word) => attributeOf(source, word)).find((value) => value !== undefined);
  const inner = innerImages.flatMap((name) => childrenOf(element, name)).flatMap(imagesOf);
  return [...(own === undefined ? [] : [own]), ...inner];
}

export function diskChains(domainXml: string): DiskChain[] {
  const devices = childOf(readXml(domainXml), "devices");
  const disks = devices === undefined ? [] : childrenOf(devices, "disk");
  return disks.map((disk) => ({ target: attributeOf(childOf(disk, "target"), "dev") ?? "", images: imagesOf(disk) }));
}
