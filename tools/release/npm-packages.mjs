// The three npm packages as tarballs, each packed from a folder that holds what users get and nothing else.
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROGRAMS } from "../build.mjs";
import { repoDir } from "../lib/folders.mjs";
import { run } from "../lib/run.mjs";
import { MissingPart } from "../lib/steps.mjs";

/** What is built from provider/ into bin/: each is a command of its package. */
const commands = Object.keys(PROGRAMS);

const { homepage, repository, keywords } = JSON.parse(readFileSync(join(repoDir, "sdk", "nodejs", "package.json"), "utf8"));

/**
 * Where each package comes from: its folder, the files in it beyond its manifest, and what its manifest says to users besides.
 * @type {Record<string, { folder: string, files: readonly string[], also?: (manifest: any) => object, build?: () => void, extra?: readonly string[] }>}
 */
export const npmPackages = {
  "node-libvirt": {
    folder: "node-libvirt",
    files: ["dist", "README.md"],
    build: () =>
      run(
        process.execPath,
        [join(repoDir, "node_modules", "typescript", "bin", "tsc"), "--project", "tsconfig.build.json"],
        inFolder("node-libvirt"),
      ),
  },
  "pulumi-kvm-provider": {
    folder: "provider",
    files: ["dist", "README.md"],
    extra: commands.map((name) => join("bin", name)),
    also: () => ({
      homepage,
      repository,
      keywords,
      bin: Object.fromEntries(commands.map((name) => [name, `bin/${name}`])),
      files: ["bin", "dist", "README.md"],
    }),
  },
  "pulumi-kvm": { folder: join("sdk", "nodejs"), files: ["bin", "pulumi-kvm.js", "README.md"] },
};

/** @param {string} folder */
const inFolder = (folder) => ({ cwd: join(repoDir, folder) });

/**
 * Packs all of them, as built now; returns the tarballs by package.
 * @param {string} out folder that gets them
 * @returns {Record<string, string>}
 */
export function packNpmPackages(out) {
  mkdirSync(out, { recursive: true });
  return Object.fromEntries(Object.keys(npmPackages).map((name) => [name, packOne(name, out)]));
}

/**
 * @param {string} name
 * @param {string} out
 */
function packOne(name, out) {
  const stage = mkdtempSync(join(tmpdir(), "kvm-npm-"));
  try {
    fillStage(name, stage);
    const said = run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", out], { cwd: stage });
    return join(out, JSON.parse(said)[0].filename);
  } finally {
    rmSync(stage, { recursive: true });
  }
}

/**
 * @param {string} name
 * @param {string} stage
 */
function fillStage(name, stage) {
  const source = npmPackages[name];
  if (!source) throw new Error(`no package ${name}`);
  source.build?.();
  const folder = join(repoDir, source.folder);
  for (const file of source.files) place(join(folder, file), join(stage, file));
  for (const file of source.extra ?? []) place(join(repoDir, file), join(stage, file));
  copyFileSync(join(repoDir, "LICENSE"), join(stage, "LICENSE"));
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  // What only builds it is bundled or compiled already.
  for (const ownBuild of ["private", "scripts", "devDependencies"]) delete manifest[ownBuild];
  writeFileSync(join(stage, "package.json"), `${JSON.stringify({ ...manifest, ...source.also?.(manifest) }, null, 2)}\n`);
}

/**
 * @param {string} from
 * @param {string} to
 */
function place(from, to) {
  if (!existsSync(from)) throw new MissingPart(`${from} is not there.`, "run `make build`.");
  cpSync(from, to, { recursive: true });
}
