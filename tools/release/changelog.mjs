// What CHANGELOG.md says of a release: what stood under "Unreleased" gets the version's own heading. As a program: a changelog in, a changelog out.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const UNRELEASED = "## Unreleased";

/**
 * The changelog with the version's heading: as it is where it has one already.
 * @param {string} changelog
 * @param {string} version
 * @param {string} day as 2026-01-31
 */
export function withRelease(changelog, version, day) {
  const hasHeading = changelog.split("\n").some((line) => line === `## ${version}` || line.startsWith(`## ${version} `));
  if (hasHeading) return changelog;
  const [before, after] = changelog.split(`${UNRELEASED}\n`);
  if (before === undefined || after === undefined) throw new Error(`CHANGELOG.md has neither "## ${version}" nor "${UNRELEASED}".`);
  if (/^\s*(## |$)/.test(after)) throw new Error(`CHANGELOG.md has nothing under "${UNRELEASED}" for ${version}.`);
  return `${before}${UNRELEASED}\n\n## ${version} - ${day}\n${after}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [version = "", day = ""] = process.argv.slice(2);
  process.stdout.write(withRelease(readFileSync(0, "utf8"), version, day));
}
