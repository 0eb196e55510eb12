// What goes into tables and comes out of pages.
import { table, typeText } from "./markdown";
import { codeBlocks } from "./markdown-blocks";

test("a cell holds neither a line break nor a bar that ends it", () => {
  expect(table(["a", "b"], [["x | y", "one\ntwo"]])).toBe("| a | b |\n|---|---|\n| x \\| y | one two |");
});

test.each([
  { because: "a word", spec: { type: "string" }, text: "string" },
  {
    because: "a map of a named type",
    spec: { additionalProperties: { $ref: "#/types/kvm:index:DiskRule" } },
    text: "map of [DiskRule](#diskrule)",
  },
  { because: "one of several", spec: { oneOf: [{ type: "string" }, { type: "boolean" }] }, text: "string or boolean" },
  { because: "a list", spec: { items: { type: "integer" } }, text: "list of integer" },
  { because: "anything", spec: { $ref: "pulumi.json#/Any" }, text: "any" },
])("the type of a property: $because", ({ spec, text }) => expect(typeText(spec)).toBe(text));

test.each([
  { because: "the line of its code is told", text: "a\n```ts\nb\n```\n", blocks: [{ language: "ts", code: "b", line: 3 }] },
  {
    because: "a block in a list is moved to the left",
    text: "1. a\n\n   ```sh\n   b\n     c\n   ```\n",
    blocks: [{ language: "sh", code: "b\n  c", line: 4 }],
  },
  {
    because: "a longer fence holds a shorter one",
    text: "````text\n```ts\n```\n````\n",
    blocks: [{ language: "text", code: "```ts\n```", line: 2 }],
  },
  { because: "a block that nobody closed goes to the end", text: "```\na", blocks: [{ language: "", code: "a", line: 2 }] },
])("code blocks: $because", ({ text, blocks }) => expect(codeBlocks(text)).toEqual(blocks));
