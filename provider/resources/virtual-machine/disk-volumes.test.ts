// Disks whose volume starts from an image, and disks that are volumes which somebody else made.
import { createStage, program } from "../../testing/machine-stage";
import { poolFacts, ramfsPoolFacts } from "../../testing/fake-host-observer";
import type { HostFacts } from "../../plan/facts";
import type { Values } from "../resource";

const image = "/pools/fast/debian-12-0123456789abcdef.qcow2";
const imageBytes = 2 * 2 ** 30;
const verbs = (writes: readonly string[]) => writes.map((write) => write.split(" ")[0]);
const said = (log: readonly { message: string }[]) => log.map(({ message }) => message).join("\n");
const from = (disk: Values, more: Values = {}) => program({ disks: { root: { pool: "fast", ...disk } }, ...more });

function stageWithImage() {
  const stage = createStage();
  stage.fake.addFile({ path: image, format: "qcow2", capacityBytes: imageBytes });
  return stage;
}

describe("an image", () => {
  test("is what a linked volume stands on, with its capacity where no size is asked for", async () => {
    const { web, fake } = stageWithImage();
    expect(await web.up(from({ image }))).toMatchObject({ did: "create", initErrors: [] });
    const volume = await fake.findVolume({ pool: "fast", name: "web-root.qcow2" });
    expect(volume?.capacityBytes).toBe(imageBytes);
    expect(volume?.xml).toContain(image);
    expect(web.now.state).toMatchObject({ effectiveDisks: { root: { image: { path: image, format: "qcow2", clone: "linked" } } } });
    fake.clearLog();
    expect(await web.up(from({ image }), { force: true })).toMatchObject({ did: "update", initErrors: [] });
    expect(fake.writes).toEqual([]);
    await web.refresh();
    expect(await web.up(from({ image }))).toMatchObject({ did: "same" });
    await web.destroy();
    expect(fake.hasFile(image)).toBe(true);
    expect(fake.hasFile("/pools/fast/web-root.qcow2")).toBe(false);
  });

  test("gives a larger disk where a size is asked for", async () => {
    const { web, fake } = stageWithImage();
    await web.up(from({ image, size: "20GiB" }));
    expect((await fake.findVolume({ pool: "fast", name: "web-root.qcow2" }))?.capacityBytes).toBe(20 * 2 ** 30);
  });

  test("is copied where a full clone is asked for, and the copy stands alone", async () => {
    const { web, fake } = stageWithImage();
    await web.up(from({ image, clone: "full", size: "3GiB" }));
    expect(verbs(fake.writes)).toContain("createVolumeFrom");
    const volume = await fake.findVolume({ pool: "fast", name: "web-root.qcow2" });
    expect(volume?.xml).not.toContain("backingStore");
    expect(volume?.capacityBytes).toBe(3 * 2 ** 30);
  });

  test("may be named as a volume of the disk's pool", async () => {
    const { web, fake } = stageWithImage();
    await web.up(from({ image: "debian-12-0123456789abcdef.qcow2" }));
    expect((await fake.findVolume({ pool: "fast", name: "web-root.qcow2" }))?.xml).toContain(image);
  });

  test("on a storage without direct I/O decides over the linked disk's cache mode", async () => {
    const { web, fake } = createStage();
    const slow = "/pools/ram/base-0123456789abcdef.qcow2";
    fake.addFile({ path: slow, format: "qcow2", capacityBytes: imageBytes });
    await web.up(from({ image: slow }));
    expect(web.now.state["effectiveDisks"]).toMatchObject({
      root: { cache: "writeback", reason: expect.stringContaining(slow) as string },
    });
    expect(await web.preview(from({ image: slow, cache: "none" }))).toMatchObject({
      did: "refused",
      problems: [{ path: "disks.root.cache" }],
    });
  });

  test("that is not there is refused at apply, by name, before anything is made", async () => {
    const { web, fake } = createStage({ observer: { exists: () => false } });
    fake.clearLog();
    const step = await web.up(from({ image: "/pools/fast/nothing.qcow2" }), { skipPreview: true });
    expect(step).toMatchObject({ did: "refused", problems: [{ path: "disks.root.image" }] });
    expect(fake.writes).toEqual([]);
  });

  test("that an Image of the same program brings is planned for at preview, by the pool it goes into", async () => {
    const facts: HostFacts = {
      libvirtVersion: "9.0.0",
      qemuVersion: "7.2.22",
      architecture: "x86_64",
      kvm: { usable: "yes", why: "" },
      pools: { fast: poolFacts("/pools/fast"), ram: ramfsPoolFacts("/pools/ram") },
    };
    const { web } = createStage({ observer: { exists: (path) => !path.includes("debian") } });
    const host = { policy: {}, facts: facts as unknown as Values };
    const { state } = await web.preview(from({ image: "/pools/ram/debian-0123456789abcdef.qcow2" }, { host }));
    expect(state?.["effectiveDisks"]).toMatchObject({ root: { cache: "writeback", reason: expect.stringContaining("ramfs") as string } });
  });

  test("that changes later leaves the disk and its data, and the preview says so", async () => {
    const { web, fake } = stageWithImage();
    const other = "/pools/fast/debian-13-fedcba9876543210.qcow2";
    fake.addFile({ path: other, format: "qcow2", capacityBytes: imageBytes });
    await web.up(from({ image }));
    fake.clearLog();
    const preview = await web.preview(from({ image: other }));
    expect(preview).toMatchObject({ did: "update", changes: ["disks.root.image"] });
    expect(said(preview.log)).toMatch(/disks\.root\.image.*keeps the data/);
    await web.up(from({ image: other }));
    expect(verbs(fake.writes).filter((verb) => verb !== "defineDomain")).toEqual([]);
    expect((await fake.findVolume({ pool: "fast", name: "web-root.qcow2" }))?.xml).toContain(image);
  });
});

