// One definition for each concern of the platform, as files to be reviewed very carefully: UPDATE_GOLDEN=1 writes them anew. libvirt's schema must accept each.
import { join } from "node:path";
import { plan } from "../domain-plan.fixture";
import { domainXml } from "../domain-xml";
import { because, expectValid, goldenFolder, testWithSchemas } from "../../testing/golden-files";
import { platforms } from "./platform.fixture";

const { pathOf, expectGolden, expectOnly } = goldenFolder(join(__dirname, "golden"));
const rows = Object.entries(platforms).map(([name, row]) => ({ name, ...row }));
const names = rows.map(({ name }) => name);

test.each(rows)("$name: $because", ({ name, platform }) => {
  expectGolden(name, domainXml({ ...plan, disks: [], metadata: { ...plan.metadata, disks: [], volumes: [] }, platform }));
});

test("no file is left over from a golden that is gone", () => expectOnly(names));

testWithSchemas(`libvirt's schema accepts each${because}`, () => expectValid("domain", names.map(pathOf)));
