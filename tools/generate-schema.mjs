// The schema that the zod contracts make, with an example for each resource in each language.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { repoDir } from "./lib/folders.mjs";
import { runTypeScript } from "./lib/run-typescript.mjs";
import { translateExamples } from "./pulumi/yaml-tools.mjs";

/** Prints a schema. */
const writer = "tools/schema/write-schema.ts";
const examplesDir = join(repoDir, "tools", "schema", "examples");

/**
 * Writes the schema to a file. The examples are translated with the schema that has none yet.
 * @param {string} target
 */
export async function generateSchema(target) {
  const work = mkdtempSync(join(tmpdir(), "kvm-schema-"));
  try {
    const [plain, examples] = [join(work, "plain.json"), join(work, "examples.json")];
    writeFileSync(plain, await runTypeScript(writer, []));
    writeFileSync(examples, JSON.stringify(await resourceExamples(plain)));
    writeFileSync(target, await runTypeScript(writer, [examples]));
  } finally {
    rmSync(work, { recursive: true });
  }
}

/**
 * The examples by the token of their resource, which names their file in small letters.
 * @param {string} schema
 */
async function resourceExamples(schema) {
  const files = readdirSync(examplesDir).map((name) => join(examplesDir, name));
  const translations = await translateExamples({ schema, examples: files });
  return Object.fromEntries(
    files.map((file) => {
      const [name, text] = [basename(file, ".yaml"), readFileSync(file, "utf8")];
      // The project's own lines say nothing of the resource.
      const yaml = text.slice(text.indexOf("resources:"));
      return [tokenOf(name), { title: parse(text).description, programs: { ...translations[name], yaml } }];
    }),
  );
}

/** @param {string} name */
const tokenOf = (name) => `kvm:index:${name.replace(/(?:^|-)(\w)/g, (_, letter) => letter.toUpperCase())}`;
