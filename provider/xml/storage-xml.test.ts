// Volumes as libvirt tells of them.
import fc from "fast-check";
import { anyText } from "./any-text.fixture";
import { parseVolume, volumeXml } from "./storage-xml";

test("a qcow2 volume with its base", () => {
  const xml = `<volume type='file'>
    <name>root.qcow2</name>
    <key>/pool/root.qcow2</key>
    <source></source>
    <capacity unit='bytes'>21474836480</capacity>
    <allocation unit='KiB'>200</allocation>
    <physical unit='bytes'>196624</physical>
    <target>
      <path>/pool/root.qcow2</path>
      <format type='qcow2'/>
      <permissions><mode>0600</mode></permissions>
    </target>
    <backingStore><path>/pool/base.img</path><format type='raw'/></backingStore>
  </volume>`;
  expect(parseVolume(xml)).toEqual({
    name: "root.qcow2",
    path: "/pool/root.qcow2",
    format: "qcow2",
    capacityBytes: 21474836480,
    allocationBytes: 204800,
    physicalBytes: 196624,
    key: "/pool/root.qcow2",
    backingPath: "/pool/base.img",
    backingFormat: "raw",
  });
});

test("a logical volume has a key for a path and no format", () => {
  const xml = "<volume type='block'><name>lv</name><key>/dev/vg/lv</key><capacity unit='G'>1</capacity></volume>";
  expect(parseVolume(xml)).toEqual({
    name: "lv",
    path: "/dev/vg/lv",
    key: "/dev/vg/lv",
    format: "raw",
    capacityBytes: 1073741824,
    allocationBytes: 0,
  });
});

test("any volume is read as it was asked for", () => {
  const format = fc.constantFrom("raw" as const, "qcow2" as const);
  fc.assert(
    fc.property(anyText, anyText, fc.nat(), fc.nat(), format, (name, path, capacityBytes, allocationBytes, given) => {
      const request = { name, capacityBytes, allocationBytes, format: given, backing: { path, format: "qcow2" } };
      expect(parseVolume(volumeXml(request))).toEqual({
        name,
        path: "",
        format: given,
        capacityBytes,
        allocationBytes,
        backingPath: path,
        backingFormat: "qcow2",
      });
    }),
  );
});
