// Plan -> the <interface> elements: each planned card is written over its old element, gone ones are removed, new ones added. Foreign kinds stay.
import type { DomainPlan } from "../../plan/domain";
import { ensureChild } from "../child-order";
import { childOf, childrenOf, remove, type XmlElement } from "../document";
import { addInterface, writeInterface } from "../interface-xml";
import { matchInterfaces } from "../match-interfaces";
import { parseMetadata } from "../metadata-xml";
import { parseInterface } from "../parse-interface";
import { shareMemory } from "./share-memory";

export function configureInterfaces(domain: XmlElement, { interfaces }: DomainPlan): void {
  if (interfaces === undefined) return;
  const devices = ensureChild(domain, "devices");
  const keyByMac = parseMetadata(childOf(domain, "metadata"))?.keyByMac;
  const present = childrenOf(devices, "interface").map((element, place) => ({ element, ...parseInterface(element, place, keyByMac) }));
  // Cards of a kind that a plan cannot say are nobody's business here, even where one would have a planned card's key.
  const sayable = present.filter(({ source }) => source !== undefined);
  const matched = matchInterfaces(interfaces, sayable);
  const kept = new Set([...matched.values()].map(({ element }) => element));
  remove(...sayable.map(({ element }) => element).filter((element) => !kept.has(element)));
  for (const card of interfaces) {
    const element = matched.get(card)?.element;
    if (element === undefined) addInterface(devices, card);
    else writeInterface(element, card);
  }
  if (interfaces.some(({ source }) => source.type === "vhostuser")) shareMemory(domain);
}
