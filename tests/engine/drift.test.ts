// What other hands do to a VM is seen by refresh and mended by up; a daemon that is down is an error and removes nothing.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PulumiProject } from "../../tools/lab/pulumi";
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import { startDaemon, stopDaemon, virsh } from "../../tools/lab/lab";
import type { Scene } from "./scene";
import { cacheOf, describeScene, engineTestMs, volumeNames, succeeds } from "./scene";

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
