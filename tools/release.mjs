// Everything that a release publishes, into dist/: the npm packages, the plugin's archives, the schema, and their checksums.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildAll } from "./build.mjs";
import { generate } from "./generate.mjs";
import { extendPath, repoDir } from "./lib/folders.mjs";
import { MissingPart, runMain, say, step } from "./lib/steps.mjs";
import { withRelease } from "./release/changelog.mjs";
import { packAll } from "./release/pack.mjs";
import { agreedVersion } from "./release/versions.mjs";
import { setUp } from "./setup.mjs";

const help = `make release: builds what a release publishes, into dist/, and publishes nothing.

  It refuses when a generated file is stale or when the versions differ, and gives what stands under "Unreleased" in
  CHANGELOG.md the version's heading. Set the version in provider/package.json and node-libvirt/package.json before,
  then \`make generate\`. What to do with dist/ is in CONTRIBUTING.md, "Releasing".

  node tools/release.mjs [--keep-changelog] [--help]
    --keep-changelog  leave CHANGELOG.md as it is, and refuse nothing because of it`;

const dist = join(repoDir, "dist");

/** @param {boolean} keepsChangelog */
async function release(keepsChangelog) {
  await setUp(["generator"]);
  await step("generated files are up to date", () => generate({ check: true }));
  await buildAll();
  const version = await step("versions agree", agreedVersion);
  say(`    ${version}`);
  if (!keepsChangelog) await step("CHANGELOG.md", () => writeChangelog(version));
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  await step("npm packages and plugin archives", () => packAll(dist));
  copyFileSync(join(repoDir, "schema.json"), join(dist, "schema.json"));
  writeChecksums();
}

/** @param {string} version */
function writeChangelog(version) {
  const file = join(repoDir, "CHANGELOG.md");
  const before = readFileSync(file, "utf8");
  const after = withRelease(before, version, new Date().toISOString().slice(0, 10));
  say(after === before ? `    has ${version} already` : `    "Unreleased" is ${version} now: commit it`);
  if (after !== before) writeFileSync(file, after);
}

function writeChecksums() {
  const lines = readdirSync(dist)
    .sort()
    .map(
      (name) =>
        `${createHash("sha256")
          .update(readFileSync(join(dist, name)))
          .digest("hex")}  ${name}`,
    );
  writeFileSync(join(dist, "SHA256SUMS"), `${lines.join("\n")}\n`);
  say(lines.map((line) => `    ${line}`).join("\n"));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const words = process.argv.slice(2);
  const unknown = words.filter((word) => !["--help", "--keep-changelog"].includes(word));
  await runMain(() => {
    if (unknown.length > 0) throw new MissingPart(`No such option: ${unknown.join(" ")}.`, "see --help.");
    if (words.includes("--help")) return say(help);
    extendPath();
    return release(words.includes("--keep-changelog"));
  });
}
