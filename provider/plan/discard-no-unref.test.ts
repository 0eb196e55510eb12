// Which hosts and formats keep freed clusters, as a table.
import { planDisk } from "./plan-disk";
import { diskQuestion, planOf, problemsOf } from "./question.fixture";

const asked = { format: "qcow2", discardNoUnref: true } as const;
const fresh = { libvirtVersion: "9.5.0", qemuVersion: "8.1.0" } as const;

test.each([
  { because: "exactly the releases that have it", disk: asked, hypervisor: fresh },
  { because: "a version that nobody knows is not old", disk: asked, hypervisor: { libvirtVersion: "", qemuVersion: "" } },
  { because: "nobody asks", disk: { ...asked, discardNoUnref: false }, hypervisor: {} },
])("taken: $because", ({ disk, hypervisor }) => {
  expect(planOf(planDisk(diskQuestion({ disk, hypervisor }))).cache).toBe("none");
});

test.each([
  { because: "an older QEMU", disk: asked, hypervisor: { ...fresh, qemuVersion: "8.0.4" }, says: ["QEMU 8.1", "8.0.4"] },
  { because: "an older libvirt", disk: asked, hypervisor: { ...fresh, libvirtVersion: "9.4.0" }, says: ["libvirt 9.5", "9.4.0"] },
  { because: "both", disk: asked, hypervisor: {}, says: ["libvirt 9.5", "QEMU 8.1"] },
  { because: "raw has no clusters", disk: { ...asked, format: "raw" }, hypervisor: fresh, says: ["qcow2"] },
] as const)("refused: $because", ({ disk, hypervisor, says }) => {
  const problems = problemsOf(planDisk(diskQuestion({ disk, hypervisor })));
  expect(problems.map(({ field }) => field)).toEqual(["discardNoUnref"]);
  for (const part of says) expect(problems[0]?.reason).toContain(part);
});
