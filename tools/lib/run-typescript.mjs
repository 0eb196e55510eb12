// Runs a TypeScript program of this repository to its end, with whatever it imports of the others.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoDir } from "./folders.mjs";
import { run } from "./run.mjs";

/**
 * @param {string} entry path in the checkout
 * @param {readonly string[]} args
 * @returns {Promise<string>} its stdout
 */
export async function runTypeScript(entry, args) {
  const { build } = await import("esbuild");
  const folder = mkdtempSync(join(tmpdir(), "kvm-program-"));
  try {
    const outfile = join(folder, "program.cjs");
    await build({
      absWorkingDir: repoDir,
      entryPoints: [join(repoDir, entry)],
      outfile,
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      logLevel: "error",
    });
    return run(process.execPath, [outfile, ...args]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
