// Volumes through the engine: with their pool, image and VM in one program; grown under a running guest; never shrunk, never lost under a VM; taken over.
import { readdirSync } from "node:fs";
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import type { PulumiProject } from "../../tools/lab/pulumi";
import { virsh } from "../../tools/lab/lab";
import { bytesPerGiB, guestSees, openWorkshop } from "./image-stage";
import type { Workshop } from "./image-stage";
import { describeScene, domainNames, engineTestMs, stateOf, succeeds, volumeNames } from "./scene";

const json = JSON.stringify;

describeScene("a pool, an image, volumes and a VM in one program", "volume", (scene) => {
  const vm = "volume-web";
  const poolName = "volume-images";
  let workshop: Workshop;
  let project: PulumiProject;
  let folder: string;
  const log = () => `${scene().ramfs.path}/volume.log`;

  interface Wish {
    readonly dataSize?: string;
    /** false: the volume leaves the program, and the VM that lives on it stays. */
    readonly hasData?: boolean;
    /** Of the VM's second disk. */
    readonly data?: string;
  }

  const program = ({ dataSize = "1GiB", hasData = true, data = "data.path" }: Wish) => `
    const pool = new kvm.StoragePool("pool", { name: ${json(poolName)}, type: "dir", target: { path: ${json(folder)} } });
    const os = new kvm.Image("os", { source: ${json(workshop.path("os.qcow2"))}, pool: pool.name });
    const root = new kvm.Volume("root", { pool: pool.name, image: os.path, size: "3GiB" });
    ${hasData ? `const data = new kvm.Volume("data", { pool: pool.name, name: "data.qcow2", size: ${json(dataSize)} });` : ""}
    new kvm.VirtualMachine("web", {
      ...machine, name: ${json(vm)}, shutdownTimeoutSeconds: 1, serial: { file: ${json(log())} },
      disks: { root: { file: root.path }, data: { file: ${data} } },
    });
    export const paths = { root: root.path ${hasData ? ", data: data.path" : ""} };
  `;
  const write = (wish: Wish) => project.write(scene().program(program(wish)));
  const dataTarget = async () => {
    const { effectiveDisks } = await stateOf(project, "web");
    return (effectiveDisks as Readonly<Record<string, { readonly target: string }>>)["data"]?.target ?? "";
  };
  const volumes = async () => (await volumeNames(scene(), { name: poolName, path: folder })).sort();

  beforeAll(async () => {
    workshop = await openWorkshop(scene().lab);
    folder = `${scene().ext4.path}/${poolName}`;
    const raw = await workshop.raw("os.raw", { dataMiB: 6, sizeMiB: 2048 });
    await workshop.qemuImg("convert", "-f", "raw", "-O", "qcow2", raw, workshop.path("os.qcow2"));
    project = await scene().project(program({}), { env: workshop.env });
  }, engineTestMs);
  afterAll(async () => {
    await workshop.close();
  });

  it(
    "comes up from nothing in one run, and is then what was asked for",
    async () => {
      succeeds(await project.preview());
      expect(await virsh(scene().lab, "pool-list", "--all", "--name")).not.toContain(poolName);
      succeeds(await project.up());
      const [os, root] = [await stateOf(project, "os"), await stateOf(project, "root")];
      expect(await volumes()).toEqual(["data.qcow2", os["volume"], root["name"]].sort());
      const info = await workshop.qemuImg("info", "-U", String(root["path"]));
      expect(info).toContain(`backing file: ${String(os["path"])}`);
      await guestSees(log(), ({ disks }) => Object.values(disks).includes(3 * bytesPerGiB) && Object.values(disks).includes(bytesPerGiB));
      succeeds(await project.preview("--expect-no-changes"));
      succeeds(await project.up("--refresh", "--expect-no-changes"));
    },
    engineTestMs,
  );

  it(
    "grows a volume from 1 to 2 GiB under the running guest, which sees it without a boot",
    async () => {
      const [before, id] = [await guestSees(log()), await virsh(scene().lab, "domid", vm)];
      write({ dataSize: "2GiB" });
      const preview = await project.preview();
      expect(Object.fromEntries(Object.entries(stepsOf(preview)).map(([name, { op }]) => [name, op]))).toMatchObject({
        data: "update",
        web: "same",
        root: "same",
      });
      succeeds(await project.up());
      const after = await guestSees(log(), ({ disks }) => Object.values(disks).includes(2 * bytesPerGiB));
      expect([after.bootId, await virsh(scene().lab, "domid", vm)]).toEqual([before.bootId, id]);
      expect(after.tick).toBeGreaterThan(before.tick);
      expect(await stateOf(project, "data")).toMatchObject({ capacity: "2GiB" });
      succeeds(await project.up("--refresh", "--expect-no-changes"));
    },
    engineTestMs,
  );

  it(
    "refuses at preview to shrink it, and at the update too",
    async () => {
      write({ dataSize: "1GiB" });
      for (const refused of [await project.preview(), await project.up()]) {
        expect(refused.code).not.toBe(0);
        expect(messagesOf(refused, "error").join("\n")).toMatch(
          /size[\s\S]*is 1GiB, but the volume has 2GiB and never shrinks[\s\S]*another `name`/,
        );
      }
      expect(await virsh(scene().lab, "domblkinfo", vm, await dataTarget())).toMatch(new RegExp(`Capacity:\\s+${2 * bytesPerGiB}`));
    },
    engineTestMs,
  );

  it(
    "does not delete a volume under the VM that runs on it, and says which and what to do",
    async () => {
      const path = String((await stateOf(project, "data"))["path"]);
      write({ hasData: false, data: json(path) });
      const refused = await project.up();
      expect(refused.code).not.toBe(0);
      const said = messagesOf(refused, "error", "data").join("\n");
      for (const word of [`${poolName}/data.qcow2`, `disk ${await dataTarget()} of the running VM ${vm}`, "Stop that VM", "keepOnDelete"])
        expect(said).toContain(word);
      expect(await volumes()).toContain("data.qcow2");
      expect(await virsh(scene().lab, "domstate", vm)).toBe("running");
      write({ dataSize: "2GiB" });
      succeeds(await project.preview("--expect-no-changes"));
    },
    engineTestMs,
  );

  it(
    "goes in the right order and leaves nothing",
    async () => {
      succeeds(await project.destroy());
      expect(await domainNames(scene())).not.toContain(vm);
      expect(await virsh(scene().lab, "pool-list", "--all", "--name")).not.toContain(poolName);
      expect(readdirSync(folder)).toEqual([]);
    },
    engineTestMs,
  );
});

