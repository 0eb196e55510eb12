// What becomes of the changelog when a version is released.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const released = (changelog: string) =>
  spawnSync(process.execPath, [join(__dirname, "changelog.mjs"), "0.2.0", "2026-01-31"], { input: changelog, encoding: "utf8" });

const head = "# Changelog\n\n";

test.each([
  {
    because: "what is unreleased belongs to the version from now on, and the next change finds its heading",
    changelog: `${head}## Unreleased\n\n### Added\n\n- A.\n\n## 0.1.0 - 2025-12-01\n`,
    gives: `${head}## Unreleased\n\n## 0.2.0 - 2026-01-31\n\n### Added\n\n- A.\n\n## 0.1.0 - 2025-12-01\n`,
  },
  {
    because: "a release that is built once more has its heading already",
    changelog: `${head}## Unreleased\n\n- B.\n\n## 0.2.0 - 2026-01-30\n\n- A.\n`,
    gives: `${head}## Unreleased\n\n- B.\n\n## 0.2.0 - 2026-01-30\n\n- A.\n`,
  },
])("$because", ({ changelog, gives }) => {
  expect(released(changelog).stdout).toBe(gives);
});

test.each([
  { because: "a release without a change has nothing to tell", changelog: `${head}## Unreleased\n\n## 0.1.0\n` },
  { because: "a version that only begins with the same digits is another one", changelog: `${head}## 0.2.01\n\n- A.\n` },
])("refused: $because", ({ changelog }) => {
  const { status, stderr } = released(changelog);
  expect(status).toBe(1);
  expect(stderr).toMatch(/0\.2\.0/);
});
