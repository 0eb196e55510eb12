// The tree that XML is edited in: xmlbuilder2's nodes behind a handful of verbs, so that every value is checked and escaped in one place.
import type * as XmlBuilder from "xmlbuilder2";
import { BugError } from "../errors";
import { assertXmlText, decodeXml, encodeAttribute, encodeText } from "./xml-text";

/** A node of xmlbuilder2's tree. It holds text in escaped form: read and write it with the verbs of this file only. */
export type XmlNode = ReturnType<typeof XmlBuilder.create>["node"];
export type XmlElement = NonNullable<XmlNode["parentElement"]>;
export type XmlDocument = NonNullable<XmlNode["ownerDocument"]>;

/** Loading xmlbuilder2 costs more than 40 ms: it waits for the first XML, so that a plugin start does not pay for it. */
export const library = (): typeof XmlBuilder =>
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it at start
  require("xmlbuilder2") as typeof XmlBuilder;

export function emptyDocument(): XmlDocument {
  return library().create().node as XmlDocument;
}

export function documentOf(node: XmlNode): XmlDocument {
  if (node.ownerDocument === null) throw new BugError("An XML document was taken for one of its elements.");
  return node.ownerDocument;
}

/** A new document; returns its root element. */
export function newRoot(name: string, attributes: AttributeValues = {}): XmlElement {
  const document = emptyDocument();
  const root = document.createElement(name);
  document.appendChild(root);
  setAttributes(root, attributes);
  return root;
}

/** Attribute values to set; undefined removes the attribute. */
export type AttributeValues = Readonly<Record<string, string | number | undefined>>;

/** DOM's numbers of the node types that are told apart here. */
const nodeKinds: Readonly<Record<number, "element" | "text" | "cdata">> = { 1: "element", 3: "text", 4: "cdata" };
/** "other": comments and processing instructions. */
export const kindOf = (node: XmlNode) => nodeKinds[node.nodeType] ?? "other";
export const isElement = (node: XmlNode): node is XmlElement => kindOf(node) === "element";

/** Child elements, all or those with the name, in document order. */
export function childrenOf(parent: XmlElement, name?: string): readonly XmlElement[] {
  return [...parent.childNodes].filter(isElement).filter((child) => name === undefined || child.nodeName === name);
}

/** The first element at a path of child names. */
export function childOf(parent: XmlElement, ...path: readonly string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((element, name) => element && childrenOf(element, name)[0], parent);
}

export function attributeOf(element: XmlElement | undefined, name: string): string | undefined {
  const held = element?.getAttribute(name) ?? undefined;
  return held === undefined ? undefined : decodeXml(held);
}

/** The element's own text, untrimmed; undefined where there is no element. */
export function textOf(element: XmlElement | undefined): string | undefined {
  if (element === undefined) return undefined;
  const pieces = [...element.childNodes].map((node) => {
    if (kindOf(node) === "text") return decodeXml(node.nodeValue ?? "");
    return kindOf(node) === "cdata" ? (node.nodeValue ?? "") : "";
  });
  return pieces.join("");
}

export function setAttributes(element: XmlElement, values: AttributeValues): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) {
      element.removeAttribute(name);
      continue;
    }
    assertXmlText(String(value), `${name} in <${element.nodeName}>`);
    element.setAttribute(name, encodeAttribute(String(value)));
  }
}

/** Makes the text all that the element holds. An element that says the same already is left as it is. */
export function setText(element: XmlElement, text: string | number): void {
  if (textOf(element) === String(text) && childrenOf(element).length === 0) return;
  assertXmlText(String(text), `<${element.nodeName}>`);
  for (const child of [...element.childNodes]) element.removeChild(child);
  if (text !== "") element.appendChild(documentOf(element).createTextNode(encodeText(String(text))));
}

/** Appends an element, or puts it before the node `before`. */
export function addChild(parent: XmlElement, name: string, attributes: AttributeValues = {}, before?: XmlNode): XmlElement {
  const child = documentOf(parent).createElement(name);
  parent.insertBefore(child, before ?? null);
  setAttributes(child, attributes);
  return child;
}

/** Puts a copy of an element of another document into this one, before `before` or at the end. */
export function importElement(parent: XmlElement, element: XmlElement, before?: XmlNode): XmlElement {
  const copy = documentOf(parent).importNode(element, true) as XmlElement;
  parent.insertBefore(copy, before ?? null);
  return copy;
}

export function remove(...elements: readonly (XmlElement | undefined)[]): void {
  for (const element of elements) element?.parentNode?.removeChild(element);
}

/** Removes the element's children with these names. */
export function removeChildren(parent: XmlElement, ...names: readonly string[]): void {
  for (const name of names) remove(...childrenOf(parent, name));
}

/** The element as the root of its document. */
export function alone(element: XmlElement): XmlElement {
  const document = documentOf(element);
  remove(element);
  if (document.documentElement !== null) document.removeChild(document.documentElement);
  document.appendChild(element);
  return element;
}
