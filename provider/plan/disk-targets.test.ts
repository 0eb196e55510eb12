import fc from "fast-check";
import { assignTargets, targetLetters, targetPrefix, type TargetRequest } from "./disk-targets";
import { diskBuses } from "./domain";

const virtio = (...keys: string[]): TargetRequest[] => keys.map((key) => ({ key, bus: "virtio" }));
const assign = (disks: readonly TargetRequest[], assigned: Record<string, string> = {}) =>
  Object.fromEntries(assignTargets(disks, new Map(Object.entries(assigned))));

test.each([
  { because: "new disks go by key, not by position", disks: virtio("root", "data"), assigned: {}, gives: { data: "vda", root: "vdb" } },
  { because: "what is assigned stays", disks: virtio("root", "data"), assigned: { root: "vda" }, gives: { root: "vda", data: "vdb" } },
  { because: "a removed disk renumbers nobody", disks: virtio("c"), assigned: { a: "vda", c: "vdc" }, gives: { c: "vdc" } },
  { because: "a gap is filled first", disks: virtio("b", "c"), assigned: { c: "vdc" }, gives: { b: "vda", c: "vdc" } },
  { because: "another bus, another name", disks: [{ key: "a", bus: "scsi" as const }], assigned: { a: "vda" }, gives: { a: "sda" } },
  {
    because: "scsi, sata and usb share their letters, as a target is unique in a machine",
    disks: [
      { key: "a", bus: "scsi" as const },
      { key: "cd", bus: "sata" as const },
      { key: "stick", bus: "usb" as const },
      { key: "old", bus: "ide" as const },
    ],
    assigned: {},
    gives: { a: "sda", cd: "sdb", old: "hda", stick: "sdc" },
  },
  {
    because: "a target given twice stays with one",
    disks: virtio("a", "b"),
    assigned: { a: "vda", b: "vda" },
    gives: { a: "vda", b: "vdb" },
  },
])("$because", ({ disks, assigned, gives }) => {
  expect(assign(disks, assigned)).toEqual(gives);
});

test.each([
  { index: 0, letters: "a" },
  { index: 25, letters: "z" },
  { index: 26, letters: "aa" },
  { index: 51, letters: "az" },
  { index: 52, letters: "ba" },
  { index: 701, letters: "zz" },
  { index: 702, letters: "aaa" },
])("disk $index has the letters $letters", ({ index, letters }) => {
  expect(targetLetters(index)).toBe(letters);
});

const disks = fc.uniqueArray(fc.record({ key: fc.string(), bus: fc.constantFrom(...diskBuses) }), {
  selector: ({ key }) => key,
  maxLength: 60,
});

test("every disk has a target of its bus, none twice, whatever the order; asking again changes nothing", () => {
  fc.assert(
    fc.property(disks, (disks) => {
      const targets = assignTargets(disks, new Map());
      expect(new Set(targets.values()).size).toBe(disks.length);
      for (const { key, bus } of disks) expect(targets.get(key)?.startsWith(targetPrefix[bus])).toBe(true);
      expect(new Map(assignTargets([...disks].reverse(), new Map()))).toEqual(targets);
      expect(assignTargets(disks, targets)).toEqual(targets);
    }),
  );
});

test("adding and removing disks moves no other", () => {
  fc.assert(
    fc.property(disks, fc.nat(), (disks, seed) => {
      const before = assignTargets(disks, new Map());
      const rest = disks.filter((_, index) => index % 3 !== seed % 3);
      const after = assignTargets([...rest, { key: "one that is new to all of them, surely", bus: "virtio" }], before);
      for (const { key } of rest) expect(after.get(key)).toBe(before.get(key));
    }),
  );
});
