// The Pulumi CLI: one that is on PATH, else the pinned one, built once from its Go module into the cache, with our language hosts beside it.
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { cacheDir, extendPath, repoDir } from "../lib/folders.mjs";
import { goBuild } from "../lib/go.mjs";
import { attempt, run, which } from "../lib/run.mjs";
import { runMain, say } from "../lib/steps.mjs";
import { isAtLeast } from "../lib/versions.mjs";
import { ensureProgramGenerator } from "./generate-program.mjs";
import { programs } from "../language-host/programs.mjs";

/** What we build. Newer ones need packages that not every registry mirror serves. */
const PINNED_VERSION = "3.259.0";
/** What a CLI on PATH must be: the first one where a provider can ask to be refreshed before each update. */
const OLDEST_VERSION = "3.230.0";

/** The Go module that pins what we build. */
const moduleDir = join(repoDir, "tools", "pulumi");
const languageHostDir = join(repoDir, "tools", "language-host");

/**
 * @typedef {object} PulumiCli
 * @property {string} pulumi path of the executable
 * @property {string[]} pathFolders folders that must come first on PATH
 */

/**
 * The CLI to use; built when there is none.
 * @returns {Promise<PulumiCli>}
 */
export async function ensurePulumi() {
  const found = findPulumi();
  if (found) {
    // A CLI that was installed whole brings its own language host.
    const own = which("pulumi-language-nodejs") ?? which("pulumi-language-nodejs", dirname(found));
    if (own) return { pulumi: found, pathFolders: [dirname(found)] };
    const hosts = cacheDir("pulumi", "language-hosts");
    await placeLanguageHosts(hosts);
    return { pulumi: found, pathFolders: [dirname(found), hosts, await ensureProgramGenerator()] };
  }
  const folder = cacheDir("pulumi", PINNED_VERSION);
  const pulumi = join(folder, "pulumi");
  if (!existsSync(pulumi)) await build(pulumi);
  await placeLanguageHosts(folder);
  return { pulumi, pathFolders: [folder, await ensureProgramGenerator()] };
}

/** A `pulumi` on PATH that is new enough. */
function findPulumi() {
  const found = which("pulumi");
  if (!found) return undefined;
  const version = attempt(found, ["version"], { env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "1" } }).stdout.trim();
  if (isAtLeast(version, OLDEST_VERSION)) return found;
  say(`    ${found} is ${version || "of unknown version"}, and ${OLDEST_VERSION} or newer is needed: not used`);
  return undefined;
}

/** @param {string} pulumi */
async function build(pulumi) {
  await goBuild({
    title: `Pulumi CLI ${PINNED_VERSION}, built from its Go module (about 6 minutes on 2 cores, once)`,
    moduleDir,
    goPackage: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    linkerFlags: `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${PINNED_VERSION}`,
    target: pulumi,
    remedy: `or put a pulumi >= ${OLDEST_VERSION} on PATH.`,
  });
}

/**
 * Puts our language hosts beside the CLI that we built, as files that need no checkout: the engine looks for them there.
 * @param {string} folder
 */
async function placeLanguageHosts(folder) {
  const { build: bundle } = await import("esbuild");
  const result = await bundle({
    entryPoints: [join(languageHostDir, "language-host.mjs")],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    banner: { js: "#!/usr/bin/env node" },
    write: false,
    logLevel: "error",
  });
  const text = String(result.outputFiles[0]?.text);
  for (const runtime of Object.keys(programs)) placeFile(join(folder, `pulumi-language-${runtime}`), text);
  placeFile(join(folder, "run-python.py"), readFileSync(join(languageHostDir, "run-python.py"), "utf8"));
}

/**
 * @param {string} target
 * @param {string} text
 */
function placeFile(target, text) {
  if (existsSync(target) && readFileSync(target, "utf8") === text) return;
  const fresh = `${target}.${process.pid}`;
  writeFileSync(fresh, text);
  chmodSync(fresh, 0o755);
  renameSync(fresh, target);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runMain(async () => {
    extendPath();
    const cli = await ensurePulumi();
    say(`${cli.pulumi} ${run(cli.pulumi, ["version"]).trim()}`);
  });
}
