// Disks on their own: the device for hotplug, and the edit of a saved machine's XML.
import { cached, direct, plan, rootDisk } from "./domain-plan.fixture";
import { diskXml, driverSettingsXml } from "./disk-xml";
import { domainXml } from "./domain-xml";
import { differences } from "./lines-of.fixture";

/** As a managed save holds it: live addresses, aliases, indices and a security label. */
const savedXml = domainXml({ ...plan, disks: [rootDisk, { ...rootDisk, key: "data", target: "vdb" }] })
  .replace('<alias name="ua-root"/>', '<backingStore/><alias name="ua-root"/><address type="pci" bus="0x04"/>')
  .replace("</devices>", "</devices><seclabel type='dynamic' model='dac'><label>+64055:+104</label></seclabel>");

test("driver settings are changed for the named disks, and nothing else", () => {
  expect(differences(savedXml, driverSettingsXml(savedXml, new Map([["vdb", { ...cached, discard: "ignore" }]])))).toEqual({
    gone: ['/domain/devices/disk/driver cache="none" detect_zeroes="unmap" discard="unmap" io="native" name="qemu" type="qcow2"'],
    added: ['/domain/devices/disk/driver cache="writeback" detect_zeroes="off" discard="ignore" io="threads" name="qemu" type="qcow2"'],
  });
});

test("no settings, no change", () => {
  expect(differences(savedXml, driverSettingsXml(savedXml, new Map()))).toEqual({ gone: [], added: [] });
});

test("a target that is not there is never passed over in silence", () => {
  expect(() => driverSettingsXml(savedXml, new Map([["vdz", direct]]))).toThrow("has no disk vdz");
  expect(() => driverSettingsXml("<domain/>", new Map([["vda", direct]]))).toThrow("has no disk vda");
});

test("the hotplug device is the element that a definition would have", () => {
  const definition = domainXml(plan).replaceAll(/\s*\n\s*/g, "");
  expect(definition).toContain(diskXml(rootDisk).replaceAll(/\s*\n\s*/g, ""));
});
