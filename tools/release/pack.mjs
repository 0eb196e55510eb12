// The packages and archives of what is built, without the checks of a release: `pack.mjs FOLDER` prints what it wrote there as JSON.
import { pathToFileURL } from "node:url";
import { extendPath } from "../lib/folders.mjs";
import { runMain } from "../lib/steps.mjs";
import { packNpmPackages } from "./npm-packages.mjs";
import { writePluginArchives } from "./plugin-archives.mjs";
import { agreedVersion } from "./versions.mjs";

/**
 * @param {string} folder
 */
export async function packAll(folder) {
  const version = await agreedVersion();
  return { version, packages: packNpmPackages(folder), archives: writePluginArchives(folder, version) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runMain(async () => {
    extendPath();
    process.stdout.write(JSON.stringify(await packAll(process.argv[2] ?? "dist")));
  });
}
