// Makes a fresh Debian-like machine able to build, test and show the project: what is there already is left alone.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureGuest } from "./guest/build.mjs";
import { ensureDebianGuest } from "./guest/debian.mjs";
import { extendPath, repoDir } from "./lib/folders.mjs";
import { ensurePackages } from "./lib/packages.mjs";
import { runVisibly } from "./lib/run.mjs";
import { MissingPart, runMain, say, step } from "./lib/steps.mjs";
import { isAtLeast, oldestNode } from "./lib/versions.mjs";
import { ensureSdkGenerator } from "./pulumi/gen-sdk.mjs";
import { ensureLanguages } from "./pulumi/languages.mjs";
import { ensurePulumi } from "./pulumi/pulumi-cli.mjs";
import { hostPackages, registryPackages, unwantedUnits } from "./system-packages.mjs";

/**
 * What a command needs: `host` a private libvirt host, `pulumi` the engine, `generator` the SDK generator, `languages` what
 * programs in Python, Go and YAML are run by. The npm packages always.
 * @typedef {"host" | "pulumi" | "generator" | "languages"} Need
 */

/**
 * Sets up what is needed and not there; returns the folders that must come first on PATH for the engine, and variables for its tests.
 * @param {readonly Need[]} needs
 * @returns {Promise<{ pathFolders: string[], environment: Record<string, string> }>}
 */
export async function setUp(needs) {
  if (!isAtLeast(process.version, oldestNode))
    throw new MissingPart(`This is Node ${process.version}.`, `install Node ${oldestNode} or newer.`);
  // Whoever brings a libvirt gets no other one.
  const makesHost = needs.includes("host") && !process.env.LIBVIRT_DEFAULT_URI;
  const packages = [...(needs.length > 0 ? Object.keys(registryPackages) : []), ...(makesHost ? Object.keys(hostPackages) : [])];
  if (packages.length > 0) await step("system packages", () => ensurePackages(packages, unwantedUnits));
  await step("npm packages", ensureNodeModules);
  const cli = needs.includes("pulumi") ? await step("Pulumi CLI", tellPulumi) : undefined;
  if (needs.includes("generator")) await step("SDK generator", ensureSdkGenerator);
  if (makesHost) await step("test guest", ensureGuest);
  if (makesHost && needs.includes("pulumi")) await step("Debian guest", ensureDebianGuest);
  const languages = needs.includes("languages") ? await step("other languages", ensureLanguages) : undefined;
  return { pathFolders: [...(cli?.pathFolders ?? []), ...(languages?.pathFolders ?? [])], environment: languages?.environment ?? {} };
}

async function tellPulumi() {
  const cli = await ensurePulumi();
  say(`    ${cli.pulumi}`);
  return cli;
}

/** `npm ci`, unless node_modules is what package-lock.json asks for. */
async function ensureNodeModules() {
  const stamp = join(repoDir, "node_modules", ".lock-sha256");
  const lock = join(repoDir, "package-lock.json");
  const wanted = createHash("sha256").update(readFileSync(lock)).digest("hex");
  const npmsOwn = join(repoDir, "node_modules", ".package-lock.json");
  const isStamped = existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  // A developer's `npm install` writes the lock first and its own record in node_modules after.
  const isInstalledByHand = existsSync(npmsOwn) && statSync(npmsOwn).mtimeMs >= statSync(lock).mtimeMs;
  if (isStamped || isInstalledByHand) return say("    node_modules is up to date");
  const code = await runVisibly("npm", ["ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"], { cwd: repoDir });
  if (code !== 0) throw new MissingPart("`npm ci` failed.", "see what npm said above.");
  writeFileSync(stamp, wanted);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runMain(async () => {
    extendPath();
    await setUp(process.argv.includes("--only-npm") ? [] : ["host", "pulumi", "generator", "languages"]);
  });
}
