// XML text -> tree. xmlbuilder2's own reader decodes "&amp;#65;" twice and lets unclosed elements pass, so this one is strict and fills xmlbuilder2's tree.
import { BugError } from "../errors";
import { emptyDocument, type XmlDocument, type XmlElement, type XmlNode } from "./document";
import { decodeXml, encodeAttribute, encodeText } from "./xml-text";

const name = `[^\\s=<>"'/!?&]+`;
const attribute = `\\s+${name}\\s*=\\s*(?:"[^"<]*"|'[^'<]*')`;
/** One piece of a document at a time; the alternatives exclude each other by their first characters, so that reading is linear. */
const piece = new RegExp(
  [
    `<!--(?<comment>[^]*?)-->`,
    `<!\\[CDATA\\[(?<cdata>[^]*?)\\]\\]>`,
    `<\\?(?<instruction>[^]*?)\\?>`,
    `</(?<closes>${name})\\s*>`,
    `<(?<opens>${name})(?<attributes>(?:${attribute})*)\\s*(?<empty>/?)>`,
    `(?<text>[^<]+)`,
  ].join("|"),
  "y",
);
const attributeParts = new RegExp(`(${name})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, "g");

type Groups = Readonly<Record<string, string | undefined>>;

/** What was open when the text went wrong is what helps to find the place. */
function unreadable(reason: string): never {
  throw new BugError(`XML from the host cannot be read: ${reason}.`);
}

function open(parent: XmlElement | XmlDocument, document: XmlDocument, opens: string, attributes: string): XmlElement {
  const element = document.createElement(opens);
  for (const [, key = "", double, single] of attributes.matchAll(attributeParts)) {
    if (element.hasAttribute(key)) unreadable(`<${opens}> has the attribute ${key} twice`);
    element.setAttribute(key, encodeAttribute(decodeXml((double ?? single ?? "").replace(/[\t\n]/g, " "))));
  }
  parent.appendChild(element);
  return element;
}

function addText(parent: XmlElement | undefined, document: XmlDocument, text: string): void {
  if (parent !== undefined) parent.appendChild(document.createTextNode(encodeText(decodeXml(text))));
  else if (text.trim() !== "") unreadable("there is text outside the root element");
}

/** A node that is no element and no text; the XML declaration says nothing that is still of use, and is dropped. */
function otherNode(document: XmlDocument, { cdata, comment, instruction = "" }: Groups): XmlNode | undefined {
  if (cdata !== undefined) return document.createCDATASection(cdata);
  if (comment !== undefined) return document.createComment(comment);
  const [, target = "", data = ""] = /^(\S*)\s*([^]*)$/.exec(instruction) ?? [];
  return target === "xml" ? undefined : document.createProcessingInstruction(target, data);
}

function addLeaf(parent: XmlElement | undefined, document: XmlDocument, groups: Groups): void {
  if (groups["text"] !== undefined) {
    addText(parent, document, groups["text"]);
    return;
  }
  const node = otherNode(document, groups);
  if (node !== undefined) (parent ?? document).appendChild(node);
}

/**
 * Reads one XML document and returns its root element. Everything in it is kept, blanks included; namespaces stay plain attributes.
 * Throws BugError on text that is not well-formed, and on document types and entities, which libvirt never sends.
 */
export function readXml(xml: string): XmlElement {
  const document = emptyDocument();
  const opened: XmlElement[] = [];
  const source = xml.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  for (let at = 0; at < source.length; at = piece.lastIndex) {
    piece.lastIndex = at;
    const { groups } = piece.exec(source) ?? unreadable(`nothing may begin with "${source.slice(at, at + 40)}" there`);
    const { opens, closes, attributes = "", empty }: Groups = groups ?? {};
    const parent = opened.at(-1);
    if (closes !== undefined) {
      if (opened.pop()?.nodeName !== closes) unreadable(`</${closes}> closes <${parent?.nodeName ?? ""}>`);
    } else if (opens === undefined) addLeaf(parent, document, groups ?? {});
    else {
      if (parent === undefined && document.documentElement !== null) unreadable("there is more than one root element");
      const element = open(parent ?? document, document, opens, attributes);
      if (empty === "") opened.push(element);
    }
  }
  const unclosed = opened.at(-1);
  if (unclosed !== undefined) unreadable(`<${unclosed.nodeName}> is never closed`);
  return document.documentElement ?? unreadable("there is no element in it");
}
