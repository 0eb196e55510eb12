// The writer of programs for `pulumi import`: our small Go program over Pulumi's own code generator, built once into the cache.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, repoDir } from "../lib/folders.mjs";
import { goBuild } from "../lib/go.mjs";

const moduleDir = join(repoDir, "tools", "pulumi");
const sources = ["go.mod", "go.sum", "generate-program/main.go"];
const KEY_CHARS = 12;

/** As the Node language host looks for it on PATH. */
const programName = "pulumi-kvm-generate-program";

/**
 * The folder that the program is in, for PATH; built when the cache has none from these very sources.
 * @returns {Promise<string>}
 */
export async function ensureProgramGenerator() {
  const text = sources.map((file) => readFileSync(join(moduleDir, file)));
  const key = createHash("sha256").update(Buffer.concat(text)).digest("hex").slice(0, KEY_CHARS);
  const folder = join(cacheDir("generate-program"), key);
  const target = join(folder, programName);
  if (!existsSync(target)) {
    await goBuild({
      title: "writer of imported programs (seconds after the Pulumi CLI was built, else about 3 minutes)",
      moduleDir,
      goPackage: "./generate-program",
      linkerFlags: "",
      target,
      remedy: "or put a Pulumi CLI with its own Node language host on PATH.",
    });
  }
  return folder;
}
