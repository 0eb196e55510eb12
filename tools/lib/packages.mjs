// System packages by apt: only what is missing, and no package list is fetched when nothing is.
import { isRoot, rootPrefix } from "./root.mjs";
import { attempt, run, runVisibly, which } from "./run.mjs";
import { MissingPart, say } from "./steps.mjs";

let listsAreFresh = false;

/**
 * Installs the Debian packages that are not there yet.
 * @param {readonly string[]} packages
 */
export async function ensurePackages(packages) {
  const missing = missingPackages(packages);
  if (missing.length === 0) return say("    nothing is missing");
  requireApt(missing);
  await refreshLists();
  say(`    installing ${missing.join(" ")}`);
  const args = ["install", "--yes", "--no-install-recommends", "--quiet=2", "-o", "Dpkg::Use-Pty=0", ...missing];
  if ((await aptAsRoot(args)) !== 0)
    throw new MissingPart(`apt-get could not install ${missing.join(" ")}.`, "see what apt-get said above.");
}

/** @param {readonly string[]} packages */
export function missingPackages(packages) {
  const shown = attempt("dpkg-query", ["--show", "--showformat", "${Package} ${db:Status-Status}\\n", ...packages]).stdout;
  const installed = new Set(shown.split("\n").flatMap((line) => (line.endsWith(" installed") ? [line.split(" ")[0]] : [])));
  return packages.filter((name) => !installed.has(name));
}

/**
 * Downloads a package's archive into a folder without installing it, and unpacks it there.
 * @param {string} name
 * @param {string} folder
 */
export async function unpackPackage(name, folder) {
  requireApt([name]);
  if (attempt("apt-get", ["download", "--quiet=2", name], { cwd: folder }).code !== 0) {
    await refreshLists();
    run("apt-get", ["download", "--quiet=2", name], { cwd: folder });
  }
  run("sh", ["-c", 'for archive in "$1"_*.deb; do dpkg-deb --extract "$archive" . && rm "$archive"; done', "unpack", name], {
    cwd: folder,
  });
}

/**
 * The package that a meta-package stands for today.
 * @param {string} metaPackage
 * @param {RegExp} pattern
 */
export async function resolveDependency(metaPackage, pattern) {
  requireApt([metaPackage]);
  const find = () =>
    attempt("apt-cache", ["depends", metaPackage])
      .stdout.split("\n")
      .map((line) => pattern.exec(line)?.[0])
      .find(Boolean);
  const found = find();
  if (found) return found;
  await refreshLists();
  const foundNow = find();
  if (!foundNow) throw new MissingPart(`apt knows no package behind ${metaPackage}.`, "check the package sources of apt.");
  return foundNow;
}

/** @param {readonly string[]} wanted */
function requireApt(wanted) {
  if (which("apt-get")) return;
  throw new MissingPart(
    `This needs ${wanted.join(", ")}, and automatic set-up knows Debian's apt only.`,
    "install what these Debian packages hold by hand.",
  );
}

async function refreshLists() {
  if (listsAreFresh) return;
  say("    apt-get update");
  if ((await aptAsRoot(["update", "--quiet=2"])) !== 0)
    throw new MissingPart("apt-get update failed.", "check the network and the package sources of apt.");
  listsAreFresh = true;
}

/** @param {string[]} args */
function aptAsRoot(args) {
  const [command = "", ...rest] = [...rootPrefix(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...args];
  return runVisibly(command, rest, isRoot() ? {} : { stdio: "inherit" });
}