describeScene("a volume that is there already", "volume-there", (scene) => {
  it(
    "is imported by pool and name, and by path, with nothing to change; it is not taken without that",
    async () => {
      const { lab, ext4 } = scene();
      await virsh(lab, "vol-create-as", ext4.name, "one.qcow2", "8MiB", "--format", "qcow2");
      await virsh(lab, "vol-create-as", ext4.name, "two.img", "4MiB", "--format", "raw");
      const program = `
        new kvm.Volume("one", { pool: ext4, name: "one.qcow2", size: "8MiB" });
        new kvm.Volume("two", { pool: ext4, name: "two.img", size: "4MiB", format: "raw" });`;
      const project = await scene().project(program);
      const taken = await project.up("--continue-on-error");
      expect(taken.code).not.toBe(0);
      expect(messagesOf(taken, "error", "one").join()).toMatch(
        /has a volume of that name[\s\S]*pulumi import kvm:index:Volume NAME volume-there-ext4\/one\.qcow2/,
      );

      succeeds(await project.import("kvm:index:Volume", "one", `${ext4.name}/one.qcow2`));
      succeeds(await project.import("kvm:index:Volume", "two", `${ext4.path}/two.img`));
      succeeds(await project.preview("--expect-no-changes"));
      succeeds(await project.destroy());
      expect(await volumeNames(scene(), ext4)).toEqual([]);
    },
    engineTestMs,
  );
});
