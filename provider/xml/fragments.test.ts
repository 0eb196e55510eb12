// Fragments: put in once, left as libvirt has them, taken away again; what the provider manages is refused with the input that says it.
import fc from "fast-check";
import { childOf, childrenOf } from "./document";
import type { XmlFragment } from "../plan/domain";
import { fragmentProblems, marksOf, writeFragments } from "./fragments";
import { readXml } from "./read-xml";
import { writeXml } from "./write-xml";

type Fragments = Readonly<Record<string, XmlFragment>>;
const machine = `<domain type='kvm'><name>web</name><features><acpi/></features><devices><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng></devices></domain>`;
const put = (xml: string, fragments: Fragments, before: Fragments = {}) => {
  const domain = readXml(xml);
  writeFragments(domain, fragments, marksOf(before));
  return writeXml(domain);
};
const sound: Fragments = { sound: { path: "devices", xml: "<sound model='ich9'/>" } };
const hyperv: Fragments = { hv: { path: "features", xml: "<hyperv><relaxed state='on'/></hyperv>" } };

test("a device is added with an alias by which it is known again", () => {
  const once = put(machine, sound);
  expect(once).toContain('<alias name="ua-xml-sound"/>');
  expect(put(once, sound, sound)).toBe(once);
});

test("what libvirt fills in stays", () => {
  const once = put(machine, sound).replace('<alias name="ua-xml-sound"/>', '<alias name="ua-xml-sound"/><address type="pci" slot="0x05"/>');
  expect(put(once, sound, sound)).toContain('slot="0x05"');
});

test("another text replaces the device, in its place", () => {
  const once = put(machine, { ...sound, watchdog: { path: "devices", xml: "<watchdog model='i6300esb'/>" } });
  const changed = { ...sound, watchdog: { path: "devices", xml: "<watchdog model='itco'/>" } };
  const twice = put(once, changed, { ...sound, watchdog: { path: "devices", xml: "<watchdog model='i6300esb'/>" } });
  const devices = childOf(readXml(twice), "devices")!;
  expect(childrenOf(devices).map(({ nodeName }) => nodeName)).toEqual(["rng", "sound", "watchdog"]);
  expect(twice).toContain('model="itco"');
  expect(twice).not.toContain("i6300esb");
});

test("an element at another place is set, and goes again", () => {
  const once = put(machine, hyperv);
  expect(once).toContain('<relaxed state="on"/>');
  expect(put(once, hyperv, hyperv)).toBe(once);
  const gone = put(once, {}, hyperv);
  expect(gone).not.toContain("hyperv");
  expect(gone).toContain("<acpi/>");
});

test("an element is taken away, and only that", () => {
  const acpi: Fragments = { bare: { path: "features", remove: "acpi" } };
  const once = put(machine, acpi);
  expect(once).not.toContain("acpi");
  expect(once).toContain("<rng");
  expect(put(once, acpi, acpi)).toBe(once);
  expect(put(once, {}, acpi)).toBe(once);
});

test("devices of a name are taken away, but not what a fragment puts there", () => {
  const own: Fragments = { rng: { path: "devices", xml: "<rng model='virtio'><backend model='builtin'/></rng>" } };
  const both: Fragments = { ...own, bare: { path: "devices", remove: "rng" } };
  const once = put(machine, both);
  expect(once).not.toContain("/dev/urandom");
  expect(once.match(/<rng/g)).toHaveLength(1);
  expect(put(once, both, both)).toBe(once);
});

test("where nothing is, nothing is taken away", () => {
  const tune: Fragments = { it: { path: "cputune", remove: "shares" } };
  expect(put(machine, tune)).toBe(put(machine, {}));
});

test("missing parents are made", () => {
  expect(put(machine, { tune: { path: "cputune", xml: "<shares>2048</shares>" } })).toMatch(/<cputune>\s*<shares>2048<\/shares>/);
});

test("a device that others took away comes back", () => {
  expect(put(machine, sound, sound)).toContain("ua-xml-sound");
});

