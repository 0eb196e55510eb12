/** Uploads and downloads against a real daemon: every byte, holes, giving up, and many things at a time. */
import { createHash, randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { connect } from "./connection";
import type { Connection } from "./connection";
import { errorCodes } from "./error-codes";
import type { StreamPiece } from "./rpc-stream";
import { describeWithLibvirtd, PrivateDaemon } from "./testing/private-daemon";
import { failure } from "./testing/wait";
import type { StorageVol } from "./wire-types";

const startMs = 30_000;
const KiB = 1024;
const MiB = 1024 * KiB;
const blockBytes = 512;

async function* inSteps(content: Buffer, stepBytes: number): AsyncGenerator<StreamPiece> {
  for (let at = 0; at < content.length; at += stepBytes) yield await Promise.resolve({ data: content.subarray(at, at + stepBytes) });
}

async function* pieces(...all: StreamPiece[]): AsyncGenerator<StreamPiece> {
  for (const piece of all) yield await Promise.resolve(piece);
}

async function* endless(): AsyncGenerator<StreamPiece> {
  const data = Buffer.alloc(MiB, 9);
  for (;;) yield await Promise.resolve({ data });
}

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

describeWithLibvirtd("streams of a real daemon", () => {
  let daemon: PrivateDaemon;
  let conn: Connection;
  let target: string;
  const made: StorageVol[] = [];

  beforeAll(async () => {
    daemon = await PrivateDaemon.start();
    target = `${daemon.folder}/images`;
    conn = await connect({ uri: daemon.uri("qemu:///session"), timeoutMs: startMs });
    const xml = `<pool type='dir'><name>streams</name><target><path>${target}</path></target></pool>`;
    await conn.call("storagePoolCreateXml", { xml, flags: 0 });
  }, startMs);
  afterEach(async () => {
    for (const vol of made.splice(0)) await conn.call("storageVolDelete", { vol, flags: 0 });
  });
  afterAll(async () => {
    await conn.close();
    await daemon.stop();
  });

  async function makeVolume(name: string, capacityBytes: number): Promise<StorageVol> {
    const { pool } = await conn.call("storagePoolLookupByName", { name: "streams" });
    const xml = `<volume><name>${name}</name><capacity>${capacityBytes}</capacity><allocation>0</allocation></volume>`;
    const { vol } = await conn.call("storageVolCreateXml", { pool, xml, flags: 0 });
    made.push(vol);
    return vol;
  }

  async function read(vol: StorageVol, options?: Parameters<Connection["download"]>[1]): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const piece of conn.download(vol, options)) chunks.push("data" in piece ? piece.data : Buffer.alloc(piece.holeBytes));
    return Buffer.concat(chunks);
  }

  test.each([
    { bytes: 9 * MiB + 123, stepBytes: MiB, because: "pieces are larger than a packet" },
    { bytes: MiB, stepBytes: 262_120, because: "pieces are as large as a packet" },
    { bytes: 300_001, stepBytes: 1_001, because: "pieces are small and odd" },
    { bytes: 1, stepBytes: 1, because: "there is but one byte" },
  ])("$bytes bytes come back as they went: $because", async ({ bytes, stepBytes }) => {
    const content = randomBytes(bytes);
    const vol = await makeVolume("full.raw", 0);
    await conn.upload(vol, inSteps(content, stepBytes), { lengthBytes: bytes });
    expect(sha256(await read(vol))).toBe(sha256(content));
    expect(sha256(await read(vol, { sparse: true }))).toBe(sha256(content));
    expect(statSync(vol.key).size).toBe(bytes);
  });

  test("a part is written and read where it belongs", async () => {
    const content = randomBytes(2 * MiB);
    const vol = await makeVolume("part.raw", 4 * MiB);
    await conn.upload(vol, inSteps(content, MiB), { lengthBytes: content.length, offsetBytes: MiB });
    expect((await read(vol, { offsetBytes: MiB, lengthBytes: 2 * MiB })).equals(content)).toBe(true);
    expect(
      (await read(vol, { offsetBytes: MiB - 1, lengthBytes: 2 })).equals(Buffer.concat([Buffer.alloc(1), content.subarray(0, 1)])),
    ).toBe(true);
    expect(await read(vol)).toHaveLength(4 * MiB);
  });

  test("holes take no room in the volume, and come back as holes", async () => {
    const gib = 1024 * MiB;
    const data = randomBytes(256 * KiB);
    const lengthBytes = 3 * gib;
    const vol = await makeVolume("holes.raw", 0);
    const holeBytes = gib - data.length;
    await conn.upload(vol, pieces({ data }, { holeBytes }, { data }, { holeBytes }, { data }, { holeBytes }), {
      lengthBytes,
      sparse: true,
    });
    const { size, blocks } = statSync(vol.key);
    expect(size).toBe(lengthBytes);
    expect(blocks * blockBytes).toBeLessThan(2 * MiB);
    const { allocation } = await conn.call("storageVolGetInfo", { vol });
    expect(Number(allocation)).toBeLessThan(2 * MiB);
    let at = 0;
    const found = createHash("sha256");
    for await (const piece of conn.download(vol, { sparse: true })) {
      if ("data" in piece) found.update(piece.data);
      at += "data" in piece ? piece.data.length : piece.holeBytes;
    }
    expect(at).toBe(lengthBytes);
    expect(found.digest("hex")).toBe(sha256(Buffer.concat([data, data, data])));
  });

  test("an upload that is given up lets go of the volume at once, and the connection is as good as before", async () => {
    const vol = await makeVolume("abort.raw", 0);
    const controller = new AbortController();
    const reason = new Error("not wanted any more");
    const uploaded = conn.upload(vol, endless(), {
      lengthBytes: 1024 * MiB,
      signal: controller.signal,
      onProgress: (doneBytes) => doneBytes >= 20 * MiB && controller.abort(reason),
    });
    expect(await failure(uploaded)).toBe(reason);
    await conn.upload(vol, pieces({ data: Buffer.from("again") }), { lengthBytes: 5 });
    expect((await read(vol, { lengthBytes: 5 })).toString()).toBe("again");
    await conn.call("connectGetHostname");
  });

  test("a download that is left early lets the next one be whole", async () => {
    const content = randomBytes(4 * MiB);
    const vol = await makeVolume("left.raw", 0);
    await conn.upload(vol, inSteps(content, MiB), { lengthBytes: content.length });
    for await (const piece of conn.download(vol)) if ("data" in piece) break;
    expect((await read(vol)).equals(content)).toBe(true);
  });

  test("two uploads and a download hold up neither each other nor a hundred calls", async () => {
    const content = randomBytes(16 * MiB);
    const [one, other, third] = [await makeVolume("one.raw", 0), await makeVolume("other.raw", 0), await makeVolume("third.raw", 0)];
    await conn.upload(third, inSteps(content, MiB), { lengthBytes: content.length });
    const uploads = [one, other].map((vol) => conn.upload(vol, inSteps(content, MiB), { lengthBytes: content.length }));
    const calls = Array.from({ length: 100 }, () => conn.call("storageVolGetPath", { vol: one }));
    const [downloaded, paths] = await Promise.all([read(third), Promise.all(calls), ...uploads]);
    expect(paths).toHaveLength(100);
    for (const found of [downloaded, await read(one), await read(other)]) expect(sha256(found)).toBe(sha256(content));
  });

  test("the daemon's refusal comes through", async () => {
    const vol = { pool: "streams", name: "missing.raw", key: `${target}/missing.raw` };
    const error = await failure(conn.upload(vol, endless(), { lengthBytes: MiB }));
    expect(error).toMatchObject({ name: "LibvirtError", code: errorCodes.NO_STORAGE_VOL, procedure: "storageVolUpload" });
    expect(await failure(read(vol))).toMatchObject({ code: errorCodes.NO_STORAGE_VOL, procedure: "storageVolDownload" });
  });

  test("a daemon that dies in mid-upload is a lost connection", async () => {
    const vol = await makeVolume("dead.raw", 0);
    const uploaded = conn.upload(vol, endless(), {
      lengthBytes: 100 * 1024 * MiB,
      onProgress: (doneBytes) => doneBytes === 20 * MiB && void daemon.kill(),
    });
    expect(await failure(uploaded)).toMatchObject({ name: "LibvirtConnectionError", reason: "closed", requestSent: true });
    made.length = 0;
    await daemon.restart();
  });
});
