// Everything that is generated and committed: schema.json from the contracts, the SDKs and pages of docs/ from schema.json. `--check` only says what is stale; paths
// ("sdk", "schema.json") are the only ones written.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { extendPath, repoDir } from "./lib/folders.mjs";
import { runTypeScript } from "./lib/run-typescript.mjs";
import { MissingPart, runMain, say, step } from "./lib/steps.mjs";
import { generateSchema } from "./generate-schema.mjs";
import { generateSdks } from "./pulumi/gen-sdk.mjs";

const languages = ["nodejs", "python", "go"];

/** Pages of docs/ that are generated; the others are written by hand. */
const generatedPages = [join("docs", "resources"), join("docs", "field-effects.md")];

/** Parts of an SDK folder that are made from it or kept by hand (the Go module's own files), not generated. */
const otherNames = new Set(["bin", "node_modules", "__pycache__", "go.mod", "go.sum"]);

/**
 * Generates everything anew beside what is committed.
 * @param {string} work
 */
async function generateInto(work) {
  const schema = join(work, "schema.json");
  await step("schema.json from the contracts", () => generateSchema(schema));
  await step(`SDKs (${languages.join(", ")}) from schema.json`, () => generateSdks({ schema, out: join(work, "sdk"), languages }));
  await step("pages of docs/ from schema.json and the table of effects", () =>
    runTypeScript("tools/docs/write-pages.ts", [schema, join(work, "docs")]),
  );
}

/**
 * The generated files that differ from the committed ones, as paths in the checkout.
 * @param {string} work
 */
function staleFiles(work) {
  const fresh = filesBelow(work);
  const committed = ["schema.json", ...generatedPages, ...languages.map((language) => join("sdk", language))]
    .filter((path) => existsSync(join(repoDir, path)))
    .flatMap((path) =>
      statSync(join(repoDir, path)).isDirectory() ? filesBelow(join(repoDir, path)).map((file) => join(path, file)) : [path],
    );
  return [...new Set([...fresh, ...committed])].filter((path) => {
    const [ours, theirs] = [join(work, path), join(repoDir, path)];
    return !existsSync(ours) || !existsSync(theirs) || !readFileSync(ours).equals(readFileSync(theirs));
  });
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (otherNames.has(entry.name)) return [];
    if (!entry.isDirectory()) return [entry.name];
    return filesBelow(join(folder, entry.name)).map((file) => join(entry.name, file));
  });
}

/**
 * Writes what is stale, or with `check` refuses to be content with it.
 * @param {{ check: boolean, only?: readonly string[] }} options `only`: files or folders beside which nothing is looked at
 */
export async function generate({ check, only = [] }) {
  const work = mkdtempSync(join(tmpdir(), "kvm-generated-"));
  try {
    await generateInto(work);
    const stale = staleFiles(work).filter((path) => only.length === 0 || only.some((part) => path === part || path.startsWith(`${part}/`)));
    if (stale.length === 0) return say("    all generated files are up to date");
    if (check)
      throw new MissingPart(`Generated files are stale:\n    ${stale.join("\n    ")}`, "run `make generate` and commit what it writes.");
    for (const path of stale) {
      if (existsSync(join(work, path))) cpSync(join(work, path), join(repoDir, path), { recursive: true });
      else rmSync(join(repoDir, path));
      say(`    wrote ${path}`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runMain(() => {
    extendPath();
    const words = process.argv.slice(2);
    return generate({ check: words.includes("--check"), only: words.filter((word) => word !== "--check") });
  });
}
