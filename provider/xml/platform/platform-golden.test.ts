// One definition for each concern of the platform, as files to be reviewed very carefully: UPDATE_GOLDEN=1 writes them anew. libvirt's schema must accept each.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { plan } from "../domain-plan.fixture";
import { domainXml } from "../domain-xml";
import { platforms } from "./platform.fixture";

const folder = join(__dirname, "golden");
const pathOf = (name: string) => join(folder, `${name}.xml`);
const rows = Object.entries(platforms).map(([name, row]) => ({ name, ...row }));
const update = process.env["UPDATE_GOLDEN"] === "1";

test.each(rows)("$name: $because", ({ name, platform }) => {
  const xml = domainXml({ ...plan, disks: [], metadata: { ...plan.metadata, disks: [], volumes: [] }, platform });
  if (update) writeFileSync(pathOf(name), xml);
  expect(xml).toBe(readFileSync(pathOf(name), "utf8"));
});

test("no file is left over from a golden that is gone", () => {
  expect(readdirSync(folder).sort()).toEqual(rows.map(({ name }) => `${name}.xml`).sort());
});

const schema = "/usr/share/libvirt/schemas/domain.rng";
const canValidate = existsSync(schema) && spawnSync("xmllint", ["--version"]).status === 0;
const because = canValidate ? "" : " [skipped: needs xmllint and libvirt's schemas, from libxml2-utils and libvirt0]";

(canValidate ? test : test.skip)(`libvirt's schema accepts each${because}`, () => {
  const { status, stderr } = spawnSync("xmllint", ["--noout", "--relaxng", schema, ...rows.map(({ name }) => pathOf(name))], {
    encoding: "utf8",
  });
  expect({ status, wrong: stderr.split("\n").filter((line) => !line.endsWith(" validates") && line !== "") }).toEqual({
    status: 0,
    wrong: [],
  });
});
