// Markdown of tables, and of a property's type.
import type { PropertySpec } from "./schema-types";
import { shortName } from "./schema-types";

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** "list of [Disk](#disk)". */
export function typeText({ type, $ref, items, additionalProperties, oneOf }: PropertySpec): string {
  // "Any" beside a named type is there for what the compilers of some languages ask for.
  if (oneOf !== undefined) return [...new Set(oneOf.map(typeText))].filter((text) => text !== "any").join(" or ");
  if (items !== undefined) return `list of ${typeText(items)}`;
  if (additionalProperties !== undefined) return `map of ${typeText(additionalProperties)}`;
  if ($ref === undefined) return type ?? "any";
  if ($ref.endsWith("/Any")) return "any";
  const name = shortName($ref);
  return `[${name}](#${name.toLowerCase()})`;
}

/** Why nobody should edit the page. */
export const generatedMark = (from: string): string => `<!-- Generated from ${from} by \`make generate\`: do not edit. -->`;
