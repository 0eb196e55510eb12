// One image, several who bring it: killed runs, other runs at work, and what lies in the way.
import { createFakeHostObserver } from "../../testing/fake-host-observer";
import { createFakeImages } from "../../testing/fake-images";
import { createFakeLibvirt } from "../../testing/fake-libvirt";
import type { FakeLibvirt } from "../../testing/fake-libvirt";
import { tinyQcow2 } from "../../testing/tiny-qcow2";
import { volumeXml } from "../../xml/storage-xml";
import type { Call } from "../resource";
import { headBytes } from "./image-content";
import { ensureUploaded } from "./upload-image";

const content = tinyQcow2(20 * 1024 ** 2);
const name = "debian-0123456789abcdef.qcow2";
const source = "/src/debian.qcow2";
const timing = { stallMs: 60, pollMs: 5 };
const never = new Error("killed");

/** What a killed run could not do any more. */
const dead = { deleteVolume: () => Promise.reject(never) };

let hosts = 0;

function createStage() {
  const fake = createFakeLibvirt();
  fake.addPool({ name: "p", path: "/p" });
  /** A run of its own: another process, with its own locks. */
  const newRun = (overrides: Partial<FakeLibvirt> = {}) => {
    const images = createFakeImages();
    images.put(source, content);
    const log: string[] = [];
    const say = (message: string) => void log.push(message);
    const libvirt = { ...fake, ...overrides, uri: `test:///upload-${++hosts}` };
    const signal = new AbortController().signal;
    const call: Call = {
      urn: "urn:pulumi:s::p::kvm:index:Image::debian",
      signal,
      log: { info: say, warn: say, status: say },
      services: { config: { uri: libvirt.uri, timeoutMs: 1000 }, libvirt, host: createFakeHostObserver(), images },
    };
    const bring = async () => {
      const image = await images.open({ source, signal, status: say });
      await ensureUploaded({ pool: "p", volume: name, image }, call, timing);
    };
    return { bring, images, log };
  };
  const bytes = () => fake.readVolume({ pool: "p", name }, { offsetBytes: 0, lengthBytes: 2 * content.length });
  return { fake, newRun, bytes };
}

test.each([
  { because: "at its very start", bytesBefore: 1 },
  { because: "in the middle", bytesBefore: 100_000 },
  { because: "all but the head was there", bytesBefore: content.length },
])("a killed run leaves what looks like no image, and the next one ends with a whole one: $because", async ({ bytesBefore }) => {
  const { fake, newRun, bytes } = createStage();
  const killed = newRun(dead);
  fake.breakNextUpload(bytesBefore, never);
  await expect(killed.bring()).rejects.toBe(never);
  await fake.refreshPool("p");
  expect(fake.file(`/p/${name}`)).toMatchObject({ format: "raw" });
  expect((await bytes()).subarray(0, headBytes).some((byte) => byte !== 0)).toBe(false);
  await newRun().bring();
  expect((await bytes()).equals(content)).toBe(true);
  expect(fake.file(`/p/${name}`)).toMatchObject({ format: "qcow2" });
  expect(await fake.listVolumes("p")).toEqual([name]);
});

test("another run that goes on is waited for, and uploads alone", async () => {
  const { fake, newRun, bytes } = createStage();
  const [one, other] = [newRun(), newRun()];
  let isFirst = true;
  let waiting: Promise<void> | undefined;
  one.images.onPiece = async (done) => {
    if (done > 0 && isFirst) {
      isFirst = false;
      waiting = other.bring();
      await new Promise((resolve) => setTimeout(resolve, timing.stallMs / 2));
    }
  };
  await one.bring();
  await waiting;
  expect((await bytes()).equals(content)).toBe(true);
  expect(fake.calls.filter((verb) => verb === "createVolume")).toHaveLength(1);
  expect(fake.calls.filter((verb) => verb === "deleteVolume")).toHaveLength(0);
});

test("another run that stands still is taken over, and when it goes on it spoils nothing", async () => {
  const { newRun, bytes } = createStage();
  const [slow, quick] = [newRun(), newRun()];
  let takenOver = false;
  slow.images.onPiece = async (done) => {
    if (done > 0 && !takenOver) {
      takenOver = true;
      await quick.bring();
    }
  };
  await slow.bring();
  expect(takenOver).toBe(true);
  expect((await bytes()).equals(content)).toBe(true);
});

test("two that begin at the same moment: one makes the volume, the other waits for it", async () => {
  const { fake, newRun, bytes } = createStage();
  await Promise.all([newRun().bring(), newRun().bring()]);
  expect((await bytes()).equals(content)).toBe(true);
  expect(fake.calls.filter((verb) => verb === "deleteVolume")).toHaveLength(0);
});

test("a volume of that name with other content is not touched while somebody lives on it", async () => {
  const { fake, newRun } = createStage();
  await fake.createVolume("p", volumeXml({ name, capacityBytes: 1000, allocationBytes: 0, format: "raw" }));
  fake.addFile({ path: "/p/top.qcow2", backing: { path: `/p/${name}`, format: "raw" } });
  await expect(newRun().bring()).rejects.toMatchObject({
    problems: [{ path: "name", reason: expect.stringContaining("the backing file of p/top.qcow2") as string }],
  });
  expect(fake.hasFile(`/p/${name}`)).toBe(true);
});

test("a whole one is found, also where libvirt has not seen it yet", async () => {
  const { fake, newRun } = createStage();
  await newRun().bring();
  fake.clearLog();
  const run = newRun();
  await run.bring();
  expect(fake.writes).toEqual([]);
});

test("progress is told in MB and percent", async () => {
  const { newRun } = createStage();
  const run = newRun();
  await run.bring();
  expect(run.log[0]).toContain("reading");
  expect(run.log).toContain("uploading debian.qcow2 to pool p");
});
