// What other hands do to a VM is seen by refresh and mended by up; a daemon that is down is an error and removes nothing. And import.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PulumiProject } from "../../tools/lab/pulumi";
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import { hostExec, startDaemon, stopDaemon, virsh, waitFor } from "../../tools/lab/lab";
import type { Scene } from "./scene";
import { cacheOf, describeScene, domainNames, engineTestMs, volumeNames, succeeds } from "./scene";

/** Defines the VM anew with its stored definition edited, as a person with `virsh edit` would. */
async function editDefinition({ lab, ext4 }: Scene, domain: string, edit: (xml: string) => string): Promise<void> {
  const xml = await virsh(lab, "dumpxml", domain, "--inactive");
  const edited = edit(xml);
  expect(edited).not.toBe(xml);
  const file = join(ext4.path, "edited.xml");
  await writeFile(file, edited);
  await virsh(lab, "define", file);
}

describeScene("drift", "drift", (scene) => {
  let project: PulumiProject;
  const name = "drifter";

  beforeAll(async () => {
    project = await scene().project(`
      new kvm.VirtualMachine("drifter", {
        ...machine,
        name: "drifter",
        applyChanges: "restart",
        disks: { root: { pool: ext4, size: "16MiB" }, data: { pool: ext4, size: "16MiB" } },
      });
    `);
    succeeds(await project.up());
  }, engineTestMs);

  /** What the preview after a refresh says is different. */
  async function seen(): Promise<string[]> {
    const refreshed = await project.refresh();
    succeeds(refreshed);
    const preview = await project.preview();
    succeeds(preview);
    return Object.keys(stepsOf(preview)[name]?.detailedDiff ?? {});
  }

  async function mended(): Promise<void> {
    const up = await project.up();
    succeeds(up);
    expect(await virsh(scene().lab, "domstate", name)).toBe("running");
    succeeds(await project.refresh());
    succeeds(await project.preview("--expect-no-changes"));
  }

  it(
    "sees a cache mode edited by hand",
    async () => {
      await editDefinition(scene(), name, (xml) => xml.replace("cache='none'", "cache='unsafe'"));
      expect(await seen()).toEqual(expect.arrayContaining([expect.stringMatching(/^effectiveDisks\.(root|data)\.cache$/)]));
      await mended();
      expect(await cacheOf(scene(), name, "stored")).toBe("none");
    },
    engineTestMs,
  );

  it(
    "sees a VM that was stopped by hand",
    async () => {
      await virsh(scene().lab, "destroy", name);
      expect(await seen()).toEqual(["power"]);
      await mended();
    },
    engineTestMs,
  );

  it(
    "sees a disk that was removed by hand, and puts it back with its data",
    async () => {
      const volumes = await volumeNames(scene(), scene().ext4);
      await virsh(scene().lab, "detach-disk", name, "vda", "--config");
      expect(await seen()).toEqual(expect.arrayContaining([expect.stringMatching(/^disks\.(root|data)$/)]));
      await mended();
      expect(await volumeNames(scene(), scene().ext4)).toEqual(volumes);
    },
    engineTestMs,
  );

  it(
    "takes a daemon that is down for an error: nothing is removed",
    async () => {
      await stopDaemon(scene().lab);
      try {
        const refreshed = await project.refresh();
        expect(refreshed.code).not.toBe(0);
        expect(messagesOf(refreshed, "error").join("\n")).toContain(scene().lab.uri);
      } finally {
        await startDaemon(scene().lab);
      }
      const { deployment } = await project.exportState();
      expect(deployment.resources?.some(({ urn }) => String(urn).endsWith(`::${name}`))).toBe(true);
      succeeds(await project.preview("--expect-no-changes"));
    },
    engineTestMs,
  );

  it(
    "makes a VM anew that was undefined by hand, on the volumes it had",
    async () => {
      await virsh(scene().lab, "destroy", name);
      await virsh(scene().lab, "undefine", name);
      succeeds(await project.refresh());
      const { deployment } = await project.exportState();
      expect(deployment.resources?.some(({ urn }) => String(urn).endsWith(`::${name}`))).toBe(false);
      const up = await project.up();
      succeeds(up);
      expect(messagesOf(up, "warning", name).join("\n")).toMatch(/is there already/);
      expect(await virsh(scene().lab, "domstate", name)).toBe("running");
      succeeds(await project.preview("--expect-no-changes"));
    },
    engineTestMs,
  );
});

describeScene("import", "import", (scene) => {
  const definition = ({ ext4 }: Scene) => `
    <domain type='qemu'>
      <name>handmade</name>
      <memory unit='MiB'>64</memory>
      <vcpu>1</vcpu>
      <os><type arch='x86_64'>hvm</type></os>
      <devices>
        <disk type='file' device='disk'>
          <driver name='qemu' type='qcow2'/>
          <source file='${ext4.path}/handmade.qcow2'/>
          <target dev='vda' bus='virtio'/>
        </disk>
        <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
      </devices>
    </domain>`;

  it(
    "takes over a VM made by virsh, and the next preview has no changes",
    async () => {
      const { lab, ext4 } = scene();
      await hostExec(lab, "qemu-img", "create", "-q", "-f", "qcow2", `${ext4.path}/handmade.qcow2`, "16M");
      await virsh(lab, "pool-refresh", ext4.name);
      await writeFile(`${ext4.path}/handmade.xml`, definition(scene()));
      await virsh(lab, "define", `${ext4.path}/handmade.xml`);
      await virsh(lab, "start", "handmade");
      const before = await virsh(lab, "dumpxml", "handmade", "--inactive");

      const project = await scene().project(`
        new kvm.VirtualMachine("taken", {
          name: "handmade",
          memory: "64MiB",
          shutdownTimeoutSeconds: 0, // it has no operating system that could answer
          disks: { vda: { file: ${JSON.stringify(`${ext4.path}/handmade.qcow2`)}, format: "qcow2", cache: "writeback", io: "threads", discard: "ignore", detectZeroes: "off" } },
        });
      `);
      const imported = await project.import("kvm:index:VirtualMachine", "taken", "handmade");
      expect(imported.stderr + imported.stdout).not.toContain("error:");
      succeeds(imported);
      const preview = await project.preview("--expect-no-changes");
      expect(preview.stdout).not.toContain("error:");
      succeeds(preview);
      succeeds(await project.up("--expect-no-changes"));
      expect(await virsh(lab, "dumpxml", "handmade", "--inactive")).toBe(before);

      const { deployment } = await project.exportState();
      const uuid = await virsh(lab, "domuuid", "handmade");
      expect(deployment.resources?.find(({ urn }) => String(urn).endsWith("::taken"))?.["id"]).toBe(uuid);
      succeeds(await project.destroy());
      await waitFor("the VM's end", async () => !(await domainNames(scene())).includes("handmade"));
      expect(await volumeNames(scene(), ext4)).toContain("handmade.qcow2");
    },
    engineTestMs,
  );
});
