// A document as lines, one an element, attribute order left out: what two definitions differ in, for tests that nothing else changed.
import { attributeOf, isElement, kindOf, type XmlElement } from "./document";
import { readXml } from "./read-xml";

function linesOf(element: XmlElement, path: string): readonly string[] {
  const here = `${path}/${element.nodeName}`;
  const attributes = element
    .getAttributeNames()
    .sort()
    .map((name) => ` ${name}="${attributeOf(element, name) ?? ""}"`);
  const texts = [...element.childNodes]
    .filter((node) => !isElement(node))
    .map((node) => (kindOf(node) === "other" ? `<!--${node.nodeValue ?? ""}-->` : (node.nodeValue ?? "")))
    .filter((text) => text.trim() !== "");
  const children = [...element.childNodes].filter(isElement).flatMap((child) => linesOf(child, here));
  return [[here, ...attributes, ...texts.map((text) => ` ${text}`)].join(""), ...children];
}

/** Lines of `before` that are gone in `after`, and new ones; an element that moved is in neither. */
export function differences(before: string, after: string): { readonly gone: readonly string[]; readonly added: readonly string[] } {
  const count = (lines: readonly string[]) =>
    lines.reduce((counts, line) => counts.set(line, (counts.get(line) ?? 0) + 1), new Map<string, number>());
  const surplus = (these: ReadonlyMap<string, number>, those: ReadonlyMap<string, number>) =>
    [...these].flatMap(([line, times]) => Array<string>(Math.max(0, times - (those.get(line) ?? 0))).fill(line));
  const [old, now] = [count(linesOf(readXml(before), "")), count(linesOf(readXml(after), ""))];
  return { gone: surplus(old, now), added: surplus(now, old) };
}