describe("a volume that somebody else made", () => {
  const path = "/pools/fast/theirs.qcow2";
  const asked = from({ volume: "theirs.qcow2" });

  test("is used by name, without a warning, and never deleted", async () => {
    const { web, fake } = createStage();
    fake.addFile({ path, format: "qcow2", capacityBytes: imageBytes });
    expect(await web.up(asked)).toMatchObject({ did: "create", initErrors: [] });
    expect(said(web.log.filter(({ level }) => level === "warn"))).toBe("");
    expect(web.now.state).toMatchObject({ effectiveDisks: { root: { path } }, volumes: {} });
    await web.refresh();
    expect(await web.up(asked)).toMatchObject({ did: "same" });
    await web.destroy();
    expect(fake.hasFile(path)).toBe(true);
  });

  test("has the format that it has", async () => {
    const { web, fake, host } = createStage();
    fake.addFile({ path: "/pools/fast/theirs", format: "raw", capacityBytes: imageBytes });
    host.setChain("/pools/fast/theirs", [{ ...poolFacts("/pools/fast"), path: "/pools/fast/theirs", format: "raw", pool: "fast" }]);
    await web.up(from({ volume: "theirs" }));
    expect(web.now.state).toMatchObject({ effectiveDisks: { root: { format: "raw" } } });
  });

  test("that is not there yet is planned for by its pool, and refused at apply where nobody makes it", async () => {
    const { web, fake } = createStage();
    const { state } = await web.preview(asked);
    expect(state?.["effectiveDisks"]).toMatchObject({ root: { path, cache: "none", format: "qcow2" } });
    const step = await web.up(asked);
    expect(step).toMatchObject({ did: "refused", problems: [{ path: "disks.root.volume" }] });
    expect(await fake.findDomain({ name: "web" })).toBeUndefined();
  });
});

test("a volume group's extents are no drift and no shrink", async () => {
  const { web, fake, host } = createStage();
  fake.addPool({ name: "vg", type: "logical", path: "/dev/vg" });
  host.setPool("vg", poolFacts("/dev/vg", { type: "logical", kind: "lvm" }));
  const asked = program({ disks: { root: { pool: "vg", size: "10MB" } } });
  await web.up(asked);
  fake.addFile({ path: "/dev/vg/web-root.img", format: "raw", capacityBytes: 12 * 2 ** 20 });
  await web.refresh();
  expect(await web.up(asked)).toMatchObject({ did: "same" });
  expect(await web.up({ ...asked, description: "x" })).toMatchObject({ did: "update", initErrors: [] });
});

test("a disk that its pool cannot grow is refused at preview, with the way out", async () => {
  const { web, fake, host } = createStage();
  fake.addPool({ name: "vg", type: "logical", path: "/dev/vg" });
  host.setPool("vg", poolFacts("/dev/vg", { type: "logical", kind: "lvm" }));
  const asked = (size: string) => program({ disks: { root: { pool: "vg", size } } });
  await web.up(asked("1GiB"));
  const { problems } = await web.preview(asked("2GiB"));
  expect(problems).toMatchObject([{ path: "disks.root.size", reason: expect.stringContaining("lvextend") as string }]);
});
