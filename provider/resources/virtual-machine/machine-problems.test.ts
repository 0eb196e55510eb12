// A machine type is asked of the host when a program names it for the first time.
import { createStage, program } from "../../testing/machine-stage";

test("a machine type that the host has not is a problem at check, and nothing was written", async () => {
  const { web, fake } = createStage();
  const up = await web.up(program({ machine: "q53" }));
  expect(up).toMatchObject({ problems: [{ path: "machine", reason: expect.stringContaining('"q53"') as string }] });
  expect(fake.writes).toEqual([]);
});

test("one that it has is taken, and is not asked for again", async () => {
  const { web, fake } = createStage();
  expect(await web.up(program({ machine: "q35" }))).toMatchObject({ did: "create", problems: [] });
  fake.clearLog();
  await web.up(program({ machine: "q35" }));
  expect(fake.calls).not.toContain("domainCapabilitiesXml");
});

const facts = (usable: string) => ({
  policy: {},
  facts: {
    libvirtVersion: "9.0.0",
    qemuVersion: "7.2.22",
    architecture: "x86_64",
    kvm: { usable, why: "QEMU's user may not open /dev/kvm" },
    pools: {},
  },
});

test.each([
  { because: "the facts say no", usable: "no", accelerator: "kvm", paths: ["accelerator"] },
  { because: "unknown is not no", usable: "unknown", accelerator: "kvm", paths: [] },
  { because: "auto adapts", usable: "no", accelerator: "auto", paths: [] },
  { because: "it may", usable: "yes", accelerator: "kvm", paths: [] },
])("accelerator $accelerator where KVM is $usable: $because", async ({ usable, accelerator, paths }) => {
  const { web } = createStage();
  const { problems } = await web.preview(program({ accelerator, host: facts(usable), disks: {} }));
  expect(problems.map(({ path }) => path)).toEqual(paths);
});
