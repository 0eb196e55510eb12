// Writes the schema that the zod contracts make: to schema.json, or to the file named.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { repoDir } from "./lib/folders.mjs";

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

writeFileSync(process.argv[2] ?? join(repoDir, "schema.json"), currentSchema());
