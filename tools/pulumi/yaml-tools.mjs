// What is built around Pulumi YAML: its language host, and the program that says YAML examples again in the other languages.
// A Go module of its own: Pulumi YAML is held to older packages than the CLI.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, repoDir } from "../lib/folders.mjs";
import { goBuild } from "../lib/go.mjs";
import { run } from "../lib/run.mjs";

const moduleDir = join(repoDir, "tools", "pulumi-yaml");
const KEY_CHARS = 12;

const programs = {
  "pulumi-language-yaml": {
    title: "YAML language host, built from its Go module (about a minute, once)",
    goPackage: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    sources: ["go.mod", "go.sum"],
    remedy: "or put a pulumi-language-yaml on PATH.",
  },
  "translate-examples": {
    title: "translator of the examples (about a minute, once)",
    goPackage: "./translate-examples",
    sources: ["go.mod", "go.sum", "translate-examples/main.go"],
    remedy: "or take the schema as it is committed.",
  },
};

/**
 * The program's path; built when the cache has none from these very sources.
 * @param {keyof typeof programs} name
 * @returns {Promise<string>}
 */
export async function ensureYamlTool(name) {
  const { title, goPackage, sources, remedy } = programs[name];
  const text = sources.map((file) => readFileSync(join(moduleDir, file)));
  const key = createHash("sha256").update(Buffer.concat(text)).digest("hex").slice(0, KEY_CHARS);
  const target = join(cacheDir(name), key, name);
  if (!existsSync(target)) await goBuild({ title, moduleDir, goPackage, linkerFlags: "", target, remedy });
  return target;
}

/**
 * Programs in Pulumi YAML, said again in TypeScript, Python and Go: by the file's name, then by language.
 * @param {{ schema: string, examples: readonly string[] }} what
 * @returns {Promise<Record<string, Record<string, string>>>}
 */
export async function translateExamples({ schema, examples }) {
  return JSON.parse(run(await ensureYamlTool("translate-examples"), ["-schema", schema, ...examples]));
}