test.each<{ because: string; fragment: XmlFragment; field: "path" | "xml" | "remove"; says: string }>([
  { because: "a disk", fragment: { path: "devices", xml: "<disk/>" }, field: "xml", says: "`disks`" },
  { because: "a disk's cache", fragment: { path: "devices/disk", xml: "<driver cache='none'/>" }, field: "xml", says: "cache" },
  { because: "an interface", fragment: { path: "devices", xml: "<interface/>" }, field: "xml", says: "`networks`" },
  { because: "the memory", fragment: { path: "", xml: "<memory>1</memory>" }, field: "xml", says: "`maxMemory`" },
  { because: "the notes", fragment: { path: "metadata", xml: "<x/>" }, field: "xml", says: "notes" },
  { because: "all devices at once", fragment: { path: "", xml: "<devices/>" }, field: "xml", says: "one device at a time" },
  { because: "a predicate", fragment: { path: "devices/disk[1]", xml: "<x/>" }, field: "path", says: "names of elements" },
  { because: "no XML", fragment: { path: "devices", xml: "sound" }, field: "xml", says: "no XML element" },
  { because: "two elements", fragment: { path: "devices", xml: "<a/><b/>" }, field: "xml", says: "no XML element" },
  { because: "neither an element nor a name", fragment: { path: "devices" }, field: "xml", says: "`remove`" },
  { because: "an element and a name", fragment: { path: "devices", xml: "<hub/>", remove: "hub" }, field: "remove", says: "leave one" },
  { because: "removal of two names", fragment: { path: "devices", remove: "hub rng" }, field: "remove", says: "one element" },
  { because: "removal of the disks", fragment: { path: "devices", remove: "disk" }, field: "remove", says: "`disks`" },
  { because: "removal of all devices", fragment: { path: "", remove: "devices" }, field: "remove", says: "one device at a time" },
  { because: "a document type", fragment: { path: "devices", xml: "<!DOCTYPE a><a/>" }, field: "xml", says: "no XML element" },
])("$because is refused with the way out", ({ fragment, field, says }) => {
  expect(fragmentProblems({ it: fragment })).toMatchObject([{ key: "it", field, reason: expect.stringContaining(says) as string }]);
});

test("a place that an input of the program writes is refused with the input, and only then", () => {
  const watchdog = { path: "devices", xml: "<watchdog model='itco'/>" };
  const timer = { path: "clock", xml: "<timer name='pit'/>" };
  expect(fragmentProblems({ watchdog, timer })).toEqual([]);
  expect(fragmentProblems({ watchdog, timer }, new Set(["watchdog", "clock", "sound"]))).toMatchObject([
    { key: "watchdog", field: "xml", reason: expect.stringContaining("`watchdog`") as string },
    { key: "timer", field: "xml", reason: expect.stringContaining("`clock`") as string },
  ]);
});

test.each([
  { path: "devices", remove: "channel", input: "channels", because: "the map's devices would go too" },
  { path: "devices", remove: "channel", input: "guestAgent", because: "the agent's channel would go too" },
  { path: "", remove: "cputune", input: "pinning", because: "what is inside is an input's" },
  { path: "features", remove: "acpi", input: "features", because: "the input writes it" },
])("<$remove> is not taken away under the input $input: $because", ({ path, remove, input }) => {
  const bare = { path, remove };
  expect(fragmentProblems({ bare })).toEqual([]);
  expect(fragmentProblems({ bare }, new Set([input]))).toMatchObject([
    { key: "bare", field: "remove", reason: expect.stringContaining(`\`${input}\``) as string },
  ]);
});

test("two fragments of one place are one too many; two devices of one kind are not", () => {
  const one = { path: "features", xml: "<hyperv/>" };
  expect(fragmentProblems({ a: one, b: one })).toMatchObject([{ key: "b", field: "path" }]);
  const device = { path: "devices", xml: "<sound model='ich9'/>" };
  expect(fragmentProblems({ a: device, b: device })).toEqual([]);
});

test("any fragments, written over their own result, change nothing more", () => {
  const element = fc.constantFrom("<sound model='ich9'/>", "<watchdog model='itco'/>", "<hub type='usb'/>");
  const fragment = fc.oneof(
    fc.record({ path: fc.constant("devices"), xml: element }),
    fc.record({
      path: fc.constantFrom("cputune", "features/kvm", "resource"),
      xml: fc.constantFrom("<shares>1</shares>", "<hidden state='on'/>"),
    }),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom("a", "b", "c"), fragment), (fragments) => {
      fc.pre(fragmentProblems(fragments).length === 0);
      const once = put(machine, fragments);
      expect(put(once, fragments, fragments)).toBe(once);
    }),
  );
});
