// Images and volumes on a real host: uploaded whole and once, whatever happens in between; volumes from them, and their growth.
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { addStorage, describeWithHost, removeStorage, virsh, waitFor } from "../../../tools/lab/lab";
import { createImageSources } from "../../images/image-sources";
import { connectLibvirt } from "../../libvirt/connect";
import type { Libvirt } from "../../libvirt/port";
import { createFakeHostObserver } from "../../testing/fake-host-observer";
import { createResourceDriver } from "../../testing/resource-driver";
import type { ResourceDefinition, Values } from "../resource";
import { volume } from "../volume/volume";
import { image } from "./image";

const run = promisify(execFile);
const bytesPerMiB = 1024 ** 2;
const timeoutMs = 30_000;
const pool = `image-${process.pid}`;
const poolMiB = 96;

jest.setTimeout(60_000);

describeWithHost("images and volumes on the private host", (lab) => {
  let libvirt: Libvirt;
  let poolPath: string;
  let work: string;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "image-live-"));
    poolPath = await addStorage(lab(), pool, "ext4", poolMiB);
    await virsh(lab(), "pool-create-as", pool, "dir", "--target", poolPath);
    libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
  });
  afterAll(async () => {
    await libvirt.close();
    await virsh(lab(), "pool-destroy", pool).catch(() => undefined);
    await removeStorage(lab(), pool);
    await rm(work, { recursive: true, force: true });
  });
  afterEach(async () => {
    await libvirt.refreshPool(pool);
    for (const name of await libvirt.listVolumes(pool)) if (name !== "lost+found") await libvirt.deleteVolume({ pool, name });
  });

  const newDriver = (definition: ResourceDefinition, name: string) => {
    const images = createImageSources({ cacheDir: join(work, "cache") });
    return createResourceDriver({ definition, libvirt, host: createFakeHostObserver(), images, name });
  };
  /** A qcow2 image with some data in it. */
  const makeQcow2 = async (name: string, dataMiB: number) => {
    const [raw, path] = [join(work, `${name}.raw`), join(work, `${name}.qcow2`)];
    await writeFile(raw, randomBytes(dataMiB * bytesPerMiB));
    await truncate(raw, 1024 * bytesPerMiB);
    await run("qemu-img", ["convert", "-f", "raw", "-O", "qcow2", raw, path]);
    return path;
  };
  const sameContent = async (one: string, other: string) => {
    const sums = await Promise.all([one, other].map(async (path) => (await run("sha256sum", [path])).stdout.split(" ")[0]));
    return sums[0] === sums[1];
  };
  const volumes = async () => (await libvirt.listVolumes(pool)).filter((name) => name !== "lost+found");

  test("an image is on the host byte for byte, once, and the second time nothing is written", async () => {
    const source = await makeQcow2("debian", 8);
    const one = newDriver(image, "debian");
    const up = await one.up({ source, pool });
    expect(up).toMatchObject({ did: "create", state: { format: "qcow2", capacity: "1GiB" } });
    const path = up.state?.["path"] as string;
    expect(await sameContent(source, path)).toBe(true);
    const { mtimeMs } = await stat(path);
    expect(await one.up({ source, pool })).toMatchObject({ did: "same" });
    expect(await newDriver(image, "other").up({ source, pool })).toMatchObject({ did: "create", state: { path } });
    expect((await stat(path)).mtimeMs).toBe(mtimeMs);
    await one.refresh();
    expect(await one.up({ source, pool })).toMatchObject({ did: "same" });
    await run("qemu-img", ["check", path]);
  });

  test("a sparse raw image takes only what it holds, and the size it has is that of the file", async () => {
    const source = join(work, "sparse.img");
    await writeFile(source, randomBytes(bytesPerMiB));
    await truncate(source, 2048 * bytesPerMiB);
    const up = await newDriver(image, "sparse").up({ source, pool });
    expect(up).toMatchObject({ did: "create", state: { format: "raw", capacity: "2GiB", fileSize: "2GiB" } });
    const { blocks, size } = await stat(up.state?.["path"] as string);
    expect(size).toBe(2048 * bytesPerMiB);
    // stat counts in blocks of 512 bytes.
    expect(blocks * 512).toBeLessThan(2 * bytesPerMiB);
  });

  test("a pool that fills up: nothing is left, and the error names the pool and the room", async () => {
    const source = join(work, "big.img");
    await writeFile(source, randomBytes((poolMiB + 10) * bytesPerMiB));
    const up = await newDriver(image, "big").up({ source, pool });
    expect(up.did).toBe("refused");
    expect(up.problems[0]?.reason).toMatch(new RegExp(`pool ${pool} has [0-9.]+ MiB free, and 106 MiB are needed`));
    expect(await volumes()).toEqual([]);
  });

  test("a killed upload looks like no image, and the next run ends with a whole one", async () => {
    const source = await makeQcow2("killed", 24);
    const outfile = join(work, "kill-upload.js");
    await build({
      entryPoints: [join(__dirname, "../../testing/kill-upload.fixture.ts")],
      outfile,
      bundle: true,
      platform: "node",
      format: "cjs",
      alias: { "node-libvirt": join(__dirname, "../../../node-libvirt/src/index.ts") },
    });
    const child = spawn(process.execPath, [outfile, lab().uri, pool, source], { stdio: "pipe" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    let output = "";
    child.stderr.on("data", (data: Buffer) => (output += data.toString()));
    child.stdout.on("data", (data: Buffer) => (output += data.toString()));
    await waitFor("the upload to be in its middle", async () => {
      if (child.exitCode !== null) throw new Error(`the upload ended by itself: ${output}`);
      return output.includes("half way");
    });
    child.kill("SIGKILL");
    await ended;
    await libvirt.refreshPool(pool);
    const [name = ""] = await volumes();
    const path = join(poolPath, name);
    const info = JSON.parse((await run("qemu-img", ["info", "--output", "json", path])).stdout) as { format: string };
    expect(info.format).toBe("raw");
    const up = await newDriver(image, "killed").up({ source, pool });
    expect(up).toMatchObject({ did: "create", state: { path } });
    expect(await volumes()).toEqual([name]);
    expect(await sameContent(source, path)).toBe(true);
  });

  test("a volume starts from an image, linked and full; it grows and goes, and the image with it only when it is free", async () => {
    const source = await makeQcow2("base", 4);
    const base = newDriver(image, "base");
    const path = (await base.up({ source, pool })).state?.["path"] as string;
    const linked = newDriver(volume, "linked");
    const full = newDriver(volume, "full");
    const program = (name: string, more: Values = {}): Values => ({ pool, name, image: path, size: "2GiB", ...more });
    expect(await linked.up(program("linked"))).toMatchObject({ did: "create", state: { capacity: "2GiB", clone: "linked" } });
    expect(await full.up(program("full", { clone: "full" }))).toMatchObject({ did: "create", state: { capacity: "2GiB" } });
    await run("qemu-img", ["compare", "-f", "raw", "-F", "qcow2", join(work, "base.raw"), join(poolPath, "full")]);
    await run("qemu-img", ["compare", "-f", "raw", "-F", "qcow2", join(work, "base.raw"), join(poolPath, "linked")]);
    expect(await linked.up(program("linked", { size: "3GiB" }))).toMatchObject({ did: "update", state: { capacity: "3GiB" } });
    for (const driver of [linked, full]) {
      await driver.refresh();
      const { size } = driver.now.inputs;
      const name = driver === linked ? "linked" : "full";
      expect(await driver.up(program(name, { ...(driver === full && { clone: "full" }), size: size ?? "" }))).toMatchObject({
        did: "same",
      });
    }
    expect(await newDriver(volume, "imported").import(`${pool}/linked`)).toMatchObject({ did: "import", changes: [], problems: [] });
    expect(await newDriver(volume, "imported").import(join(poolPath, "full"))).toMatchObject({ did: "import", changes: [] });
    expect((await base.destroy()).did).toBe("delete");
    expect(await volumes()).toHaveLength(3);
    expect(await linked.destroy()).toMatchObject({ did: "delete" });
    expect(await full.destroy()).toMatchObject({ did: "delete" });
  });

  test("a running machine's volume grows through it, and is never deleted under it", async () => {
    const data = newDriver(volume, "data");
    const path = (await data.up({ pool, name: "data.qcow2", size: "64MiB" })).state?.["path"] as string;
    const name = `image-live-${process.pid}`;
    const xml = `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
      <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${path}'/><target dev='vda' bus='virtio'/></disk></devices></domain>`;
    const { uuid } = await libvirt.defineDomain(xml);
    try {
      await libvirt.startDomain(uuid, { paused: true });
      expect(await data.up({ pool, name: "data.qcow2", size: "128MiB" })).toMatchObject({ did: "update", state: { capacity: "128MiB" } });
      expect(await virsh(lab(), "domblkinfo", name, "vda")).toMatch(/Capacity:\s+134217728/);
      const refused = await data.destroy();
      expect(refused.did).toBe("refused");
      expect(refused.problems[0]?.reason).toContain(`disk vda of the running VM ${name}`);
      await libvirt.destroyDomain(uuid);
      await libvirt.undefineDomain(uuid);
      expect(await data.destroy()).toMatchObject({ did: "delete" });
      expect(await volumes()).toEqual([]);
    } finally {
      await libvirt.destroyDomain(uuid);
      await libvirt.undefineDomain(uuid);
    }
  });

  test("a volume that is to be allocated and finds no room leaves nothing", async () => {
    const up = await newDriver(volume, "v").up({ pool, name: "v.img", format: "raw", size: "1GiB", preallocation: "full" });
    expect(up.did).toBe("refused");
    expect(up.problems[0]?.reason).toMatch(/MiB free, and 1 GiB are needed/);
    expect(await volumes()).toEqual([]);
  });
});
