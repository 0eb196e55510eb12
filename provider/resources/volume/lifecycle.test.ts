// A volume's life on a fake host, as the engine drives it.
import { HostConnectionError, HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { createFakeHostObserver } from "../../testing/fake-host-observer";
import { createFakeLibvirt } from "../../testing/fake-libvirt";
import type { DriverOptions } from "../../testing/resource-driver";
import { createResourceDriver } from "../../testing/resource-driver";
import { tinyQcow2 } from "../../testing/tiny-qcow2";
import type { Values } from "../resource";
import { unknown } from "../resource";
import { volume } from "./volume";

const bytesPerMiB = 1024 ** 2;
const bytesPerGiB = 1024 ** 3;

function createStage(options: Partial<DriverOptions> = {}) {
  const fake = createFakeLibvirt();
  fake.addPool({ name: "p", path: "/p" });
  fake.addPool({ name: "vg", path: "/dev/vg", type: "logical" });
  const newDriver = (more: Partial<DriverOptions> = {}) =>
    createResourceDriver({ definition: volume, libvirt: fake, host: createFakeHostObserver(), name: "data", ...options, ...more });
  return { fake, data: newDriver(), newDriver };
}

const program = (overrides: Values = {}): Values => ({ pool: "p", name: "data.qcow2", size: "1GiB", ...overrides });

const reasons = (step: { problems: readonly { path: string; reason: string }[] }) =>
  step.problems.map(({ path, reason }) => `${path} ${reason}`).join("\n");

const disk = (path: string, format = "qcow2") =>
  `<disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${path}'/><target dev='vda' bus='virtio'/></disk>`;

async function defineVm(fake: ReturnType<typeof createFakeLibvirt>, name: string, path: string) {
  const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${disk(path)}</devices></domain>`;
  return (await fake.defineDomain(xml)).uuid;
}

test("is made, stays as it is, and goes", async () => {
  const { fake, data } = createStage();
  const preview = await data.preview(program());
  expect(preview).toMatchObject({ did: "create", state: { path: "/p/data.qcow2", capacity: "1GiB", format: "qcow2" } });
  expect(fake.writes).toEqual([]);
  const up = await data.up(program());
  expect(up).toMatchObject({ did: "create", state: { ...program(), path: "/p/data.qcow2", capacity: "1GiB", format: "qcow2" } });
  expect(data.now.id).toBe("p/data.qcow2");
  expect(up.state).toEqual(preview.state);
  fake.clearLog();
  expect(await data.up(program())).toMatchObject({ did: "same" });
  await data.refresh();
  expect(await data.up(program())).toMatchObject({ did: "same" });
  expect(fake.writes).toEqual([]);
  expect(await data.destroy()).toMatchObject({ did: "delete" });
  expect(fake.hasFile("/p/data.qcow2")).toBe(false);
});

test.each([
  { pool: "p", because: "a folder", ends: /^data-[0-9a-f]{7}\.qcow2$/, format: "qcow2" },
  { pool: "vg", because: "logical volumes", ends: /^data-[0-9a-f]{7}$/, format: "raw" },
])("$because: name and format follow from the pool", async ({ pool, ends, format }) => {
  const { data } = createStage();
  await data.up({ pool, size: "1GiB" });
  expect(data.now.state).toMatchObject({ name: expect.stringMatching(ends) as string, format });
  expect(await data.up({ pool, size: "1GiB" })).toMatchObject({ did: "same" });
});

test("a pool of the same program: what follows from it stays open at preview", async () => {
  const { fake, data } = createStage();
  const preview = await data.preview({ pool: "later", size: "1GiB" });
  expect(preview).toMatchObject({ did: "create", problems: [] });
  expect([preview.state?.["path"], preview.state?.["name"], preview.state?.["format"]]).toEqual([unknown, unknown, unknown]);
  expect((await data.preview({ pool: unknown, size: "1GiB" })).did).toBe("create");
  fake.addPool({ name: "later", path: "/later" });
  expect(await data.up({ pool: "later", size: "1GiB" })).toMatchObject({ did: "create", state: { format: "qcow2" } });
});

test.each([
  { because: "no size", inputs: { size: undefined }, path: "size" },
  { because: "no unit", inputs: { size: "20" }, path: "size" },
  { because: "a slash", inputs: { name: "a/b" }, path: "name" },
  { because: "a relative path", inputs: { backingStore: { path: "base", format: "raw" } }, path: "backingStore.path" },
  { because: "two origins", inputs: { backingStore: { path: "/p/a", format: "raw" }, image: "/p/a" }, path: "backingStore" },
  { because: "raw on a base", inputs: { backingStore: { path: "/p/a", format: "raw" }, format: "raw" }, path: "format" },
  { because: "raw linked", inputs: { image: "/p/a", clone: "linked", format: "raw" }, path: "clone" },
  { because: "an image's format without one", inputs: { imageFormat: "raw" }, path: "imageFormat" },
  { because: "a clone of nothing", inputs: { clone: "full" }, path: "clone" },
  { because: "an image leaves no room to set aside", inputs: { image: "/p/a", preallocation: "full" }, path: "preallocation" },
  { because: "raw has no tables", inputs: { format: "raw", preallocation: "metadata" }, path: "preallocation" },
  { because: "a logical volume has no format", inputs: { pool: "vg", format: "qcow2" }, path: "format" },
  { because: "a logical volume has no base", inputs: { pool: "vg", backingStore: { path: "/p/a", format: "raw" } }, path: "backingStore" },
  { because: "a logical volume is no link", inputs: { pool: "vg", image: "/p/a", clone: "linked" }, path: "clone" },
  { because: "no XML can hold it", inputs: { name: "a\u0001" }, path: "name" },
  { because: "unknown word", inputs: { colour: "red" }, path: "colour" },
])("refused at preview: $because", async ({ inputs, path }) => {
  const { data, fake } = createStage();
  const step = await data.preview(program(inputs as Values));
  expect(step.did).toBe("refused");
  expect(step.problems.map((problem) => problem.path)).toContain(path);
  expect(fake.writes).toEqual([]);
});

describe("what is there already", () => {
  test("a volume of that name is refused with the way to take it in", async () => {
    const { fake, data } = createStage();
    fake.addFile({ path: "/p/data.qcow2" });
    const up = await data.up(program());
    expect(up.did).toBe("refused");
    expect(reasons(up)).toContain("pulumi import kvm:index:Volume NAME p/data.qcow2");
    expect(fake.writes).toEqual([]);
    expect(fake.hasFile("/p/data.qcow2")).toBe(true);
  });

  test.each([
    { because: "no such pool", pool: "none", says: "no such storage pool" },
    { because: "a stopped pool", pool: "p", says: "virsh pool-start p" },
  ])("$because", async ({ pool, says }) => {
    const { fake, data } = createStage();
    fake.setPoolActive("p", false);
    const up = await data.up(program({ pool, format: "raw" }), { skipPreview: true });
    expect(up.did).toBe("refused");
    expect(reasons(up)).toContain(says);
  });
});

describe("growth", () => {
  test("in its pool, once", async () => {
    const { fake, data } = createStage();
    await data.up(program());
    fake.clearLog();
    const preview = await data.preview(program({ size: "2GiB" }));
    expect(preview).toMatchObject({ did: "update", changes: ["size"], state: { capacity: "2GiB" } });
    expect(fake.writes).toEqual([]);
    expect(await data.up(program({ size: "2GiB" }))).toMatchObject({ did: "update", state: { capacity: "2GiB" } });
    expect(fake.file("/p/data.qcow2")?.capacityBytes).toBe(2 * bytesPerGiB);
    expect(fake.writes).toHaveLength(1);
    expect(await data.up(program({ size: "2048MiB" }))).toMatchObject({ did: "same" });
  });

  test("through the VM that runs on it", async () => {
    const { fake, data } = createStage();
    await data.up(program());
    await fake.startDomain(await defineVm(fake, "web", "/p/data.qcow2"));
    fake.clearLog();
    expect(await data.up(program({ size: "2GiB" }))).toMatchObject({ did: "update", state: { capacity: "2GiB" } });
    expect(fake.writes).toHaveLength(1);
    expect(fake.writes[0]).toMatch(/^resizeLiveDisk /);
  });

  test("what a VM did meanwhile is a drift, and shrinking it back is refused with the way out", async () => {
    const { fake, data } = createStage();
    await data.up(program());
    await fake.growVolume({ pool: "p", name: "data.qcow2" }, 3 * bytesPerGiB);
    await data.refresh();
    expect(data.now.inputs).toMatchObject({ size: "3GiB" });
    const up = await data.up(program());
    expect(up.did).toBe("refused");
    expect(reasons(up)).toMatch(/^size is 1GiB, but the volume has 3GiB and never shrinks.*Set the size to 3GiB/);
  });

  test("a volume without a size of its own is not shrunk by one", async () => {
    const { fake, data } = createStage();
    fake.addFile({ path: "/p/base.qcow2", capacityBytes: 2 * bytesPerGiB });
    const linked = { pool: "p", name: "data.qcow2", image: "base.qcow2" };
    await data.up(linked);
    const up = await data.up({ ...linked, size: "1GiB" });
    expect(up.did).toBe("refused");
    expect(reasons(up)).toContain("never shrinks");
    expect(await data.up({ ...linked, size: "2GiB" })).toMatchObject({ did: "update", problems: [] });
  });

  test("a pool rounds up: that is no drift, and is not asked for again", async () => {
    const { fake, data } = createStage();
    await data.up({ pool: "vg", name: "lv", size: "10MiB" });
    fake.addFile({ path: "/dev/vg/lv", format: "raw", capacityBytes: 12 * bytesPerMiB });
    await data.refresh();
    await data.up({ pool: "vg", name: "lv", size: "12MiB" });
    expect(await data.up({ pool: "vg", name: "lv", size: "12MiB" })).toMatchObject({ did: "same" });
  });

  test("where libvirt cannot, it is said at preview", async () => {
    const { data } = createStage();
    await data.up({ pool: "vg", name: "lv", size: "1GiB" });
    const preview = await data.preview({ pool: "vg", name: "lv", size: "2GiB" });
    expect(preview.did).toBe("refused");
    expect(reasons(preview)).toContain("lvextend");
  });
});

describe("from an image", () => {
  test("is linked to it in a folder, and the image stays as it is", async () => {
    const { fake, data } = createStage();
    fake.addFile({ path: "/p/base.qcow2", capacityBytes: bytesPerGiB });
    const up = await data.up({ pool: "p", name: "v", image: "/p/base.qcow2", size: "2GiB" });
    expect(up).toMatchObject({ did: "create", state: { capacity: "2GiB", clone: "linked" } });
    expect(fake.file("/p/v")).toMatchObject({ backing: { path: "/p/base.qcow2", format: "qcow2" }, capacityBytes: 2 * bytesPerGiB });
  });

  test("is a copy where it is asked for, and grows to its size", async () => {
    const { fake, data } = createStage();
    fake.addFile({ path: "/p/base.qcow2", capacityBytes: bytesPerGiB });
    await data.up({ pool: "p", name: "v", image: "/p/base.qcow2", size: "2GiB", clone: "full" });
    expect(fake.file("/p/v")).toMatchObject({ copiedFrom: "/p/base.qcow2", backing: undefined, capacityBytes: 2 * bytesPerGiB });
  });

  test("is a copy where the pool has no backing files", async () => {
    const { fake, data } = createStage();
    fake.addFile({ path: "/p/base.qcow2", capacityBytes: bytesPerGiB });
    expect(await data.up({ pool: "vg", name: "lv", image: "/p/base.qcow2" })).toMatchObject({ state: { clone: "full", format: "raw" } });
    expect(fake.file("/dev/vg/lv")).toMatchObject({ copiedFrom: "/p/base.qcow2" });
  });

  test("a pool that takes no copies says so", async () => {
    const { fake, data } = createStage();
    fake.addPool({ name: "ceph", path: "rbd", type: "rbd" });
    fake.addFile({ path: "/p/base.qcow2", capacityBytes: bytesPerGiB });
    const up = await data.up({ pool: "ceph", name: "v", image: "/p/base.qcow2" });
    expect(up.did).toBe("refused");
    expect(reasons(up)).toContain("libvirt copies nothing into pools of type rbd");
    expect(fake.writes).toEqual([]);
  });

  test("a raw image that looks like qcow2 is what it was uploaded as", async () => {
    const { fake, data, newDriver } = createStage();
    const path = "/p/odd-0123456789abcdef.raw";
    fake.addFile({ path, format: "raw" });
    fake.write(path, tinyQcow2(bytesPerMiB));
    await fake.refreshPool("p");
    await data.up({ pool: "p", name: "v", image: path });
    expect(fake.file("/p/v")).toMatchObject({ backing: { path, format: "raw" } });
    const copied = await newDriver({ name: "other" }).up({ pool: "p", name: "w", image: path, clone: "full" });
    expect(copied.did).toBe("refused");
    expect(reasons(copied)).toContain("libvirt takes it for qcow2");
    expect(fake.hasFile("/p/w")).toBe(false);
  });

  test("an image whose header names another file must be told what it is", async () => {
    const { fake, data } = createStage();
    fake.addFile({ path: "/p/secret", format: "raw" });
    fake.addFile({ path: "/p/base.qcow2", backing: { path: "/p/secret", format: "raw" } });
    const asked = { pool: "p", name: "v", image: "/p/base.qcow2" };
    const refused = await data.up(asked);
    expect(refused.problems.map(({ path }) => path)).toEqual(["imageFormat"]);
    expect(await data.up({ ...asked, imageFormat: "qcow2" })).toMatchObject({ did: "create" });
  });

  test.each([
    { because: "no such volume in the pool", image: "nothing", size: undefined, says: "no such volume in the pool p" },
    { because: "no such volume anywhere", image: "/x/nothing", size: undefined, says: "in any active pool" },
    { because: "smaller than the image", image: "/p/base.qcow2", size: "1MiB", says: "more than the size of 1MiB" },
  ])("refused, and nothing is made: $because", async ({ image, size, says }) => {
    const { fake, data } = createStage();
    fake.addFile({ path: "/p/base.qcow2", capacityBytes: bytesPerGiB });
    const up = await data.up({ pool: "p", name: "v", image, ...(size === undefined ? {} : { size }) });
    expect(up.did).toBe("refused");
    expect(reasons(up)).toContain(says);
    expect(fake.writes).toEqual([]);
  });

  test("another image is another volume: announced, and the old one goes first where the name stays", async () => {
    const { fake, data } = createStage();
    fake.addFile({ path: "/p/one.qcow2" });
    fake.addFile({ path: "/p/two.qcow2" });
    await data.up({ pool: "p", name: "v", image: "one.qcow2" });
    expect(await data.up({ pool: "p", name: "v", image: "/p/one.qcow2" })).toMatchObject({ did: "same" });
    const up = await data.up({ pool: "p", name: "v", image: "two.qcow2" });
    expect(up).toMatchObject({ did: "replace", changes: ["image"] });
    expect(fake.file("/p/v")?.backing?.path).toBe("/p/two.qcow2");
  });

  test("with a name of our making the new one is there before the old one goes", async () => {
    const { fake, data } = createStage();
    fake.addFile({ path: "/p/one.qcow2" });
    fake.addFile({ path: "/p/two.qcow2" });
    await data.up({ pool: "p", image: "one.qcow2" });
    fake.clearLog();
    expect(await data.up({ pool: "p", image: "two.qcow2" })).toMatchObject({ did: "replace" });
    expect(fake.writes.map((write) => write.split(" ")[0])).toEqual(["createVolume", "deleteVolume"]);
  });
});

describe("failures leave nothing", () => {
  const lost = new HostConnectionError("test:///fake", "gone", { doing: "calling", what: "the fake" });
  const refusal = new HostError(hostErrorCodes.internalError, "internal error: no", { doing: "calling", what: "the fake" });

  test.each([
    { because: "libvirt refuses", error: refusal, when: "before" as const },
    { because: "the answer is lost and it was made", error: lost, when: "after" as const },
    { because: "the answer is lost and it was not made", error: lost, when: "before" as const },
  ])("making it: $because", async ({ error, when }) => {
    const { fake, data } = createStage();
    fake.failNext("createVolume", error, when);
    expect(await data.up(program(), { skipPreview: true })).toMatchObject({ did: "failed", error });
    expect(fake.hasFile("/p/data.qcow2")).toBe(false);
    expect(data.resource).toBeUndefined();
    expect(await data.up(program())).toMatchObject({ did: "create" });
  });

  test("growing the copy", async () => {
    const { fake, data } = createStage();
    fake.addFile({ path: "/p/base.qcow2", capacityBytes: bytesPerGiB });
    fake.failNext("growVolume", refusal);
    const up = await data.up({ pool: "p", name: "v", image: "base.qcow2", size: "2GiB", clone: "full" });
    expect(up).toMatchObject({ did: "failed", error: refusal });
    expect(fake.hasFile("/p/v")).toBe(false);
  });

  test("a pool that is too full for preallocation: pool, needed and free are named before anything is written", async () => {
    const { fake, data } = createStage();
    fake.addPool({ name: "small", path: "/small", capacityBytes: 10 * bytesPerMiB });
    const up = await data.up({ pool: "small", name: "v", size: "1GiB", preallocation: "full" }, { skipPreview: true });
    expect(up.did).toBe("refused");
    expect(reasons(up)).toMatch(/The pool small has 10 MiB free, and 1 GiB are needed/);
    expect(fake.writes).toEqual([]);
  });

  test("somebody makes one of that name in between: theirs stays", async () => {
    const { fake, data } = createStage();
    const hold = fake.holdNext("createVolume");
    const making = data.up(program(), { skipPreview: true });
    await hold.reached;
    fake.addFile({ path: "/p/data.qcow2" });
    hold.release();
    expect(await making).toMatchObject({ did: "failed", error: { code: hostErrorCodes.volumeExists } });
    expect(fake.hasFile("/p/data.qcow2")).toBe(true);
  });

  test("a Cancel ends it", async () => {
    const { fake, data } = createStage();
    const abort = new AbortController();
    const hold = fake.holdNext("createVolume");
    const making = data.up(program(), { skipPreview: true, signal: abort.signal });
    await hold.reached;
    abort.abort();
    expect(await making).toMatchObject({ did: "failed", error: { name: "CancelledError" } });
    expect(fake.hasFile("/p/data.qcow2")).toBe(false);
  });
});

describe("removal", () => {
  test("is refused while a VM runs on it, or is saved, also as a backing file; then it goes", async () => {
    const { fake, data } = createStage();
    await data.up(program());
    fake.addFile({ path: "/other/top.qcow2", backing: { path: "/p/data.qcow2", format: "qcow2" } });
    const uuid = await defineVm(fake, "web", "/other/top.qcow2");
    await fake.startDomain(uuid);
    const running = await data.destroy();
    expect(running.did).toBe("refused");
    expect(reasons(running)).toContain("a backing file of disk vda of the running VM web");
    await fake.saveDomain(uuid);
    expect((await data.destroy()).did).toBe("refused");
    expect(fake.hasFile("/p/data.qcow2")).toBe(true);
    await fake.dropSaved(uuid);
    expect(await data.destroy()).toMatchObject({ did: "delete" });
    expect(fake.hasFile("/p/data.qcow2")).toBe(false);
  });

  test("a stopped VM's disk goes, with a warning that names it", async () => {
    const { fake, data } = createStage();
    await data.up(program());
    await defineVm(fake, "web", "/p/data.qcow2");
    const step = await data.destroy();
    expect(step.did).toBe("delete");
    expect(step.log.map(({ message }) => message).join()).toContain("disk vda of the stopped VM web");
  });

  test("is refused while other volumes lie on it", async () => {
    const { fake, data } = createStage();
    await data.up(program());
    fake.addPool({ name: "q", path: "/q" });
    fake.addFile({ path: "/q/top.qcow2", backing: { path: "/p/data.qcow2", format: "qcow2" } });
    const step = await data.destroy();
    expect(step.did).toBe("refused");
    expect(reasons(step)).toContain("the backing file of q/top.qcow2");
  });

  test("keeps it where that was asked for", async () => {
    const { fake, data } = createStage();
    await data.up(program());
    await data.up(program({ keepOnDelete: true }));
    fake.clearLog();
    expect(await data.destroy()).toMatchObject({ did: "delete" });
    expect(fake.writes).toEqual([]);
    expect(fake.hasFile("/p/data.qcow2")).toBe(true);
  });

  test("of what is gone succeeds, and a refresh sees that it is gone", async () => {
    const { fake, data, newDriver } = createStage();
    await data.up(program());
    fake.removeFile("/p/data.qcow2");
    expect(await data.refresh()).toMatchObject({ did: "gone" });
    const other = newDriver();
    await other.up(program());
    fake.removeFile("/p/data.qcow2");
    expect(await other.destroy()).toMatchObject({ did: "delete" });
  });

  test("no answer is not gone", async () => {
    const { fake, data } = createStage();
    await data.up(program());
    fake.failNext("findVolume", new HostConnectionError("test:///fake", "gone", { doing: "calling", what: "the fake" }));
    expect(await data.refresh()).toMatchObject({ did: "failed" });
    expect(data.resource).toBeDefined();
  });
});

describe("import", () => {
  test.each([
    { because: "by pool and name", id: "p/v.qcow2" },
    { because: "by path", id: "/p/v.qcow2" },
  ])("$because: nothing to change", async ({ id }) => {
    const { fake, data } = createStage();
    fake.addFile({ path: "/p/base.img", format: "raw" });
    fake.addFile({ path: "/p/v.qcow2", capacityBytes: bytesPerGiB, backing: { path: "/p/base.img", format: "raw" } });
    const step = await data.import(id);
    expect(step).toMatchObject({ did: "import", problems: [], changes: [] });
    expect(data.now).toMatchObject({
      id: "p/v.qcow2",
      inputs: { pool: "p", name: "v.qcow2", size: "1GiB", format: "qcow2", backingStore: { path: "/p/base.img", format: "raw" } },
    });
    // Told as an image that it is linked to, it is the same volume.
    expect(await data.up({ pool: "p", name: "v.qcow2", size: "1GiB", image: "/p/base.img" })).toMatchObject({ did: "same" });
  });

  test("a file that libvirt has not seen yet is found", async () => {
    const { fake, data } = createStage();
    fake.addFile({ path: "/p/new.img", format: "raw", unseen: true });
    expect(await data.import("p/new.img")).toMatchObject({ did: "import", changes: [] });
  });

  test.each([
    { because: "no such volume", id: "p/none", did: "gone" },
    { because: "no such path", id: "/p/none", did: "gone" },
    { because: "no place", id: "none", did: "refused" },
  ])("$because", async ({ id, did }) => {
    const { data } = createStage();
    expect(await data.import(id)).toMatchObject({ did });
  });
});
