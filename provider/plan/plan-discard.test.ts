// The discard decision as a table.
import { planDisk } from "./plan-disk";
import { diskQuestion, planOf, storage } from "./question.fixture";

test.each([
  { because: "thin storage gets back what the guest frees", disk: {}, policy: {}, gives: ["unmap", "off"] },
  { because: "nothing is freed on a CD-ROM", disk: { device: "cdrom" }, policy: {}, gives: ["ignore", "off"] },
  { because: "nor on a read-only disk", disk: { readonly: true }, policy: {}, gives: ["ignore", "off"] },
  { because: "a preallocated disk keeps its space", disk: { preallocated: true }, policy: {}, gives: ["ignore", "off"] },
  { because: "… unless it is asked for", disk: { preallocated: true, own: { discard: "unmap" } }, policy: {}, gives: ["unmap", "off"] },
  { because: "… by whomever", disk: { preallocated: true }, policy: { discard: "unmap" }, gives: ["unmap", "off"] },
  {
    because: "a policy's unmap is for disks that are written",
    disk: { readonly: true },
    policy: { discard: "unmap" },
    gives: ["ignore", "off"],
  },
  {
    because: "a read-only disk's own unmap is its own",
    disk: { readonly: true, own: { discard: "unmap" } },
    policy: {},
    gives: ["unmap", "off"],
  },
  {
    because: "the disk keeps its preallocation",
    disk: { own: { discard: "ignore" } },
    policy: { discard: "unmap" },
    gives: ["ignore", "off"],
  },
  {
    because: "the policy decides where the disk is silent",
    disk: {},
    policy: { discard: "ignore", detectZeroes: "on" },
    gives: ["ignore", "on"],
  },
  { because: "zeroes are unmapped with discard", disk: { own: { detectZeroes: "unmap" } }, policy: {}, gives: ["unmap", "unmap"] },
] as const)("$because", ({ disk, policy, gives }) => {
  const plan = planOf(planDisk(diskQuestion({ disk, policy })));
  expect([plan.discard, plan.detectZeroes]).toEqual(gives);
  expect(plan.warnings).toEqual([]);
});

test("detectZeroes unmap without discard unmap is planned as what QEMU makes of it, and said", () => {
  const plan = planOf(planDisk(diskQuestion({ disk: { own: { discard: "ignore", detectZeroes: "unmap" } } })));
  expect([plan.discard, plan.detectZeroes]).toEqual(["ignore", "on"]);
  expect(plan.warnings.join()).toContain("discard");
});

test("nothing is freed on a web server", () => {
  expect(planOf(planDisk(diskQuestion({ chain: [storage({ kind: "http" })], policy: { discard: "unmap" } }))).discard).toBe("ignore");
});
