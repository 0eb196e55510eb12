// What text XML 1.0 can hold, and how it is held: the checks and the escaping that every value passes on its way into a document.
import { BugError } from "../errors";

/** Any character that XML 1.0 has no way to write, not even as a reference; half surrogate pairs are among them. */
const unwritable = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** Why XML cannot hold the value ("holds the character U+0007, which XML cannot hold"), undefined where it can. For check failures. */
export function xmlTextProblem(value: string): string | undefined {
  const found = unwritable.exec(value)?.[0].codePointAt(0);
  if (found === undefined) return undefined;
  return `holds the character U+${found.toString(16).toUpperCase().padStart(4, "0")}, which XML cannot hold`;
}

/** Throws where XML cannot hold the value; `what` names it. Inputs are checked long before, so that this is our own mistake. */
export function assertXmlText(value: string, what: string): void {
  const problem = xmlTextProblem(value);
  if (problem !== undefined) throw new BugError(`The value of ${what} ${problem}.`);
}

const references: ReadonlyMap<string, string> = new Map(Object.entries({ lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" }));

function referenced(name: string): string {
  const named = references.get(name);
  if (named !== undefined) return named;
  const codePoint = name.startsWith("#x") ? parseInt(name.slice(2), 16) : name.startsWith("#") ? parseInt(name.slice(1), 10) : NaN;
  const isCharacter = codePoint <= 0x10ffff && xmlTextProblem(String.fromCodePoint(codePoint)) === undefined;
  if (!isCharacter) throw new BugError(`XML from the host refers to "&${name};", which XML does not define.`);
  return String.fromCodePoint(codePoint);
}

/** Text as it stands in a document -> the value: each reference replaced once, so that "&amp;lt;" means "&lt;". */
export function decodeXml(raw: string): string {
  if (!raw.includes("&")) return raw;
  return raw.replace(/&(?:(#x[0-9a-fA-F]+|#[0-9]+|\w+);)?/g, (_, name: string | undefined) => referenced(name ?? ""));
}

/** A value -> what the tree holds for text. The writer escapes < and > but leaves what looks like a reference, so & is escaped here. */
export function encodeText(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("\r", "&#13;");
}

/** A value -> what the tree holds for an attribute: line breaks and tabs as references, or every reader would take them for blanks. */
export function encodeAttribute(value: string): string {
  return encodeText(value).replaceAll("\n", "&#10;").replaceAll("\t", "&#9;");
}
