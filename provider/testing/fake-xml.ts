// Reads and edits libvirt XML for the fake, by DOM: the fake keeps definitions as text, as libvirt hands them out.
import type { Element } from "@oozcitak/dom/lib/dom/interfaces";
import { builder, create } from "xmlbuilder2";
import { fakeError } from "./fake-state";

export type { Element };

/** The library reads "&amp;e;" and writes "&e;": an ampersand of the text is another character in between. */
const ampersand = "\uE000";

/** A document's root element, to read or edit in place. Rejects text that is no XML the way libvirt does. */
export function rootElement(xml: string): Element {
  try {
    return create(xml.replaceAll("&amp;", ampersand)).root().node as Element;
  } catch (error) {
    throw fakeError("xmlSyntax", `(domain_definition): ${String(error)}`);
  }
}

export function xmlText(root: Element): string {
  return builder(root).toString({ prettyPrint: true }).replaceAll(ampersand, "&amp;");
}

/** Direct child elements with the name. */
export function children(parent: Element, name: string): readonly Element[] {
  return [...parent.children].filter((child) => child.nodeName === name);
}

/** The element at a path of child names, where there is one. */
export function at(parent: Element, ...path: readonly string[]): Element | undefined {
  return path.reduce<Element | undefined>((element, name) => element && children(element, name)[0], parent);
}

export function textAt(parent: Element, ...path: readonly string[]): string | undefined {
  return at(parent, ...path)
    ?.textContent?.trim()
    .replaceAll(ampersand, "&");
}

/** Sets the text of a child, made where there is none. */
export function setText(parent: Element, name: string, text: string): Element {
  const child = at(parent, name) ?? (parent.appendChild(parent.ownerDocument!.createElement(name)) as Element);
  child.textContent = text;
  return child;
}

/** A deep copy of a foreign element, appended. */
export function append(parent: Element, foreign: Element): void {
  parent.appendChild(parent.ownerDocument!.importNode(foreign, true));
}

const bytesPerUnit = {
  b: 1,
  bytes: 1,
  K: 1024,
  k: 1024,
  KiB: 1024,
  M: 1024 ** 2,
  MiB: 1024 ** 2,
  G: 1024 ** 3,
  GiB: 1024 ** 3,
  T: 1024 ** 4,
  TiB: 1024 ** 4,
} as const;

/** A size element in bytes; `defaultUnit` as libvirt has it: KiB for memory, bytes for volumes. */
export function bytesOf(element: Element | undefined, defaultUnit: keyof typeof bytesPerUnit): number {
  if (element === undefined) return 0;
  const unit = (element.getAttribute("unit") ?? defaultUnit) as keyof typeof bytesPerUnit;
  return Number(element.textContent) * bytesPerUnit[unit];
}
