// A volume's bytes on a real daemon, where libvirtd by itself would lose some: disks that fill up, holes over old data, block devices.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { addStorage, describeWithHost, removeStorage, virsh } from "../../tools/lab/lab";
import { CancelledError, HostError } from "../errors";
import { hostErrorCodes } from "./codes";
import { connectLibvirt } from "./connect";
import type { Libvirt, StreamPiece } from "./port";

const timeoutMs = 30_000;
const KiB = 1024;
const MiB = 1024 * KiB;
const poolMiB = 64;
const pool = `content-${process.pid}`;
const execute = promisify(execFile);

jest.setTimeout(120_000);

const lengthOf = (pieces: readonly StreamPiece[]) =>
  pieces.reduce((sum, piece) => sum + ("data" in piece ? piece.data.length : piece.holeBytes), 0);
const bytesOf = (pieces: readonly StreamPiece[]) =>
  Buffer.concat(pieces.map((piece) => ("data" in piece ? piece.data : Buffer.alloc(piece.holeBytes))));

async function* streamOf(pieces: readonly StreamPiece[]): AsyncGenerator<StreamPiece> {
  for (const piece of pieces) yield await Promise.resolve(piece);
}

async function* inMiB(content: Buffer): AsyncGenerator<StreamPiece> {
  for (let at = 0; at < content.length; at += MiB) yield await Promise.resolve({ data: content.subarray(at, at + MiB) });
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describeWithHost("a volume's bytes on the private host", (lab) => {
  let libvirt: Libvirt;
  let folder: string;
  const volume = { pool, name: "image" };
  const path = () => join(folder, volume.name);

  beforeAll(async () => {
    folder = await addStorage(lab(), pool, "ext4", poolMiB);
    await virsh(lab(), "pool-create-as", pool, "dir", "--target", folder);
    libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
  });
  afterEach(() => libvirt.deleteVolume(volume));
  afterAll(async () => {
    await libvirt.close();
    await virsh(lab(), "pool-destroy", pool);
    await removeStorage(lab(), pool);
  });

  const make = (format: "raw" | "qcow2", capacityBytes: number) =>
    libvirt.createVolume(
      pool,
      `<volume><name>${volume.name}</name><capacity>${capacityBytes}</capacity><allocation>0</allocation><target><format type='${format}'/></target></volume>`,
    );
  const upload = (pieces: readonly StreamPiece[], offsetBytes?: number) =>
    libvirt.uploadVolume(volume, streamOf(pieces), { lengthBytes: lengthOf(pieces), offsetBytes });

  test("a storage that fills up in mid-upload is an error with libvirt's text", async () => {
    await make("raw", 0);
    const content = randomBytes((poolMiB + 20) * MiB);
    const error = await failure(libvirt.uploadVolume(volume, inMiB(content), { lengthBytes: content.length }));
    expect(error).toBeInstanceOf(HostError);
    expect(error).toMatchObject({ code: hostErrorCodes.systemError });
    expect((error as Error).message).toMatch(/Uploading into the volume image in the pool content-\d+: .*No space left on device/);
  });

  // libvirtd confirms an upload whose last packets found no room; which of them, and whether it notices, is a matter of moments.
  test("a storage that is full with the very last bytes is an error too, never a success with its end missing", async () => {
    const outcomes: string[] = [];
    for (const missingKiB of [4, 40, 100, 150, 200, 260, 300, 400]) {
      await make("raw", 0);
      const { bfree, bsize } = await statfs(folder);
      const content = randomBytes(bfree * bsize + missingKiB * KiB);
      const error = await failure(libvirt.uploadVolume(volume, inMiB(content), { lengthBytes: content.length }));
      expect(error).toMatchObject({ name: "HostError", code: hostErrorCodes.systemError });
      outcomes.push((error as HostError).libvirtMessage);
      await libvirt.deleteVolume(volume);
    }
    for (const outcome of outcomes) expect(outcome).toMatch(/No space left on device|the end of it is not in the volume/);
  });

  test("what just fits is whole", async () => {
    await make("raw", 0);
    const content = randomBytes(poolMiB * MiB * 0.7);
    await libvirt.uploadVolume(volume, inMiB(content), { lengthBytes: content.length });
    expect((await readFile(path())).equals(content)).toBe(true);
  });

  test("holes over what libvirt wrote when it made the volume are zeroes", async () => {
    await make("qcow2", 100 * MiB);
    expect((await readFile(path())).subarray(0, 3).toString()).toBe("QFI");
    const pieces = [{ holeBytes: 5 * MiB }, { data: randomBytes(4096) }, { holeBytes: 3 * MiB }];
    await upload(pieces);
    expect((await readFile(path())).equals(bytesOf(pieces))).toBe(true);
  });

  test("a second upload over the first leaves nothing of it in its holes, and what is behind it", async () => {
    await make("raw", 0);
    const first = randomBytes(4 * MiB);
    await upload([{ data: first }]);
    const pieces = [{ data: randomBytes(10) }, { holeBytes: MiB }, { data: randomBytes(10) }, { holeBytes: MiB }];
    await upload(pieces, 1000);
    const expected = Buffer.concat([first.subarray(0, 1000), bytesOf(pieces), first.subarray(1000 + lengthOf(pieces))]);
    expect((await readFile(path())).equals(expected)).toBe(true);
  });

  test("an image whose beginning is written last, with holes in it, is whole", async () => {
    await make("raw", 0);
    const head = [{ data: randomBytes(4096) }, { holeBytes: 60 * KiB }];
    const rest = [{ holeBytes: MiB }, { data: randomBytes(MiB) }, { holeBytes: MiB }];
    await upload(rest, lengthOf(head));
    await upload(head);
    expect((await readFile(path())).equals(bytesOf([...head, ...rest]))).toBe(true);
  });

  test("a raw volume keeps its size, and its emptiness, when the content is smaller and has holes", async () => {
    await make("raw", 40 * MiB);
    const pieces = [{ data: randomBytes(100) }, { holeBytes: 10 * MiB }];
    await upload(pieces);
    const found = await readFile(path());
    expect(found).toHaveLength(40 * MiB);
    expect(found.subarray(0, lengthOf(pieces)).equals(bytesOf(pieces))).toBe(true);
    expect(Number((await execute("stat", ["-c", "%b", path()])).stdout)).toBeLessThan(64);
  });

  test("a content of another length than announced is refused, and progress never tells more than there is", async () => {
    await make("raw", 40 * MiB);
    const told: number[] = [];
    const options = { lengthBytes: 10, onProgress: (bytes: number) => void told.push(bytes) };
    for (const bytes of [9, 11]) {
      const error = await failure(libvirt.uploadVolume(volume, streamOf([{ data: randomBytes(bytes) }]), options));
      expect(error).toMatchObject({ name: "HostError", code: hostErrorCodes.invalidArgument });
    }
    await libvirt.uploadVolume(volume, streamOf([{ data: randomBytes(10) }]), options);
    expect(Math.max(...told)).toBe(10);
  });

  test("the signal breaks it off, and the volume can be deleted at once", async () => {
    await make("raw", 0);
    const controller = new AbortController();
    const content = randomBytes(40 * MiB);
    const broken = libvirt.uploadVolume(volume, inMiB(content), {
      lengthBytes: content.length,
      signal: controller.signal,
      onProgress: (bytes) => {
        if (bytes >= 5 * MiB) controller.abort();
      },
    });
    expect(await failure(broken)).toBeInstanceOf(CancelledError);
    await libvirt.deleteVolume(volume);
    expect(await libvirt.findVolume(volume)).toBeUndefined();
  });

  test("on a block device, holes are zeroes over what was there", async () => {
    const backing = join(folder, "backing.img");
    const node = join(folder, "device");
    await writeFile(backing, randomBytes(8 * MiB));
    const loop = (await execute("losetup", ["--find", "--show", backing])).stdout.trim();
    try {
      const [major, minor] = (await execute("stat", ["-c", "%Hr %Lr", loop])).stdout.trim().split(" ");
      await execute("mknod", [node, "b", major ?? "", minor ?? ""]);
      await libvirt.refreshPool(pool);
      const device = { pool, name: "device" };
      const pieces = [{ data: randomBytes(MiB) }, { holeBytes: 2 * MiB }, { data: randomBytes(5000) }];
      await libvirt.uploadVolume(device, streamOf(pieces), { lengthBytes: lengthOf(pieces) });
      const whole = await libvirt.readVolume(device, { offsetBytes: 0, lengthBytes: 9 * MiB });
      expect(whole).toHaveLength(8 * MiB);
      expect(whole.subarray(0, lengthOf(pieces)).equals(bytesOf(pieces))).toBe(true);
      await execute("sync", [loop]);
      expect(whole.subarray(lengthOf(pieces)).equals((await readFile(backing)).subarray(lengthOf(pieces)))).toBe(true);
    } finally {
      await execute("losetup", ["--detach", loop]);
      await execute("rm", ["-f", node, backing]);
      await libvirt.refreshPool(pool);
    }
  });
});
