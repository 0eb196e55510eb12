// Makes what runs: the plugin and the command, each as one file that plain node runs, and the compiled SDK of the workspace.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildDynamicDoor } from "./lib/dynamic-door.mjs";
import { extendPath, repoDir } from "./lib/folders.mjs";
import { packedPackages } from "./lib/packed-packages.mjs";
import { giveBack } from "./lib/root.mjs";
import { run } from "./lib/run.mjs";
import { MissingPart, runMain, say, step } from "./lib/steps.mjs";

const BYTES_PER_KIB = 1024;

/** Programs of bin/, and what each is made from. */
export const PROGRAMS = { "pulumi-resource-kvm": "main.ts", "pulumi-kvm": "cli-main.ts" };

/** Of Pulumi's SDK only the wire's stubs belong into the plugin: the rest costs start-up time and memory. */
const ALLOWED_PULUMI_FILES = /@pulumi\/pulumi\/proto\//;

/** Packages that the first answer does not need: together more than half of the bundle. */
const LATE_PACKAGES = ["undici", "xmlbuilder2", "yaml", "zod"];

/** With `--debug` a debugger finds the TypeScript: for the plugin under `node --inspect`. @type {import("esbuild").BuildOptions} */
const debugging = process.argv.includes("--debug")
  ? { minifySyntax: false, minifyWhitespace: false, sourcemap: "inline", sourceRoot: `${repoDir}/` }
  : {};

/** @satisfies {import("esbuild").BuildOptions} */
const bundling = {
  absWorkingDir: repoDir,
  platform: "node",
  target: "node20",
  format: "cjs",
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  legalComments: "eof",
  logLevel: "warning",
};

export async function buildAll() {
  for (const [name, source] of Object.entries(PROGRAMS)) await step(`bin/${name}`, () => bundleProgram(name, source));
  if (existsSync(join(repoDir, "sdk", "nodejs", "tsconfig.json"))) {
    await step("SDK for Node (sdk/nodejs/bin)", compileNodeSdk);
    await step("dynamic door (provider/dist)", bundleDynamicDoor);
  }
}

/** @param {string} name @param {string} source a file of provider/ */
async function bundleProgram(name, source) {
  const program = join(repoDir, "bin", name);
  const entry = join(repoDir, "provider", source);
  if (!existsSync(entry)) throw new MissingPart(`There is no provider/${source}.`, "write it.");
  const { build } = await import("esbuild");
  const result = await build({
    ...bundling,
    ...debugging,
    entryPoints: [entry],
    tsconfig: join(repoDir, "tsconfig.json"),
    bundle: true,
    banner: { js: "#!/usr/bin/env node" },
    plugins: [packedPackages(LATE_PACKAGES, bundling)],
    metafile: true,
    write: false,
  });
  const unwanted = Object.keys(result.metafile.inputs).filter(
    (file) => file.includes("@pulumi/pulumi/") && !ALLOWED_PULUMI_FILES.test(file),
  );
  if (unwanted.length > 0) throw new Error(`${name} drags in Pulumi's SDK: ${unwanted.slice(0, 5).join(", ")}, …`);
  const text = result.outputFiles[0]?.contents ?? new Uint8Array();
  mkdirSync(join(repoDir, "bin"), { recursive: true });
  const fresh = `${program}.${process.pid}`;
  writeFileSync(fresh, text);
  chmodSync(fresh, 0o755);
  renameSync(fresh, program);
  giveBack(join(repoDir, "bin"), program);
  say(`    ${Math.round(text.length / BYTES_PER_KIB)} KiB from ${Object.keys(result.metafile.inputs).length} files`);
}

function compileNodeSdk() {
  const folder = join(repoDir, "sdk", "nodejs");
  run(process.execPath, [join(repoDir, "node_modules", "typescript", "bin", "tsc"), "--project", folder]);
  // The compiled SDK reads its version from the package.json beside it.
  const out = join(folder, "bin");
  copyFileSync(join(folder, "package.json"), join(out, "package.json"));
  giveBack(out, ...readdirSync(out, { recursive: true, encoding: "utf8" }).map((file) => join(out, file)));
}

async function bundleDynamicDoor() {
  const dist = await buildDynamicDoor(bundling, LATE_PACKAGES);
  giveBack(dist, ...readdirSync(dist, { recursive: true, encoding: "utf8" }).map((file) => join(dist, file)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runMain(() => {
    extendPath();
    return buildAll();
  });
}
