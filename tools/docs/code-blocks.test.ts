// Every code block of the documentation holds: TypeScript against the SDK's types, data as data, shell as shell. One test a block.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { parseAllDocuments } from "yaml";
import { describeOrSkip } from "../lab/lab";
import type { CodeBlock } from "./markdown-blocks";
import { codeBlocks } from "./markdown-blocks";
import { moduleOf, typeCheck } from "./type-check";

const repoDir = join(__dirname, "..", "..");
/** The Markdown files below these folders, and those of the top folder that have code. */
const folders = ["docs", "examples"];
const files = ["README.md", "CONTRIBUTING.md", "node-libvirt/README.md", "provider/README.md"];

const filesBelow = (folder: string): string[] =>
  readdirSync(join(repoDir, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesBelow(path);
    return path.endsWith(".md") ? [path] : [];
  });

interface PlacedBlock extends CodeBlock {
  readonly place: string;
}

const pages = [...files, ...folders.flatMap(filesBelow)].sort();

const blocks: readonly PlacedBlock[] = pages.flatMap((file) =>
  codeBlocks(readFileSync(join(repoDir, file), "utf8")).map((block) => ({ ...block, place: `${file}:${block.line}` })),
);

const typeScript = blocks.filter(({ language }) => language === "ts" || language === "typescript");

/** What the check of TypeScript itself is held to. */
const samples = [
  { because: "a right block", code: `new kvm.VirtualMachine("a", { host: host.settings, memory: "1GiB" });`, says: undefined },
  {
    because: "an input that is not there",
    code: `\nnew kvm.VirtualMachine("a", { memory: "1GiB", memmory: "" });`,
    says: /^line 2: .*memmory/,
  },
  { because: "a word that is none of the enum's", code: `new kvm.HostDefaults("h", { cache: "fast" });`, says: /^line 1: .*fast/ },
  { because: "no TypeScript", code: "const = 1;", says: /^line 1: / },
] as const;

/** By the code. Filled once, before the first test: one compiler program for all. */
let complaints: ReadonlyMap<string, readonly string[]>;
const typeCheckMs = 60_000;

/** What a program says that only parses its input. */
function parseWith(command: string, args: readonly string[], input: string): string[] {
  const { status, stderr, error } = spawnSync(command, args, { input, encoding: "utf8" });
  return status === 0 ? [] : [error?.message ?? stderr];
}

const parsePython = "import ast, sys; ast.parse(sys.stdin.read())";

/** By the word behind the fence: what is wrong with a block. A word that is not here is a mistake. */
const checks = {
  ts: (block) => complaints.get(block.code) ?? ["was not checked"],
  typescript: (block) => complaints.get(block.code) ?? ["was not checked"],
  json: ({ code }) => (JSON.parse(code) === undefined ? ["is nothing"] : []),
  yaml: ({ code }) => parseAllDocuments(code).flatMap(({ errors }) => errors.map(({ message }) => message)),
  sh: ({ code }) => parseWith("bash", ["-n"], code),
  python: ({ code }) => parseWith("python3", ["-c", parsePython], code),
  go: ({ code }) => parseWith("gofmt", ["-e"], code),
  // What a program prints, a message, a table: nothing that anybody runs.
  text: () => [],
} as const satisfies Record<string, (block: PlacedBlock) => readonly string[]>;

beforeAll(() => {
  const codes = [...new Set([...typeScript, ...samples].map(({ code }) => code))];
  const found = typeCheck(codes);
  complaints = new Map(codes.map((code, index) => [code, found[index] ?? []]));
}, typeCheckMs);

/** What has to be on PATH to parse a language, where that is no part of this repository's packages. */
const parsers: Readonly<Record<string, string>> = { sh: "bash", python: "python3", go: "gofmt" };

function missingFor(language: string): string | undefined {
  const parser = parsers[language];
  if (parser === undefined) return undefined;
  const isThere = (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, parser)));
  return isThere ? undefined : `no ${parser} on PATH`;
}

for (const language of new Set(blocks.map((block) => block.language))) {
  describeOrSkip(missingFor(language), `blocks of ${language || "no language"}`, () => {
    test.each(blocks.filter((block) => block.language === language))("$place", (block) => {
      const check = Object.hasOwn(checks, language) ? checks[language as keyof typeof checks] : undefined;
      if (check === undefined)
        throw new Error(`"${language}" is none of ${Object.keys(checks).join(", ")}: say behind the fence what it is`);
      expect(check(block)).toEqual([]);
    });
  });
}

test("there are blocks, in every file that lives by them", () => {
  const places = blocks.map(({ place }) => place);
  for (const file of ["README.md", "docs/installation-configuration.md", "docs/cloud-init.md", "node-libvirt/README.md"]) {
    expect(places).toContainEqual(expect.stringContaining(`${file}:`));
  }
});

test.each(pages)("%s: what it links to in this repository is there", (page) => {
  const links = [...readFileSync(join(repoDir, page), "utf8").matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)].map(([, target = ""]) => target);
  expect(links.filter((target) => !existsSync(join(repoDir, dirname(page), target)))).toEqual([]);
});

describe("the check of TypeScript blocks", () => {
  test.each(samples)("$because", ({ code, says }) => {
    const [first] = complaints.get(code) ?? ["was not checked"];
    if (says === undefined) expect(first).toBeUndefined();
    else expect(first).toMatch(says);
  });
  test("what a block declares is not declared for it", () => {
    expect(moduleOf(`import * as kvm from "pulumi-kvm";\nconst host = 1;`).addedLines).toBe(1);
  });
});
