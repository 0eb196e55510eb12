// Every example is an acceptance test: up, then a preview without changes, then destroy, as a user would run it (TypeScript, type-checked).
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { hostExec, virsh } from "../../tools/lab/lab";
import type { Scene } from "./scene";
import { describeScene, domainNames, engineTestMs, succeeds } from "./scene";

const examplesDir = join(__dirname, "..", "..", "examples");

interface Example {
  /** Makes on the host what the example expects there, and gives its configuration. */
  readonly prepare: (scene: Scene) => Promise<Readonly<Record<string, string>>>;
  /** What must be true of the stack's outputs. */
  readonly outputs: (outputs: Record<string, unknown>) => void;
}

/** A row for each folder of examples/. */
const examples: Readonly<Record<string, Example>> = {
  "storage-without-direct-io": {
    prepare: async ({ lab, ext4, ramfs }) => {
      const overlay = `${ext4.path}/overlay.qcow2`;
      await hostExec(lab, "qemu-img", "create", "-q", "-f", "qcow2", `${ramfs.path}/base.qcow2`, "64M");
      await hostExec(lab, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", `${ramfs.path}/base.qcow2`, overlay);
      await virsh(lab, "pool-refresh", ext4.name);
      return { fastPool: ext4.name, memoryPool: ramfs.name, overlay, kernel: lab.guest.kernel, initrd: lab.guest.initrd };
    },
    outputs: ({ why }) => {
      expect(why).toMatchObject({
        fast: expect.stringMatching(/^none.*ext4/) as string,
        memory: expect.stringMatching(/^writeback.*ramfs/) as string,
        overlay: expect.stringMatching(/^writeback.*base\.qcow2 is on ramfs/) as string,
      });
    },
  },
};

test("every example has its row here", () => {
  const folders = readdirSync(examplesDir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  expect(Object.keys(examples).sort()).toEqual(folders.sort());
});

describeScene("examples", "example", (scene) => {
  it.each(Object.entries(examples))(
    "%s: up, no changes, destroy",
    async (name, { prepare, outputs }) => {
      const asked = await prepare(scene());
      const config = Object.fromEntries(Object.entries(asked).map(([key, value]) => [`${name}:${key}`, value]));
      const project = await scene().project("", {
        program: { folder: join(examplesDir, name) },
        config: { ...config, "kvm:uri": scene().lab.uri },
      });
      succeeds(await project.up());
      outputs(await project.outputs());
      succeeds(await project.preview("--expect-no-changes"));
      succeeds(await project.destroy());
      expect(await domainNames(scene())).toEqual([]);
    },
    engineTestMs,
  );
});
