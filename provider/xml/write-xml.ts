// Tree -> XML text, indented the way libvirt indents, without touching anything whose blanks may mean something.
import { documentOf, isElement, kindOf, library, type XmlElement, type XmlNode } from "./document";
import { metadataElementName } from "./namespace";

const indentation = "  ";
const isText = (node: XmlNode) => kindOf(node) === "text" || kindOf(node) === "cdata";
const isBlank = (node: XmlNode) => kindOf(node) === "text" && /^[ \t\r\n]*$/.test(node.nodeValue ?? "");

/** Puts each child on a line of its own. Text, and text mixed with elements, stays as it is; so does what others keep in <metadata>. */
function indent(element: XmlElement, depth: number): void {
  const nodes = [...element.childNodes];
  if (nodes.every(isText) || nodes.some((node) => isText(node) && !isBlank(node))) return;
  const document = documentOf(element);
  for (const node of nodes) {
    if (isBlank(node)) element.removeChild(node);
    else element.insertBefore(document.createTextNode(`\n${indentation.repeat(depth + 1)}`), node);
    const isForeign = element.nodeName === "metadata" && node.nodeName !== metadataElementName;
    if (isElement(node) && !isForeign) indent(node, depth + 1);
  }
  element.appendChild(document.createTextNode(`\n${indentation.repeat(depth)}`));
}

/** The document that the element is the root of, as text with a line break at its end. */
export function writeXml(root: XmlElement): string {
  indent(root, 0);
  return `${library().builder(documentOf(root)).end({ headless: true })}\n`;
}
