// Rows of words -> a table without lines, as wide as the terminal: long texts wrap in their column, and nothing is cut off.
import Table from "cli-table3";
import { styleText } from "node:util";
import type { Terminal } from "./terminal";

const tones = { good: "green", doubtful: "yellow", bad: "red", quiet: "dim" } as const;
export type Tone = keyof typeof tones;

/** A text and how it is meant; the tone is a colour, and never the only place where something is said. */
export type Cell = string | { readonly text: string; readonly tone: Tone };
export type Page = Pick<Terminal, "widthColumns" | "hasColours">;

const gap = "  ";
/** What a column but the last may take of the whole width. */
const largestShare = 0.35;

export const textOfCell = (cell: Cell): string => (typeof cell === "string" ? cell : cell.text);

/** Breaks between words, and inside a word (a path) that is longer than a line. */
export function wrapText(text: string, widthColumns: number): readonly string[] {
  const width = Math.max(widthColumns, 1);
  const pieces = text.split("\n").map((line) => line.split(" ").flatMap((word) => word.match(new RegExp(`.{1,${width}}`, "gu")) ?? [""]));
  return pieces.flatMap((words) => {
    const lines: string[] = [];
    for (const word of words) {
      const last = lines.at(-1);
      if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
      else lines[lines.length - 1] = `${last} ${word}`;
    }
    return lines;
  });
}

export const coloured = (tone: Tone, text: string, { hasColours }: Pick<Page, "hasColours">): string =>
  hasColours ? styleText(tones[tone], text, { validateStream: false }) : text;

function drawnCell(cell: Cell, widthColumns: number, page: Page): string {
  const lines = wrapText(textOfCell(cell), widthColumns);
  return lines.map((line) => (typeof cell === "string" ? line : coloured(cell.tone, line, page))).join("\n");
}

/** The last column gets what the others leave. */
function columnWidths(rows: readonly (readonly Cell[])[], widthColumns: number): readonly number[] {
  const count = Math.max(...rows.map((row) => row.length));
  const natural = Array.from({ length: count }, (_, column) =>
    Math.max(1, ...rows.flatMap((row) => textOfCell(row[column] ?? "").split("\n")).map((line) => line.length)),
  );
  const share = Math.floor(widthColumns * largestShare);
  const firsts = natural.slice(0, -1).map((width) => Math.min(width, share));
  const left = widthColumns - firsts.reduce((sum, width) => sum + width + gap.length, 0);
  return [...firsts, Math.max(1, Math.min(natural.at(-1) ?? 1, left))];
}

const noLines = Object.fromEntries(
  ["top", "bottom", "mid", "left", "right"]
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((part) => [part, ""]),
);

/** `head` may be left out. Ends with a line feed. */
export function drawTable(table: { readonly head?: readonly string[]; readonly rows: readonly (readonly Cell[])[] }, page: Page): string {
  const head = table.head?.map((text) => ({ text, tone: "quiet" }) as const);
  const rows = [...(head === undefined ? [] : [head]), ...table.rows];
  if (rows.length === 0) return "";
  const widths = columnWidths(rows, page.widthColumns);
  const drawn = new Table({
    chars: { ...noLines, middle: gap },
    colWidths: [...widths],
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  drawn.push(...rows.map((row) => widths.map((width, column) => drawnCell(row[column] ?? "", width, page))));
  return `${drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")}\n`;
}
