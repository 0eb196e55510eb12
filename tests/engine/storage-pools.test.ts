// StoragePool through the engine: previewed, made, unchanged, replaced with its reason, taken over; its password is plain nowhere.
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import { iscsiUp, missingFor, virsh } from "../../tools/lab/lab";
import { describeScene, engineTestMs, succeeds } from "./scene";

const prefix = "pools";

const poolNames = async (lab: Parameters<typeof virsh>[0]) => (await virsh(lab, "pool-list", "--all", "--name")).split("\n");

describeScene("a pool in a folder, with a VM on it", prefix, (scene) => {
  const program = (path: string) => `
    const images = new kvm.StoragePool("images", { name: "${prefix}-images", type: "dir", target: { path: "${path}" }, deleteContent: true });
    new kvm.VirtualMachine("web", { ...machine, power: "stopped", disks: { root: { pool: images.name, size: "16MiB" } } });
    export const path = images.path;
    export const capacity = images.capacity;
  `;

  it(
    "comes up before the VM, stays the same, and goes after it",
    async () => {
      const folder = `${scene().ext4.path}/${prefix}`;
      const project = await scene().project(program(folder));
      succeeds(await project.preview());
      expect(await poolNames(scene().lab)).not.toContain(`${prefix}-images`);
      succeeds(await project.up());
      expect(await project.outputs()).toMatchObject({ path: folder, capacity: expect.stringMatching(/B$/) as string });
      expect(await virsh(scene().lab, "vol-list", `${prefix}-images`)).toContain("root");
      succeeds(await project.preview("--expect-no-changes"));
      succeeds(await project.refresh());
      succeeds(await project.preview("--expect-no-changes"));
      expect(await virsh(scene().lab, "pool-dumpxml", `${prefix}-images`)).toContain(folder);
      succeeds(await project.destroy());
      expect(await poolNames(scene().lab)).not.toContain(`${prefix}-images`);
    },
    engineTestMs,
  );

  it(
    "that moves is replaced, and the preview says so and why",
    async () => {
      const only = (path: string) =>
        `new kvm.StoragePool("images", { name: "${prefix}-moved", type: "dir", target: { path: "${path}" } });`;
      const project = await scene().project(only(`${scene().ext4.path}/one`));
      succeeds(await project.up());
      project.write(scene().program(only(`${scene().ext4.path}/two`)));
      const preview = await project.preview();
      expect(Object.values(stepsOf(preview)).map(({ op }) => op)).toEqual(
        expect.arrayContaining([expect.stringContaining("replace") as string]),
      );
      expect(messagesOf(preview, "warning").join()).toMatch(
        /target\.path: a change replaces the pool, as its volumes have other paths then/,
      );
      succeeds(await project.up());
      expect(await virsh(scene().lab, "pool-dumpxml", `${prefix}-moved`)).toContain("/two");
      succeeds(await project.destroy());
    },
    engineTestMs,
  );

  it(
    "that virsh made is imported by its name, with nothing to change",
    async () => {
      const name = `${prefix}-taken`;
      await virsh(scene().lab, "pool-define-as", name, "dir", "--target", `${scene().ext4.path}/taken`);
      await virsh(scene().lab, "pool-build", name);
      await virsh(scene().lab, "pool-start", name);
      const project = await scene().project(
        `new kvm.StoragePool("taken", { name: "${name}", type: "dir", target: { path: "${scene().ext4.path}/taken" }, autostart: false });`,
      );
      succeeds(await project.import("kvm:index:StoragePool", "taken", name));
      succeeds(await project.preview("--expect-no-changes"));
      succeeds(await project.destroy());
    },
    engineTestMs,
  );
});

describeScene(
  "an iSCSI target with a password",
  `${prefix}-san`,
  (scene) => {
    it(
      "comes up, stays the same, and its password is plain in no state and no output",
      async () => {
        const { portal, port, target, user, password } = await iscsiUp(scene().lab);
        const project = await scene().project(`
          new kvm.StoragePool("san", {
            name: "${prefix}-san",
            type: "iscsi-direct",
            source: {
              hosts: [{ name: "${portal}", port: ${port} }],
              devices: ["${target}"],
              initiator: "iqn.2024-01.org.example:host",
              auth: { username: "${user}", password: "${password}" },
            },
          });
        `);
        const runs = [await project.preview("--diff"), await project.up(), await project.preview("--expect-no-changes")];
        runs.forEach(succeeds);
        const text = JSON.stringify([await project.exportState(), runs.map(({ stdout, stderr }) => stdout + stderr)]);
        expect(text).toContain(target);
        expect(text).not.toContain(password);
        succeeds(await project.destroy());
        expect(await virsh(scene().lab, "secret-list")).not.toContain(`${prefix}-san`);
      },
      engineTestMs,
    );
  },
  missingFor("iscsi"),
);
