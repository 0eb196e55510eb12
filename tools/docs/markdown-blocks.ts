// The fenced code blocks of a Markdown text, each with the line on which its code begins.

export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** Of the first line of the code, from 1. */
  readonly line: number;
}

const opening = /^(?<indent> *)(?<fence>`{3,}|~{3,})(?<language>[^\s`]*)/;

export function codeBlocks(text: string): CodeBlock[] {
  const lines = text.split("\n");
  const blocks: CodeBlock[] = [];
  for (let index = 0; index < lines.length; index++) {
    const { indent = "", fence, language = "" } = opening.exec(lines[index] ?? "")?.groups ?? {};
    if (fence === undefined) continue;
    const first = index + 1;
    const length = lines.slice(first).findIndex((line) => line.trim() === fence);
    const end = length === -1 ? lines.length : first + length;
    const code = lines
      .slice(first, end)
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
      .join("\n");
    blocks.push({ language, code, line: first + 1 });
    index = end;
  }
  return blocks;
}
