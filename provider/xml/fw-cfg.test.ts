// Ignition's file in a definition: written, read back, and taken out again, with what other hands gave the guest left alone.
import { metadata, plan } from "./domain-plan.fixture";
import { domainXml } from "./domain-xml";
import { parseDomain } from "./parse-domain";

const file = "/pools/fast/web-ignition.json";
const owned = { ...metadata, volumes: [{ key: "ignition", pool: "fast", name: "web-ignition.json", path: file, keep: false }] };
const foreign = "<sysinfo type='fwcfg'><entry name='opt/org.example/a'>text</entry></sysinfo><sysinfo type='smbios'><bios/></sysinfo>";
const withForeign = domainXml(plan).replace("<os>", `${foreign}<os>`);

test("is read back as it was written, and written once", () => {
  const xml = domainXml({ ...plan, ignitionFile: file, metadata: owned });
  expect(parseDomain(xml).ignitionFile).toBe(file);
  expect(domainXml({ ...plan, ignitionFile: file, metadata: owned }, xml)).toBe(xml);
  expect(parseDomain(domainXml(plan)).ignitionFile).toBeUndefined();
});

test("goes beside what is there", () => {
  const xml = domainXml({ ...plan, ignitionFile: file, metadata: owned }, withForeign);
  expect(xml).toMatch(/<entry name="opt\/org.example\/a">text<\/entry>\s*<entry name="opt\/com.coreos\/config" file="[^"]*"\/>/);
  expect(xml).toContain("smbios");
  const without = domainXml({ ...plan, metadata: owned }, xml);
  expect(without).not.toContain("com.coreos");
  expect(without).toContain("opt/org.example/a");
});

test("takes the block along that it leaves empty", () => {
  const xml = domainXml({ ...plan, ignitionFile: file, metadata: owned });
  expect(domainXml({ ...plan, metadata: owned }, xml)).not.toContain("sysinfo");
});

test("of other hands stays where the plan has none, and gives way where it has one", () => {
  const other = withForeign.replace("opt/org.example/a", "opt/com.coreos/config");
  expect(domainXml(plan, other)).toContain("opt/com.coreos/config");
  const taken = domainXml({ ...plan, ignitionFile: file, metadata: owned }, other);
  expect(taken.match(/com\.coreos/g)).toHaveLength(1);
  expect(parseDomain(taken).ignitionFile).toBe(file);
});

test("the name of the instance that a seed makes is kept in our notes", () => {
  expect(parseDomain(domainXml({ ...plan, metadata: { ...metadata, instanceId: "iid-1" } })).metadata?.instanceId).toBe("iid-1");
  expect(parseDomain(domainXml(plan)).metadata?.instanceId).toBeUndefined();
});
