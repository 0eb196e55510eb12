// Definitions that others made, one for each feature of libvirt's domain format: taken over, read, planned and written, nothing of them is lost or changed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { because as schemaReason, expectValid, testWithSchemas } from "../../testing/golden-files";
import { createStage } from "../../testing/machine-stage";
import { differences } from "../../xml/lines-of.fixture";
import type { Values } from "../resource";
import { isValues, without } from "../values";
import { featuresAt, type FeaturePlace } from "./definition-features.fixture";

const leastDriver = "<driver name='qemu' type='raw'/>";
/** As our own first update leaves it. */
const settled = "<driver name='qemu' type='raw' cache='none' io='threads' discard='ignore' detect_zeroes='off'/>";
const image = "/pools/fast/legacy.img";
const secondImage = "/pools/fast/second.img";

/** A machine as others make it, with the feature in its place. */
const bases: Readonly<Record<FeaturePlace, (xml: string) => string>> = {
  top: (xml) => definition({ top: xml }),
  os: (xml) => definition({ os: xml }),
  features: (xml) => definition({ features: xml }),
  cpu: (xml) => definition({ top: xml }),
  clock: (xml) => definition({ top: xml }),
  disk: (xml) => definition({ disk: xml }),
  driver: (xml) => definition({ driver: xml }),
  disks: devicesOf,
  card: (xml) =>
    definition({ devices: `<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/>${xml}</interface>` }),
  devices: devicesOf,
};

/** A device, and before it, on a line of its own, what it needs beside. */
function devicesOf(xml: string): string {
  const [devices = "", ...needs] = xml.split("\n").toReversed();
  return definition({ devices, top: needs.join("") });
}

function definition({ top = "", os = "", features = "", disk = "", driver = leastDriver, devices = "" }): string {
  const boots = /<boot |<interface/.test(`${os}${disk}${devices}`) ? "" : "<boot dev='hd'/>";
  return `<domain type='kvm'><name>legacy</name><uuid>11111111-2222-4333-8444-555555555555</uuid>${top}
    <memory unit='KiB'>2097152</memory><currentMemory unit='KiB'>2097152</currentMemory><vcpu placement='static'>2</vcpu>${top.includes("<iothreads") ? "" : "<iothreads>1</iothreads>"}
    <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type>${os}${boots}</os><features>${features.includes("<apic") ? "" : "<apic/>"}<acpi/>${features}</features>
    <devices><disk type='file' device='disk'>${driver}<source file='${image}'/><target dev='vda' bus='virtio'/>${disk}</disk>
    <disk type='file' device='disk'>${settled}<source file='${secondImage}'/><target dev='vdb' bus='virtio'/></disk>${devices}</devices></domain>`;
}

const rows = Object.entries(featuresAt).flatMap(([place, features]) =>
  features.map(([because, xml]) => ({ place, because, xml: bases[place as FeaturePlace](xml) })),
);

test("there are more than three hundred, each another", () => {
  expect(new Set(rows.map(({ xml }) => xml)).size).toBe(rows.length);
  expect(rows.length).toBeGreaterThan(300);
});

testWithSchemas(`libvirt's schema accepts all of them${schemaReason}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "kvm-round-trip-"));
  try {
    const files = rows.map(({ place, because, xml }) => {
      const file = join(folder, `${place}: ${because.replaceAll("/", "")}.xml`);
      writeFileSync(file, xml);
      return file;
    });
    expectValid("domain", files);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What QEMU does anyway may be said, and may be left out. */
const usual = / (?:cache=["']writeback|io=["']threads|discard=["']ignore|detect_zeroes=["']off)["']/g;
const plain = (xml: string) => xml.replace(usual, "");

/** What our own notes, which go into <metadata>, and the managed field change. */
const isOurs = (line: string) => line.startsWith("/domain/metadata/kvm:") || line === "/domain/metadata";

test.each(rows)("$place: $because", async ({ xml }) => {
  const { fake, web, domain } = createStage();
  for (const [, path] of xml.matchAll(/file='(\/pools\/[^']+)'/g)) if (path !== undefined) fake.addFile({ path, format: "raw" });
  await fake.defineDomain(xml);
  const before = (await domain("legacy")).inactiveXml;
  expect(await web.import("legacy")).toMatchObject({ did: "import", problems: [], changes: [] });
  const inputs = without(web.now.inputs, "effectiveDisks");
  const described = { ...inputs, description: "ours" };
  const first = await web.up(described, { skipPreview: true });
  expect(first).toMatchObject({ did: "update", changes: ["description"], problems: [], initErrors: [] });
  const after = (await domain("legacy")).inactiveXml;
  const { gone, added } = differences(plain(before), plain(after));
  expect(gone.filter((line) => !line.startsWith("/domain/description "))).toEqual([]);
  expect(added.filter((line) => !isOurs(line))).toEqual(["/domain/description ours"]);

  const { disks } = inputs as { readonly disks: Values };
  const { vdb } = disks;
  if (!isValues(vdb)) throw new Error("the second disk was not read");
  const cached = await web.up({ ...described, disks: { ...disks, vdb: { ...vdb, cache: "writethrough" } } }, { skipPreview: true });
  expect(cached).toMatchObject({ did: "update", problems: [], initErrors: [] });
  const changed = differences(after, (await domain("legacy")).inactiveXml);
  expect(changed.gone.filter((line) => !isOurs(line))).toEqual([
    '/domain/devices/disk/driver cache="none" detect_zeroes="off" discard="ignore" io="threads" name="qemu" type="raw"',
  ]);
  expect(changed.added.filter((line) => !isOurs(line))).toHaveLength(1);
  expect(changed.added.find((line) => !isOurs(line))).toMatch(/^\/domain\/devices\/disk\/driver cache="writethrough" /);
});
