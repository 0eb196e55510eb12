// The plugin as the archives that `pulumi plugin install` takes: one for each platform, and the same in each, for the plugin is a program for Node.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repoDir } from "../lib/folders.mjs";
import { run } from "../lib/run.mjs";
import { MissingPart } from "../lib/steps.mjs";

const PLUGIN = "pulumi-resource-kvm";

/** Pulumi's names of the platforms. */
const platforms = ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"];

/** With these the same files give the same archive. */
const sameEveryTime = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];

/**
 * Writes the archives of the plugin as built now; returns their paths.
 * @param {string} out
 * @param {string} version
 */
export function writePluginArchives(out, version) {
  const plugin = join(repoDir, "bin", PLUGIN);
  if (!existsSync(plugin)) throw new MissingPart(`${plugin} is not there.`, "run `make build`.");
  mkdirSync(out, { recursive: true });
  const stage = mkdtempSync(join(tmpdir(), "kvm-plugin-"));
  try {
    for (const file of [plugin, join(repoDir, "LICENSE")]) copyFileSync(file, join(stage, file.slice(file.lastIndexOf("/") + 1)));
    const [first = "", ...others] = platforms.map((platform) => join(out, `${PLUGIN}-v${version}-${platform}.tar.gz`));
    run("tar", [...sameEveryTime, "--use-compress-program=gzip -n -9", "-cf", first, "LICENSE", PLUGIN], { cwd: stage });
    for (const other of others) copyFileSync(first, other);
    return [first, ...others];
  } finally {
    rmSync(stage, { recursive: true });
  }
}
