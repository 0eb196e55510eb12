// How a pool goes: its content stays unless deleteContent says otherwise, and nothing is taken from under a VM.
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { createPoolStage, dir, leastPrograms } from "../../testing/pool-stage";

type Stage = ReturnType<typeof createPoolStage>;

const image = "/srv/images/a.qcow2";
const domainXml = (file: string) =>
  `<domain type="qemu"><name>web</name><memory unit="MiB">64</memory><os><type>hvm</type></os><devices><disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="${file}"/><target dev="vda" bus="virtio"/></disk></devices></domain>`;

async function withImage(deleteContent: boolean): Promise<Stage> {
  const stage = createPoolStage();
  await stage.pool.up(dir({ deleteContent }));
  stage.fake.addFile({ path: image });
  return stage;
}

async function runOn({ fake }: Stage, file: string): Promise<string> {
  const { uuid } = await fake.defineDomain(domainXml(file));
  await fake.startDomain(uuid);
  return uuid;
}

test("the content stays, and so does the folder", async () => {
  const { pool, fake } = await withImage(false);
  expect(await pool.destroy()).toMatchObject({ did: "delete", log: [{ level: "status" }] });
  expect(await fake.listPools()).toEqual([]);
  expect([fake.hasFile(image), fake.folder("/srv/images")?.mode]).toEqual([true, 0o711]);
});

test("a pool that VMs run on is stopped with a warning", async () => {
  const stage = await withImage(false);
  await runOn(stage, image);
  const { did, log } = await stage.pool.destroy();
  expect(did).toBe("delete");
  expect(log).toContainEqual({ level: "warn", message: expect.stringContaining(`the running VM web is on ${image}`) as string });
});

test("deleteContent deletes the volumes, those made by hand too, and the folder", async () => {
  const { pool, fake } = await withImage(true);
  fake.addFile({ path: "/srv/images/by-hand.img", unseen: true });
  expect(await pool.destroy()).toMatchObject({ did: "delete" });
  expect([fake.hasFile(image), fake.hasFile("/srv/images/by-hand.img"), fake.folder("/srv/images")]).toEqual([false, false, undefined]);
  expect(await fake.listPools()).toEqual([]);
});

test("deleteContent of a pool that is stopped starts it to see what it holds", async () => {
  const { pool, fake } = await withImage(true);
  await fake.stopPool("images");
  expect(await pool.destroy()).toMatchObject({ did: "delete" });
  expect(fake.hasFile(image)).toBe(false);
});

test.each(["a.qcow2", "overlay.qcow2"])("deleteContent deletes nothing while a VM runs on %s or what is below it", async (file) => {
  const stage = await withImage(true);
  const { pool, fake } = stage;
  fake.addFile({ path: "/srv/images/overlay.qcow2", backing: { path: image, format: "qcow2" } });
  fake.addFile({ path: "/srv/images/other.img" });
  const uuid = await runOn(stage, `/srv/images/${file}`);
  expect(await pool.destroy()).toMatchObject({
    did: "refused",
    problems: expect.arrayContaining([
      { path: "deleteContent", reason: expect.stringMatching(/running VM web.*a\.qcow2: nothing was deleted/) as string },
    ]) as object[],
  });
  expect([fake.hasFile(image), fake.hasFile("/srv/images/other.img")]).toEqual([true, true]);
  expect(await fake.findPool("images")).toMatchObject({ active: true });
  await fake.saveDomain(uuid);
  expect(await pool.destroy()).toMatchObject({
    problems: expect.arrayContaining([expect.objectContaining({ reason: expect.stringContaining("saved VM web") as string })]) as object[],
  });
  await fake.dropSaved(uuid);
  expect(await pool.destroy()).toMatchObject({ did: "delete" });
});

test("a folder that holds more than volumes stays, with a warning", async () => {
  const { pool, fake } = await withImage(true);
  fake.addFolder("/srv/images/more");
  const { did, log } = await pool.destroy();
  expect(did).toBe("delete");
  expect(log).toContainEqual({ level: "warn", message: expect.stringMatching(/the folder \/srv\/images stays.*not empty/) as string });
  expect([fake.hasFile(image), await fake.listPools()]).toEqual([false, []]);
});

test("a volume group that cannot be removed keeps its pool; the next run goes on", async () => {
  const { pool, fake } = createPoolStage();
  await pool.up({ ...leastPrograms.logical, deleteContent: true });
  fake.failNext("deletePoolStorage", new HostError(hostErrorCodes.internalError, "vgremove", { doing: "deleting", what: "it" }));
  expect(await pool.destroy()).toMatchObject({ did: "failed" });
  expect(await fake.findPool("images")).toMatchObject({ active: false });
  expect(await pool.destroy()).toMatchObject({ did: "delete" });
  expect([fake.deviceContent("/dev/vdb"), await fake.listPools()]).toEqual(["", []]);
});

test("what is gone already is fine", async () => {
  const { pool, fake } = await withImage(true);
  await fake.stopPool("images");
  await fake.undefinePool("images");
  expect(await pool.destroy()).toMatchObject({ did: "delete" });
  expect(fake.hasFile(image)).toBe(true);
});
