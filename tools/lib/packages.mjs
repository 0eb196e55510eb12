// System packages by apt: only what is missing, and no package list is fetched when nothing is.
import { isRoot, rootPrefix } from "./root.mjs";
import { attempt, run, runVisibly, which } from "./run.mjs";
import { MissingPart, say } from "./steps.mjs";

let listsAreFresh = false;

/**
 * What runs apt-get while no package may start a service: Debian asks this file before. One that is there already is the machine's own word
 * and stays; ours, by its mark, is from an installation that was cut off, or goes when this one ends.
 */
const withoutServices = `
policy=/usr/sbin/policy-rc.d
mark="pulumi-kvm: no service starts while its installation runs"
if [ ! -e "$policy" ] || grep -qs "$mark" "$policy"; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" > "$policy"
  chmod 755 "$policy"
fi
DEBIAN_FRONTEND=noninteractive apt-get "$@"
`;

/**
 * Installs the Debian packages that are not there yet, and starts none of their services.
 * @param {readonly string[]} packages
 * @param {Readonly<Record<string, readonly string[]>>} unwantedUnits systemd units, by package, that stay off at the next boot too if we install it
 */
export async function ensurePackages(packages, unwantedUnits = {}) {
  const missing = missingPackages(packages);
  if (missing.length === 0) return say("    nothing is missing");
  requireApt(missing);
  await refreshLists();
  say(`    installing ${missing.join(" ")}`);
  const args = ["install", "--yes", "--no-install-recommends", "--quiet=2", "-o", "Dpkg::Use-Pty=0", ...missing];
  if ((await asRoot(["sh", "-c", withoutServices, "apt-get", ...args])) !== 0)
    throw new MissingPart(`apt-get could not install ${missing.join(" ")}.`, "see what apt-get said above.");
  await switchOff(missing.flatMap((name) => unwantedUnits[name] ?? []));
}

/** @param {readonly string[]} units */
async function switchOff(units) {
  if (units.length === 0 || !which("systemctl")) return;
  say(`    switching off ${units.join(" ")}: tests start their own`);
  if ((await asRoot(["systemctl", "--quiet", "disable", ...units])) !== 0)
    say("    systemctl could not; they would start at the next boot");
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
const aptAsRoot = (args) => asRoot(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...args]);

/** @param {string[]} words */
function asRoot(words) {
  const [command = "", ...rest] = [...rootPrefix(), ...words];
  return runVisibly(command, rest, isRoot() ? {} : { stdio: "inherit" });
}
