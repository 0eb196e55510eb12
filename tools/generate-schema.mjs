// Writes schema.json from the zod contracts; with --check, only says whether it is up to date.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { repoDir } from "./lib/folders.mjs";

const schemaFile = join(repoDir, "schema.json");

/** The schema that the contracts make now. */
function currentSchema() {
  const folder = mkdtempSync(join(tmpdir(), "kvm-schema-"));
  try {
    const outfile = join(folder, "write-schema.cjs");
    buildSync({
      entryPoints: [join(repoDir, "tools/schema/write-schema.ts")],
      outfile,
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      logLevel: "error",
    });
    return execFileSync(process.execPath, [outfile], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const schema = currentSchema();
if (process.argv.includes("--check")) {
  if (readFileSync(schemaFile, "utf8") !== schema) {
    console.error("schema.json is not what the contracts say. Run `make generate` and commit the result.");
    process.exit(1);
  }
} else {
  writeFileSync(schemaFile, schema);
}
