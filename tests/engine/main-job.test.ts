// The case that the project exists for (zstack issue 146): VMs on a storage without O_DIRECT come up, and the preview says why.
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import { swapStorage, virsh } from "../../tools/lab/lab";
import { cacheOf, describeScene, domainNames, engineTestMs, volumeNames, succeeds } from "./scene";
import { baseOf, makeOverlay, overlayOf, threeMachines } from "./three-machines";

type Disks = Readonly<Record<string, { readonly cache: string; readonly reason: string }>>;

describeScene("three VMs on storage with and without direct I/O", "main", (scene) => {
  beforeAll(() => makeOverlay(scene()), engineTestMs);

  it(
    "shows mode and reason at preview, starts all three, then has no changes, and leaves nothing",
    async () => {
      const project = await scene().project(threeMachines(overlayOf(scene())));

      const preview = await project.preview();
      succeeds(preview);
      const planned = Object.fromEntries(
        Object.entries(stepsOf(preview)).map(([name, step]) => [name, step.new?.inputs?.["effectiveDisks"] as Disks | undefined]),
      );
      expect(planned["one"]?.["root"]).toMatchObject({ cache: "none", reason: expect.stringMatching(/ext4/) as string });
      expect(planned["two"]?.["root"]).toMatchObject({ cache: "writeback", reason: expect.stringContaining("ramfs") as string });
      expect(planned["three"]?.["root"]).toMatchObject({ cache: "writeback", reason: expect.stringContaining(baseOf(scene())) as string });
      expect(preview.stdout).toContain("ramfs");
      expect(await domainNames(scene())).toEqual([]);

      const up = await project.up();
      succeeds(up);
      const { names } = (await project.outputs()) as { names: string[] };
      expect(await Promise.all(names.map((name) => virsh(scene().lab, "domstate", name)))).toEqual(["running", "running", "running"]);
      expect(await Promise.all(names.map((name) => cacheOf(scene(), name, "running")))).toEqual(["none", "writeback", "writeback"]);

      succeeds(await project.preview("--expect-no-changes"));

      succeeds(await project.destroy());
      expect(await domainNames(scene())).toEqual([]);
      expect(await volumeNames(scene(), scene().ext4)).toEqual(["overlay.qcow2"]);
      expect(await volumeNames(scene(), scene().ramfs)).toEqual(["base.qcow2"]);
    },
    engineTestMs,
  );

  it(
    "refuses an explicit none on ramfs at preview, naming the field, the path, the file system and the ways out",
    async () => {
      const project = await scene().project(`
        const host = new kvm.HostDefaults("host", {});
        new kvm.VirtualMachine("refused", { ...machine, host: host.settings, disks: { root: { pool: ramfs, size: "16MiB", cache: "none" } } });
      `);
      const preview = await project.preview();
      expect(preview.code).not.toBe(0);
      const said = messagesOf(preview, "error").join("\n");
      for (const word of ["disks.root.cache", scene().ramfs.path, "ramfs", "writeback", "auto"]) expect(said).toContain(word);
      expect(await domainNames(scene())).toEqual([]);
      expect(await volumeNames(scene(), scene().ramfs)).toEqual(["base.qcow2"]);
    },
    engineTestMs,
  );

  it(
    "shows the new mode and reason at the next preview when the storage under a pool is another",
    async () => {
      const project = await scene().project(`
        const host = new kvm.HostDefaults("host", {});
        new kvm.VirtualMachine("moved", { ...machine, host: host.settings, power: "stopped", disks: { root: { pool: ramfs, size: "16MiB" } } });
      `);
      succeeds(await project.up());
      await swapStorage(scene().lab, scene().ramfs.name, "ext4", { keepFiles: true });
      await virsh(scene().lab, "pool-refresh", scene().ramfs.name);

      const preview = await project.preview();
      succeeds(preview);
      const step = stepsOf(preview)["moved"];
      expect(step?.op).toBe("update");
      expect(Object.keys(step?.detailedDiff ?? {})).toEqual(
        expect.arrayContaining(["effectiveDisks.root.cache", "effectiveDisks.root.reason"]),
      );
      expect(preview.stdout).toMatch(/cache\s*:\s*"writeback" => "none"/);
      expect(preview.stdout).toMatch(/reason\s*:.*ext4/);

      succeeds(await project.up());
      succeeds(await project.preview("--expect-no-changes"));
      succeeds(await project.destroy());
    },
    engineTestMs,
  );
});
