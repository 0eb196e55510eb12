// One definition for each kind of device, as files to be reviewed very carefully: UPDATE_GOLDEN=1 writes them anew. libvirt's schema must accept each.
import { join } from "node:path";
import { because, expectValid, goldenFolder, testWithSchemas } from "../../testing/golden-files";
import { plan } from "../domain-plan.fixture";
import { domainXml } from "../domain-xml";
import { deviceRows } from "./devices.fixture";

const { pathOf, expectGolden, expectOnly } = goldenFolder(join(__dirname, "golden"));
const rows = Object.entries(deviceRows).map(([name, row]) => ({ name, ...row }));
const names = rows.map(({ name }) => name);

test.each(rows)("$name: $because", ({ name, plan: devices }) => {
  expectGolden(name, domainXml({ ...plan, disks: [], metadata: { ...plan.metadata, disks: [], volumes: [] }, ...devices }));
});

test("no file is left over from a golden that is gone", () => expectOnly(names));

testWithSchemas(`libvirt's schema accepts each${because}`, () => expectValid("domain", names.map(pathOf)));
