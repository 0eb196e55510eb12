// What the golden tests share: files that hold what is written, to be reviewed very carefully (UPDATE_GOLDEN=1 writes them anew), and libvirt's schemas.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const update = process.env["UPDATE_GOLDEN"] === "1";

/** The golden files of one folder. */
export function goldenFolder(folder: string) {
  const pathOf = (name: string) => join(folder, `${name}.xml`);
  return {
    pathOf,
    /** The text is the file's. */
    expectGolden: (name: string, xml: string): void => {
      if (update) writeFileSync(pathOf(name), xml);
      expect(xml).toBe(readFileSync(pathOf(name), "utf8"));
    },
    /** No file is left over from a golden that is gone. */
    expectOnly: (names: readonly string[]): void => expect(readdirSync(folder).sort()).toEqual(names.map((name) => `${name}.xml`).sort()),
  };
}

const schemaFolder = "/usr/share/libvirt/schemas";
const canValidate = existsSync(schemaFolder) && spawnSync("xmllint", ["--version"]).status === 0;

/** For the names of tests that need the schemas. */
export const because = canValidate ? "" : " [skipped: needs xmllint and libvirt's schemas, from libxml2-utils and libvirt0]";
export const testWithSchemas = canValidate ? test : test.skip;

/** libvirt's schema ("domain", "network", …) accepts every file. */
export function expectValid(schema: string, files: readonly string[]): void {
  const { status, stderr } = spawnSync("xmllint", ["--noout", "--relaxng", join(schemaFolder, `${schema}.rng`), ...files], {
    encoding: "utf8",
  });
  const wrong = stderr.split("\n").filter((line) => !line.endsWith(" validates") && line !== "");
  expect({ status, wrong }).toEqual({ status: 0, wrong: [] });
}
