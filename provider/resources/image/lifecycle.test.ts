// An image's life on a fake host, as the engine drives it.
import { createHash } from "node:crypto";
import { HostConnectionError, HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { createFakeHostObserver } from "../../testing/fake-host-observer";
import { createFakeImages } from "../../testing/fake-images";
import { createFakeLibvirt } from "../../testing/fake-libvirt";
import type { FakeLibvirt } from "../../testing/fake-libvirt";
import type { DriverOptions } from "../../testing/resource-driver";
import { createResourceDriver } from "../../testing/resource-driver";
import { tinyQcow2 } from "../../testing/tiny-qcow2";
import type { Values } from "../resource";
import { unknown } from "../resource";
import { volume } from "../volume/volume";
import { image } from "./image";

const bytesPerMiB = 1024 ** 2;
const sha256Of = (content: Buffer) => createHash("sha256").update(content).digest("hex");
const nameOf = (base: string, content: Buffer, format: string) => `${base}-${sha256Of(content).slice(0, 16)}.${format}`;

const debian = tinyQcow2(20 * bytesPerMiB);
const newer = tinyQcow2(30 * bytesPerMiB);
const debianName = nameOf("debian", debian, "qcow2");
const url = "https://images.example/debian.qcow2";

let hosts = 0;

function createStage(options: Partial<DriverOptions> = {}) {
  // A host of its own: what this process knows of a host's images is by its URI.
  const fake = createFakeLibvirt({ uri: `test:///image-${++hosts}` });
  fake.addPool({ name: "default", path: "/images" });
  fake.addPool({ name: "vg", path: "/dev/vg", type: "logical" });
  const images = createFakeImages();
  images.put("/src/debian.qcow2", debian);
  images.put(url, debian);
  const newDriver = (more: Partial<DriverOptions> = {}) =>
    createResourceDriver({ definition: image, libvirt: fake, host: createFakeHostObserver(), images, name: "debian", ...options, ...more });
  return { fake, images, debianImage: newDriver(), newDriver };
}

const program = (overrides: Values = {}): Values => ({ source: "/src/debian.qcow2", ...overrides });

const reasons = (step: { problems: readonly { path: string; reason: string }[] }) =>
  step.problems.map(({ path, reason }) => `${path} ${reason}`).join("\n");

/** The bytes of a file on the host; undefined where there is none. */
async function bytesOf(fake: FakeLibvirt, name: string): Promise<Buffer | undefined> {
  const record = await fake.findVolume({ pool: "default", name });
  return record && fake.readVolume({ path: record.path }, { offsetBytes: 0, lengthBytes: 10 * bytesPerMiB });
}

/** The image as a later run has it: what this one has made is not in the way. */
async function later({ fake, newDriver }: ReturnType<typeof createStage>) {
  const driver = newDriver({ libvirt: { ...fake, uri: `${fake.uri}-later` } });
  await driver.import(`default/${debianName}`, program());
  return driver;
}

const uploads = (fake: FakeLibvirt) => fake.writes.filter((write) => write.startsWith("uploadVolume")).length;

test("is uploaded once, and stays as it is", async () => {
  const { fake, images, debianImage } = createStage();
  const preview = await debianImage.preview(program());
  const known = { volume: debianName, path: `/images/${debianName}`, format: "qcow2", pool: "default", sha256: sha256Of(debian) };
  expect(preview).toMatchObject({ did: "create", state: known });
  expect(fake.writes).toEqual([]);
  expect(await debianImage.up(program())).toMatchObject({ did: "create", state: { ...known, capacity: "20MiB", fileSize: "256KiB" } });
  expect(debianImage.now.id).toBe(`default/${debianName}`);
  expect((await bytesOf(fake, debianName))?.equals(debian)).toBe(true);
  fake.clearLog();
  expect(await debianImage.up(program())).toMatchObject({ did: "same" });
  const opened = images.opened.length;
  await debianImage.refresh();
  expect(images.opened).toHaveLength(opened);
  expect(await debianImage.up(program())).toMatchObject({ did: "same" });
  expect(fake.writes).toEqual([]);
  expect(images.openCount).toBe(0);
});

test("a raw image with holes at its start, in its middle and at its end is the same on the host", async () => {
  const { fake, images, debianImage } = createStage();
  const raw = Buffer.alloc(3 * bytesPerMiB);
  raw.fill(7, 100_000, 300_000);
  raw.fill(9, 2 * bytesPerMiB, 2 * bytesPerMiB + 10);
  for (const [index, content] of [
    raw,
    Buffer.alloc(bytesPerMiB),
    Buffer.from("tiny"),
    Buffer.alloc(65_536, 1),
    Buffer.alloc(65_537, 1),
  ].entries()) {
    const source = `/src/disk${index}.img`;
    images.put(source, content);
    await createResourceDriver({ definition: image, libvirt: fake, host: createFakeHostObserver(), images, name: `i${index}` }).up({
      source,
    });
    expect((await bytesOf(fake, nameOf(`disk${index}`, content, "raw")))?.equals(content)).toBe(true);
  }
  expect(debianImage.resource).toBeUndefined();
});

describe("the source", () => {
  test.each([
    { because: "a web server without a checksum", inputs: { source: url }, path: "checksum", says: "SHA256SUMS" },
    { because: "an SFTP server without a checksum", inputs: { source: "sftp://host/a.qcow2" }, path: "checksum", says: "waives" },
    { because: "no scheme of ours", inputs: { source: "ftp://host/a.qcow2" }, path: "source", says: "ftp:" },
    { because: "no such file", inputs: { source: "/src/none" }, path: "source", says: "no such file" },
    { because: "no checksum", inputs: { checksum: "md5:abc" }, path: "checksum", says: "sha256:" },
    { because: "too short", inputs: { checksum: "sha256:abc" }, path: "checksum", says: "64 hexadecimal digits" },
    { because: "a slash", inputs: { name: "a/b" }, path: "name", says: "slash" },
    { because: "unknown word", inputs: { colour: "red" }, path: "colour", says: "not a property" },
  ])("refused at preview: $because", async ({ inputs, path, says }) => {
    const { fake, debianImage } = createStage();
    const step = await debianImage.preview(program(inputs));
    expect(step.did).toBe("refused");
    expect(reasons(step)).toContain(`${path} `);
    expect(reasons(step)).toContain(says);
    expect(fake.writes).toEqual([]);
  });

  test("a checksum that is wrong is refused with both, before anything is on the host", async () => {
    const { fake, debianImage } = createStage();
    const step = await debianImage.up({ source: url, checksum: `sha256:${"0".repeat(64)}` });
    expect(step).toMatchObject({ did: "failed", error: { name: "ImageError" } });
    expect(step.error?.message).toContain(sha256Of(debian));
    expect(fake.writes).toEqual([]);
  });

  test("of a download the place is known at preview as far as checksum and format are, and nothing is downloaded for it", async () => {
    const { images, newDriver } = createStage();
    const checksum = `sha256:${sha256Of(debian).toUpperCase()}`;
    const open = await newDriver().preview({ source: url, checksum });
    expect(open.state).toMatchObject({ sha256: sha256Of(debian), pool: "default" });
    expect(open.state?.["path"]).toBe(unknown);
    const named = await newDriver().preview({ source: url, checksum, format: "qcow2" });
    expect(named.state).toMatchObject({ path: `/images/${debianName}`, volume: debianName });
    expect((await newDriver().preview({ source: url, checksum: "none" })).state?.["sha256"]).toBe(unknown);
    expect(images.opened).toEqual([]);
    await newDriver().up({ source: url, checksum });
    // Once it is there, its name tells the format.
    expect((await newDriver({ name: "other" }).preview({ source: url, checksum })).state).toMatchObject({ path: `/images/${debianName}` });
  });

  test("sha512 and none do too", async () => {
    const { newDriver } = createStage();
    const checksum = `sha512:${createHash("sha512").update(debian).digest("hex")}`;
    const one = newDriver();
    expect(await one.up({ source: url, checksum })).toMatchObject({ did: "create", state: { volume: debianName } });
    expect(await one.up({ source: url, checksum })).toMatchObject({ did: "same" });
    const other = newDriver({ name: "other" });
    expect(await other.up({ source: url, checksum: "none" })).toMatchObject({ did: "create", state: { sha256: sha256Of(debian) } });
    expect(await other.up({ source: url, checksum: "none" })).toMatchObject({ did: "same" });
  });

  test("an unknown source is open at preview", async () => {
    const { debianImage } = createStage();
    expect(await debianImage.preview({ source: unknown })).toMatchObject({ did: "create", problems: [] });
  });

  test("raw by the user's word is raw, whatever it looks like", async () => {
    const { fake, debianImage } = createStage();
    const up = await debianImage.up(program({ format: "raw" }));
    expect(up.state).toMatchObject({ format: "raw", volume: nameOf("debian", debian, "raw"), capacity: "256KiB" });
    await debianImage.refresh();
    expect(debianImage.now.state).toMatchObject({ format: "raw" });
    expect(await debianImage.up(program({ format: "raw" }))).toMatchObject({ did: "same" });
    expect((await bytesOf(fake, nameOf("debian", debian, "raw")))?.equals(debian)).toBe(true);
  });
});

describe("the pool", () => {
  test.each([
    { because: "volumes are no files", pool: "vg", says: "pools of files" },
    { because: "no such pool", pool: "none", says: "no such storage pool" },
  ])("$because", async ({ pool, says }) => {
    const { fake, debianImage } = createStage();
    const up = await debianImage.up(program({ pool }));
    expect(up.did).toBe("refused");
    expect(reasons(up)).toContain(says);
    expect(fake.writes).toEqual([]);
  });

  test("too small: pool, needed and free are named before the upload", async () => {
    const { fake, debianImage } = createStage();
    fake.addPool({ name: "small", path: "/small", capacityBytes: 65_536 });
    const up = await debianImage.up(program({ pool: "small" }));
    expect(reasons(up)).toMatch(/^pool has no room for debian.qcow2. The pool small has 64 KiB free, and .* KiB are needed/);
    expect(fake.writes).toEqual([]);
  });

  test("holes need no room", async () => {
    const { fake, images, newDriver } = createStage();
    fake.addPool({ name: "small", path: "/small", capacityBytes: 4 * 65_536 });
    const sparse = Buffer.alloc(8 * bytesPerMiB);
    sparse.fill(1, 0, 100);
    sparse.fill(2, 4 * bytesPerMiB, 4 * bytesPerMiB + 100);
    images.put("/src/sparse.img", sparse);
    expect(await newDriver().up({ source: "/src/sparse.img", pool: "small" })).toMatchObject({ did: "create" });
  });

  test("that fills up in mid-upload: the same is said, and the volume is gone", async () => {
    const { fake, images, debianImage } = createStage();
    const big = Buffer.alloc(2 * bytesPerMiB, 1);
    images.put("/src/big.img", big);
    fake.addPool({ name: "small", path: "/small", capacityBytes: 3 * bytesPerMiB });
    images.onPiece = (done) => {
      if (done > bytesPerMiB) fake.addFile({ path: "/small/other", capacityBytes: 2 * bytesPerMiB, allocatedBytes: 2 * bytesPerMiB });
    };
    const up = await debianImage.up({ source: "/src/big.img", pool: "small" });
    expect(up).toMatchObject({ did: "failed", error: { name: "HostError" } });
    expect(up.error?.message).toMatch(/The pool small has 1 MiB free, and 2 MiB are needed/);
    expect(await fake.listVolumes("small")).toEqual(["other"]);
  });
});

describe("failures leave nothing that looks whole", () => {
  const lost = new HostConnectionError("test:///fake", "gone", { doing: "calling", what: "the fake" });
  const refusal = new HostError(hostErrorCodes.internalError, "internal error: no", { doing: "calling", what: "the fake" });

  test.each([
    { because: "libvirt makes no volume", verb: "createVolume", error: refusal },
    { because: "the upload is refused", verb: "uploadVolume", error: refusal },
    { because: "the connection is lost at the upload", verb: "uploadVolume", error: lost },
    { because: "the rescan is lost", verb: "refreshPool", error: lost },
  ] as const)("$because", async ({ verb, error }) => {
    const { fake, debianImage } = createStage();
    await debianImage.preview(program());
    fake.failNext(verb, error);
    expect(await debianImage.up(program(), { skipPreview: true })).toMatchObject({ did: "failed", error });
    expect(await fake.listVolumes("default")).toEqual([]);
    expect(await debianImage.up(program())).toMatchObject({ did: "create" });
    expect((await bytesOf(fake, debianName))?.equals(debian)).toBe(true);
  });

  test("broken off in the middle", async () => {
    const { fake, debianImage } = createStage();
    fake.breakNextUpload(100_000, refusal);
    expect(await debianImage.up(program())).toMatchObject({ did: "failed", error: refusal });
    expect(await fake.listVolumes("default")).toEqual([]);
  });

  test("a file that changes under the upload is not what is left", async () => {
    const { fake, images, debianImage } = createStage();
    images.onPiece = (done) => {
      if (done > 65_536) throw new Error("the file has changed");
    };
    expect((await debianImage.up(program())).error?.message).toContain("has changed");
    expect(await fake.listVolumes("default")).toEqual([]);
    expect(images.openCount).toBe(0);
  });

  test("a Cancel ends it, and takes the volume away", async () => {
    const { fake, debianImage } = createStage();
    const abort = new AbortController();
    const hold = fake.holdNext("uploadVolume");
    const making = debianImage.up(program(), { signal: abort.signal });
    await hold.reached;
    abort.abort();
    expect(await making).toMatchObject({ did: "failed", error: { name: "CancelledError" } });
    expect(await fake.listVolumes("default")).toEqual([]);
  });
});

describe("one image for many", () => {
  test("a second resource finds it there: nothing is uploaded, and its end leaves it to the first", async () => {
    const { fake, newDriver } = createStage();
    const [one, other] = [newDriver(), newDriver({ name: "other" })];
    await one.up(program());
    fake.clearLog();
    expect(await other.up(program())).toMatchObject({ did: "create", state: { volume: debianName } });
    expect(fake.writes).toEqual([]);
    const step = await other.destroy();
    expect(step.did).toBe("delete");
    expect(step.log.map(({ message }) => message).join()).toContain("another resource of this run is the same image");
    expect(fake.hasFile(`/images/${debianName}`)).toBe(true);
  });

  test("two at the same time upload it once", async () => {
    const { fake, newDriver } = createStage();
    const steps = await Promise.all([newDriver().up(program()), newDriver({ name: "other" }).up(program())]);
    expect(steps.map(({ did }) => did)).toEqual(["create", "create"]);
    // Its body and its head.
    expect(uploads(fake)).toBe(2);
  });
});

describe("changes", () => {
  test("new content of the same file is a new image beside the old one, which then goes", async () => {
    const stage = createStage();
    const { fake, images } = stage;
    await stage.debianImage.up(program());
    const driver = await later(stage);
    images.put("/src/debian.qcow2", newer);
    const preview = await driver.preview(program());
    expect(preview).toMatchObject({ did: "replace", changes: ["sha256"], state: { volume: nameOf("debian", newer, "qcow2") } });
    fake.clearLog();
    expect(await driver.up(program())).toMatchObject({ did: "replace" });
    expect(fake.writes.map((write) => write.split(" ")[0])).toEqual(["createVolume", "uploadVolume", "uploadVolume", "deleteVolume"]);
    expect(await fake.listVolumes("default")).toEqual([nameOf("debian", newer, "qcow2")]);
  });

  test.each([
    { because: "another place, the same content", change: { source: url, checksum: `sha256:${sha256Of(debian)}`, name: "debian" } },
    { because: "a checksum that it has", change: { checksum: `sha256:${sha256Of(debian)}` } },
    { because: "the format that it has", change: { format: "qcow2" } },
    { because: "kept from now on", change: { keepOnDelete: true } },
  ])("in place: $because", async ({ change }) => {
    const { fake, debianImage } = createStage();
    await debianImage.up(program());
    fake.clearLog();
    expect(await debianImage.up(program(change))).toMatchObject({ did: "update" });
    expect(fake.writes).toEqual([]);
    expect(await debianImage.up(program(change))).toMatchObject({ did: "same" });
  });

  test.each([
    { because: "another name", change: { name: "deb" } },
    { because: "another pool", change: { pool: "q" } },
    { because: "another format", change: { format: "raw" } },
  ])("a new image: $because", async ({ change }) => {
    const { fake, debianImage } = createStage();
    fake.addPool({ name: "q", path: "/q" });
    await debianImage.up(program());
    expect(await debianImage.up(program(change))).toMatchObject({ did: "replace" });
  });

  test("a waived checksum elsewhere may be anything: replaced, and where it turns out to be the same the image stays", async () => {
    const { fake, images, debianImage } = createStage();
    images.put("https://mirror.example/debian.qcow2", debian);
    await debianImage.up({ source: url, checksum: "none" });
    fake.clearLog();
    const up = await debianImage.up({ source: "https://mirror.example/debian.qcow2", checksum: "none" });
    expect(up.did).toBe("replace");
    expect(fake.writes).toEqual([]);
    expect(fake.hasFile(`/images/${debianName}`)).toBe(true);
  });
});

describe("what happens on the host", () => {
  test("gone is gone, no answer is not", async () => {
    const { fake, debianImage } = createStage();
    await debianImage.up(program());
    fake.failNext("findVolume", new HostConnectionError("test:///fake", "gone", { doing: "calling", what: "the fake" }));
    expect(await debianImage.refresh()).toMatchObject({ did: "failed" });
    fake.removeFile(`/images/${debianName}`);
    expect(await debianImage.refresh()).toMatchObject({ did: "gone" });
  });

  test("cut off: told at refresh, and uploaded again", async () => {
    const { fake, debianImage } = createStage();
    await debianImage.up(program());
    fake.removeFile(`/images/${debianName}`);
    fake.addFile({ path: `/images/${debianName}`, format: "raw", capacityBytes: 1000 });
    const refreshed = await debianImage.refresh();
    expect(refreshed.did).toBe("refresh");
    expect(debianImage.now.initErrors.join()).toContain("is not whole: it has 1000B of 256KiB");
    expect(await debianImage.up(program())).toMatchObject({ did: "update", initErrors: [] });
    expect((await bytesOf(fake, debianName))?.equals(debian)).toBe(true);
  }, 20_000);
});

describe("removal", () => {
  const volumeOn = (fake: FakeLibvirt, base: string) =>
    fake.addFile({ path: "/images/top.qcow2", backing: { path: `/images/${base}`, format: "qcow2" } });

  test("takes it away where nobody needs it", async () => {
    const stage = createStage();
    await stage.debianImage.up(program());
    const driver = await later(stage);
    expect(await driver.destroy()).toMatchObject({ did: "delete" });
    expect(stage.fake.hasFile(`/images/${debianName}`)).toBe(false);
  });

  test("leaves it to the volumes on top of it, and says so", async () => {
    const stage = createStage();
    await stage.debianImage.up(program());
    volumeOn(stage.fake, debianName);
    const driver = await later(stage);
    const step = await driver.destroy();
    expect(step.did).toBe("delete");
    expect(step.log).toContainEqual({ level: "info", message: expect.stringContaining("default/top.qcow2") as string });
    expect(stage.fake.hasFile(`/images/${debianName}`)).toBe(true);
  });

  test("keeps it where that was asked for", async () => {
    const { fake, debianImage } = createStage();
    await debianImage.up(program({ keepOnDelete: true }));
    expect((await debianImage.destroy()).log.map(({ message }) => message).join()).toContain("keepOnDelete");
    expect(fake.hasFile(`/images/${debianName}`)).toBe(true);
  });

  test("of what is gone succeeds", async () => {
    const stage = createStage();
    await stage.debianImage.up(program());
    const driver = await later(stage);
    stage.fake.removeFile(`/images/${debianName}`);
    expect(await driver.destroy()).toMatchObject({ did: "delete" });
  });
});

describe("import", () => {
  test("by pool and volume: nothing to change, and the real source is taken in without an upload", async () => {
    const { fake, debianImage, newDriver } = createStage();
    await debianImage.up(program());
    fake.clearLog();
    const imported = newDriver({ name: "imported" });
    expect(await imported.import(`default/${debianName}`)).toMatchObject({ did: "import", changes: [], problems: [] });
    expect(imported.now.state).toMatchObject({ path: `/images/${debianName}`, format: "qcow2", capacity: "20MiB" });
    expect(await imported.up(program())).toMatchObject({ did: "update", state: { sha256: sha256Of(debian) } });
    expect(await imported.up(program())).toMatchObject({ did: "same" });
    expect(fake.writes).toEqual([]);
  });

  test("of what no Image has uploaded is refused", async () => {
    const { fake, debianImage } = createStage();
    fake.addFile({ path: "/images/x.qcow2" });
    const step = await debianImage.import("default/x.qcow2");
    expect(step.did).toBe("refused");
    expect(reasons(step)).toContain("as Volumes");
  });

  test("what stands for an imported image is no source of a new one", async () => {
    const { debianImage } = createStage();
    const step = await debianImage.up({ source: `volume:default/${debianName}` });
    expect(step.did).toBe("refused");
  });
});

test("a Volume on it: linked by its path, known at preview", async () => {
  const { fake, debianImage } = createStage();
  const preview = await debianImage.preview(program());
  const data = createResourceDriver({ definition: volume, libvirt: fake, host: createFakeHostObserver(), name: "data" });
  expect(await data.preview({ pool: "default", name: "v", image: preview.state!["path"]!, size: "1GiB" })).toMatchObject({ did: "create" });
  await debianImage.up(program());
  const linked: Values = { pool: "default", name: "v", image: debianImage.now.state["path"]!, size: "1GiB" };
  expect(await data.up(linked)).toMatchObject({ did: "create" });
  expect(fake.file("/images/v")).toMatchObject({ backing: { path: `/images/${debianName}`, format: "qcow2" } });
});
