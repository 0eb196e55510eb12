// The SDK generator: our small Go program over Pulumi's own code generators, built once into the cache.
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, repoDir } from "../lib/folders.mjs";
import { goBuild } from "../lib/go.mjs";
import { run } from "../lib/run.mjs";
import { oldestNode } from "../lib/versions.mjs";

const moduleDir = join(repoDir, "tools", "pulumi");
const sources = ["go.mod", "go.sum", "gen-sdk/main.go"];
const KEY_CHARS = 12;

/**
 * The generator's path; built when the cache has none from these very sources.
 * @returns {Promise<string>}
 */
export async function ensureSdkGenerator() {
  const text = sources.map((file) => readFileSync(join(moduleDir, file)));
  const key = createHash("sha256").update(Buffer.concat(text)).digest("hex").slice(0, KEY_CHARS);
  const target = join(cacheDir("gen-sdk"), key);
  if (!existsSync(target)) {
    await goBuild({
      title: "SDK generator (seconds after the Pulumi CLI was built, else about 3 minutes)",
      moduleDir,
      goPackage: "./gen-sdk",
      linkerFlags: "",
      target,
      remedy: "or take the SDK as it is committed.",
    });
  }
  return target;
}

/**
 * Writes the SDKs, each into its own folder below `out`, replacing what is there.
 * @param {{ schema: string, out: string, languages: readonly string[] }} what
 */
export async function generateSdks({ schema, out, languages }) {
  const generator = await ensureSdkGenerator();
  run(generator, ["-schema", schema, "-out", out, ...languages.flatMap((language) => ["-language", language])]);
  if (languages.includes("nodejs")) finishNodePackage(join(out, "nodejs"));
  // Its manifest names the read-me of its own folder; Pulumi's builds copy it there.
  if (languages.includes("python")) copyFileSync(join(out, "python", "pulumi_kvm", "README.md"), join(out, "python", "README.md"));
}

/** The package that brings the plugin and the `pulumi-kvm` command. */
const providerPackage = "pulumi-kvm-provider";

/** `npx pulumi-kvm` looks for a command in the package of that name: this is it, and hands on to the one that has it. */
const commandScript = `#!/usr/bin/env node
require("${providerPackage}/cli");
`;

/**
 * Pulumi publishes the compiled folder as the package; ours is used from the workspace too, so it says itself where its entry is.
 * Whoever installs it has the plugin of the same version with it.
 * @param {string} folder
 */
function finishNodePackage(folder) {
  const file = join(folder, "package.json");
  const metadata = JSON.parse(readFileSync(file, "utf8"));
  for (const ownBuild of ["scripts", "devDependencies"]) delete metadata[ownBuild];
  const finished = {
    ...metadata,
    dependencies: { ...metadata.dependencies, [providerPackage]: metadata.version },
    bin: { "pulumi-kvm": "./pulumi-kvm.js" },
    main: "./bin/index.js",
    types: "./bin/index.d.ts",
    files: ["bin", "pulumi-kvm.js", "README.md"],
    engines: { node: `>=${oldestNode}` },
  };
  writeFileSync(file, `${JSON.stringify(finished, null, 2)}\n`);
  const command = join(folder, "pulumi-kvm.js");
  writeFileSync(command, commandScript);
  chmodSync(command, 0o755);
}
