// A domain's definition -> what its network cards are plugged into.
import { attributeOf, childOf, childrenOf } from "./document";
import { readXml } from "./read-xml";

export interface NetworkUse {
  /** The libvirt network of a card, by name. */
  readonly network?: string | undefined;
  /** The host's bridge that it is on; of a libvirt network's card, only while it runs. */
  readonly bridge?: string | undefined;
}

export function networkUses(domainXml: string): NetworkUse[] {
  const devices = childOf(readXml(domainXml), "devices");
  const cards = devices === undefined ? [] : childrenOf(devices, "interface");
  return cards.map((card) => {
    const source = childOf(card, "source");
    return { network: attributeOf(source, "network"), bridge: attributeOf(source, "bridge") };
  });
}
