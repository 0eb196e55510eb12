// Plain data -> YAML, as the YAML 1.1 readers of guests (PyYAML) take it; and back, as far as checks need it.
import type * as Yaml from "yaml";

/** What a program can write: JSON's values. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Waits for the first document, so that a plugin start does not pay for it. */
const library = (): typeof Yaml =>
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would load it at start
  require("yaml") as typeof Yaml;

/** Words with a meaning of their own for PyYAML, which the library leaves bare: a merge, and a default value. */
const wordsToQuote: readonly unknown[] = ["<<", "="];

/** Data has no merges: a text that looks like one is a text. */
const isNoMerge = (tag: Yaml.Tags[number]) => tag !== "merge" && !(typeof tag === "object" && tag.tag === "tag:yaml.org,2002:merge");

/**
 * 1.1 quotes what only its readers take for a boolean or a number ("yes", "0777", "12:30"). Lines are not folded, and equal parts are written out.
 */
export function yamlText(value: JsonValue): string {
  const { Document, visit } = library();
  const document = new Document(value, { version: "1.1", customTags: (tags) => tags.filter(isNoMerge), aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (wordsToQuote.includes(node.value)) node.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** The names at the top of a YAML text; undefined where it is no map, or no YAML. */
export function yamlKeys(text: string): readonly string[] | undefined {
  try {
    const value: unknown = library().parse(text, { version: "1.1", logLevel: "silent" });
    return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : undefined;
  } catch {
    return undefined;
  }
}
