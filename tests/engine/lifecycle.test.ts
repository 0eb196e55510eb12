// The life of a VM beside its settings: restarted by a trigger, kept from being deleted while it runs or has snapshots, and then gone with all of it.
import type { PulumiProject } from "../../tools/lab/pulumi";
import { messagesOf } from "../../tools/lab/pulumi";
import { virsh } from "../../tools/lab/lab";
import { describeScene, domainNames, engineTestMs, succeeds, volumeNames } from "./scene";

describeScene("lifecycle", "lifecycle", (scene) => {
  let project: PulumiProject;
  const name = "careful";
  const program = (inputs: string) =>
    scene().program(`
      new kvm.VirtualMachine("${name}", { ...machine, name: "${name}", disks: { root: { pool: ext4, size: "16MiB", format: "qcow2" } }, ${inputs} });
    `);
  const domid = () => virsh(scene().lab, "domid", name);

  beforeAll(async () => {
    project = await scene().project("");
    project.write(program(`stopOnDelete: false, restartTriggers: { config: "1" }`));
    succeeds(await project.up());
  }, engineTestMs);

  it(
    "restarts when a trigger changes, as the preview says, and changes what happens on a crash while it runs",
    async () => {
      const before = await domid();
      project.write(program(`stopOnDelete: false, restartTriggers: { config: "1" }, onCrash: "preserve"`));
      succeeds(await project.up());
      expect(await domid()).toBe(before);
      expect(await virsh(scene().lab, "dumpxml", name)).toContain("<on_crash>preserve</on_crash>");

      project.write(program(`stopOnDelete: false, restartTriggers: { config: "2" }, onCrash: "preserve"`));
      const preview = await project.preview();
      succeeds(preview);
      expect(messagesOf(preview, "warning", name).join("\n")).toContain("at once, by a restart (restartTriggers)");
      succeeds(await project.up());
      expect(await domid()).not.toBe(before);
      succeeds(await project.refresh());
      succeeds(await project.preview("--expect-no-changes"));
    },
    engineTestMs,
  );

  it(
    "is not deleted while it runs and has snapshots, nor taken back to before one; told so, it goes with all of them",
    async () => {
      const { lab, ext4 } = scene();
      await virsh(lab, "snapshot-create-as", name, "before-upgrade", "--disk-only");
      const refused = await project.destroy();
      expect(refused.code).not.toBe(0);
      const why = messagesOf(refused, "error").join("\n");
      expect(why).toContain("stopOnDelete");
      expect(why).toContain('"before-upgrade"');
      expect(await virsh(lab, "domstate", name)).toBe("running");

      project.write(program(`restartTriggers: { config: "2" }, onCrash: "preserve", description: "other"`));
      const changed = await project.up();
      expect(changed.code).not.toBe(0);
      expect(messagesOf(changed, "error").join("\n")).toContain("an overlay over");

      project.write(program(`snapshotsOnDelete: "delete", restartTriggers: { config: "2" }, onCrash: "preserve"`));
      succeeds(await project.up());
      succeeds(await project.destroy());
      expect(await domainNames(scene())).not.toContain(name);
      expect(await volumeNames(scene(), ext4)).toEqual([]);
    },
    engineTestMs,
  );
});
