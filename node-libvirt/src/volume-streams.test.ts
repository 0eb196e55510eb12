/** Streams against a fake daemon: what is sent in which order, and every way in which a stream can end. */
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "./connection";
import type { Connection, ConnectOptions } from "./connection";
import { messageStatuses, messageTypes } from "./frames";
import type { Message } from "./frames";
import type { StreamPiece } from "./rpc-stream";
import { errorPayload, FakeDaemon } from "./testing/fake-daemon";
import type { FakeBehaviour, FakeCall, FakeClient } from "./testing/fake-daemon";
import { failure, until } from "./testing/wait";
import type { UploadOptions } from "./volume-streams";

const KiB = 1024;
const MiB = 1024 * KiB;
const vol = { pool: "p", name: "v", key: "/p/v" };
const noSpace = { code: 38, message: "Unable to write /p/v: No space left on device" };

let daemon: FakeDaemon;
let conn: Connection;

async function begin(behaviour: FakeBehaviour, options: ConnectOptions = {}): Promise<void> {
  daemon = await FakeDaemon.start(behaviour);
  conn = await connect({ uri: daemon.uri, timeoutMs: 5_000, ...options });
}

afterEach(async () => {
  await conn.close();
  await daemon.stop();
});

/** A daemon with one volume in memory, as libvirtd behaves when all goes well. */
class Disk {
  bytes = Buffer.alloc(0);
  /** Told before a packet is dealt with; true when the test has done so itself. */
  intercept: (packet: Message, client: FakeClient) => boolean = () => false;

  readonly behaviour: FakeBehaviour = {
    onCall: (call) => this.#answer(call),
    onPacket: (packet, client) => {
      if (!this.intercept(packet, client)) this.#take(packet, client);
    },
  };

  #answer(call: FakeCall): boolean {
    if (call.name !== "storageVolUpload" && call.name !== "storageVolDownload") return false;
    call.reply(call.name, {});
    if (call.name === "storageVolDownload") this.#sendRange(call);
    return true;
  }

  #sendRange({ message, client }: FakeCall): void {
    const argsEnd = message.payload.length - 4;
    const length = Number(message.payload.readBigUInt64BE(argsEnd - 8));
    const offset = Number(message.payload.readBigUInt64BE(argsEnd - 16));
    const wanted = this.bytes.subarray(offset, length === 0 ? undefined : offset + length);
    for (let at = 0; at < wanted.length; at += 256_000) client.sendPacket({ payload: wanted.subarray(at, at + 256_000) });
    client.sendPacket({});
  }

  #take({ type, status, payload }: Message, client: FakeClient): void {
    if (type === messageTypes.streamHole) this.bytes = Buffer.concat([this.bytes, Buffer.alloc(Number(payload.readBigInt64BE(0)))]);
    else if (status === messageStatuses.continue) this.bytes = Buffer.concat([this.bytes, payload]);
    else client.sendPacket({ status: messageStatuses.ok });
  }
}

async function* pieces(...all: StreamPiece[]): AsyncGenerator<StreamPiece> {
  for (const piece of all) yield await Promise.resolve(piece);
}

const data = (bytes: number, fill = 7) => ({ data: Buffer.alloc(bytes, fill) });
const upload = (content: AsyncIterable<StreamPiece>, options: UploadOptions) => conn.upload(vol, content, options);
const packets = () => daemon.clients.flatMap((client) => client.packets);
const sentData = () => packets().filter(({ type, status }) => type === messageTypes.stream && status === messageStatuses.continue);
const isData = ({ type, status }: Message) => type === messageTypes.stream && status === messageStatuses.continue;
const isEnd = ({ type, status }: Message) => type === messageTypes.stream && status === messageStatuses.ok;
const aborts = () => packets().filter(({ type, status }) => type === messageTypes.stream && status === messageStatuses.error);

describe("an upload", () => {
  test("sends packets of at most 262120 bytes, then the end, and is over when the daemon says so", async () => {
    const disk = new Disk();
    await begin(disk.behaviour);
    const progress: number[] = [];
    const content = Buffer.alloc(MiB, "0123456789");
    await upload(pieces({ data: content.subarray(0, 700_000) }, { data: content.subarray(700_000) }), {
      lengthBytes: MiB,
      onProgress: (doneBytes) => progress.push(doneBytes),
    });
    expect(disk.bytes.equals(content)).toBe(true);
    expect(progress).toEqual([700_000, MiB]);
    expect(sentData().map(({ payload }) => payload.length)).toEqual([262_120, 262_120, 175_760, 262_120, 86_456]);
    const [call] = daemon.calls.filter(({ name }) => name === "storageVolUpload");
    const { serial } = call!.message;
    expect(call!.client.packets.filter((packet) => packet.serial !== serial || packet.procedure !== 208)).toHaveLength(0);
  });

  test("has a socket of its own, which is closed afterwards", async () => {
    await begin(new Disk().behaviour);
    await upload(pieces(data(KiB)), { lengthBytes: KiB });
    // The lane of connectGetLibVersion, the upload, and the reading of its end.
    expect(daemon.clients).toHaveLength(3);
    await until(() => daemon.clients.slice(1).every(({ stream }) => stream.destroyed));
    expect(daemon.clients[0]!.stream.destroyed).toBe(false);
  });

  test("sends holes as packets of at most 8 MiB when it is sparse", async () => {
    const disk = new Disk();
    await begin(disk.behaviour);
    await upload(pieces({ holeBytes: 17 * MiB }, data(5)), { lengthBytes: 17 * MiB + 5, sparse: true });
    const holes = packets().filter(({ type }) => type === messageTypes.streamHole);
    expect(holes.map(({ payload }) => Number(payload.readBigInt64BE(0)))).toEqual([8 * MiB, 8 * MiB, MiB]);
    expect(disk.bytes).toHaveLength(17 * MiB + 5);
  });

  test("sends holes as zeroes when it is not", async () => {
    const disk = new Disk();
    await begin(disk.behaviour);
    await upload(pieces(data(3), { holeBytes: 600_000 }), { lengthBytes: 600_003 });
    expect(disk.bytes.equals(Buffer.concat([Buffer.alloc(3, 7), Buffer.alloc(600_000)]))).toBe(true);
  });

  test("of nothing is confirmed like any other", async () => {
    await begin(new Disk().behaviour);
    await upload(pieces(), { lengthBytes: 0 });
    expect(packets()).toHaveLength(1);
  });

  test("a piece may be overwritten when the next one is asked for", async () => {
    const disk = new Disk();
    await begin(disk.behaviour);
    async function* reusing(): AsyncGenerator<StreamPiece> {
      const buffer = Buffer.alloc(MiB);
      for (let turn = 1; turn <= 8; turn++) {
        buffer.fill(turn);
        yield await Promise.resolve({ data: buffer });
        buffer.fill(0xee);
      }
    }
    await upload(reusing(), { lengthBytes: 8 * MiB });
    for (let turn = 1; turn <= 8; turn++) {
      expect(disk.bytes.subarray((turn - 1) * MiB, turn * MiB).equals(Buffer.alloc(MiB, turn))).toBe(true);
    }
  });

  test("asks for no more content than the daemon takes", async () => {
    const disk = new Disk();
    await begin(disk.behaviour);
    let asked = 0;
    async function* content(): AsyncGenerator<StreamPiece> {
      for (; asked < 16; asked++) yield await Promise.resolve(data(MiB));
    }
    disk.intercept = (_, client) => {
      if (client.packets.length === 1) client.stream.pause();
      return false;
    };
    const uploaded = upload(content(), { lengthBytes: 16 * MiB });
    await until(() => packets().length > 0);
    await sleep(100);
    const askedWhileStuck = asked;
    daemon.clients[1]!.stream.resume();
    await uploaded;
    expect(askedWhileStuck).toBeLessThan(4);
    expect(disk.bytes).toHaveLength(16 * MiB);
  });
});

describe("an upload fails", () => {
  const endless = async function* (): AsyncGenerator<StreamPiece> {
    for (;;) yield await Promise.resolve(data(64 * KiB));
  };

  test.each([
    { type: messageTypes.stream, because: "a write failed" },
    { type: messageTypes.reply, because: "a hole failed, which libvirtd answers as a call" },
  ])("in mid-stream with the daemon's code and text, and nothing is sent after it: $because", async ({ type }) => {
    const disk = new Disk();
    await begin(disk.behaviour);
    disk.intercept = (packet, client) => {
      if (client.packets.filter(isData).length === 5)
        client.sendPacket({ type, status: messageStatuses.error, payload: errorPayload(noSpace) });
      return isData(packet);
    };
    let isReturned = false;
    async function* content(): AsyncGenerator<StreamPiece> {
      try {
        yield* endless();
      } finally {
        isReturned = true;
      }
    }
    const error = await failure(upload(content(), { lengthBytes: 1024 * MiB }));
    expect(error).toMatchObject({ name: "LibvirtError", procedure: "storageVolUpload", ...noSpace });
    expect(isReturned).toBe(true);
    const sent = packets().length;
    await sleep(30);
    expect(packets()).toHaveLength(sent);
    expect(aborts()).toHaveLength(0);
    await conn.call("connectGetLibVersion");
  });

  test("at once, while the content is still waited for", async () => {
    const disk = new Disk();
    await begin(disk.behaviour);
    disk.intercept = (packet, client) => {
      if (isData(packet)) client.sendPacket({ status: messageStatuses.error, payload: errorPayload(noSpace) });
      return isData(packet);
    };
    async function* content(): AsyncGenerator<StreamPiece> {
      yield data(1);
      await new Promise(() => undefined);
    }
    expect(await failure(upload(content(), { lengthBytes: 2 }))).toMatchObject(noSpace);
  });

  test("when the daemon answers the end with an error", async () => {
    const disk = new Disk();
    await begin(disk.behaviour);
    disk.intercept = (packet, client) => {
      if (isEnd(packet)) client.sendPacket({ status: messageStatuses.error, payload: errorPayload(noSpace) });
      return isEnd(packet);
    };
    expect(await failure(upload(pieces(data(10)), { lengthBytes: 10 }))).toMatchObject(noSpace);
  });

  test("when the daemon does not open the stream, without a word to a stream that is not", async () => {
    const onCall = (call: FakeCall) => {
      if (call.name === "storageVolUpload") call.replyError({ code: 55, message: "volume 'v' is still in use." });
      return call.name === "storageVolUpload";
    };
    await begin({ onCall });
    const startedMs = performance.now();
    expect(await failure(upload(pieces(data(1)), { lengthBytes: 1 }))).toMatchObject({ code: 55, message: "volume 'v' is still in use." });
    expect(performance.now() - startedMs).toBeLessThan(500);
    expect(packets()).toHaveLength(0);
  });

  test.each([
    { lost: (disk: Disk) => (disk.bytes = disk.bytes.subarray(0, -1)), because: "the volume ends too early" },
    { lost: (disk: Disk) => disk.bytes.fill(0, disk.bytes.length - 100), because: "there are zeroes where data was sent" },
    { lost: (disk: Disk) => disk.bytes.fill(1, 300_000, 300_001), because: "a byte some packets before the end is another" },
  ])("although the daemon confirmed it, because $because", async ({ lost }) => {
    const disk = new Disk();
    await begin(disk.behaviour);
    disk.intercept = (packet) => {
      if (isEnd(packet) && disk.bytes.length > 0) lost(disk);
      return false;
    };
    const error = await failure(upload(pieces(data(MiB), { holeBytes: 50 }, data(MiB)), { lengthBytes: 2 * MiB + 50, sparse: true }));
    expect(error).toMatchObject({ name: "LibvirtUploadError", reason: "lost" });
  });

  test.each([
    { content: () => pieces(data(10), data(11)), says: /20 bytes were announced, and the content has more/, because: "it is too long" },
    { content: () => pieces(data(10), data(9)), says: /20 bytes were announced, and the content has only 19/, because: "it is too short" },
  ])("when the content is not as announced: $because; the daemon is told to give up", async ({ content, says }) => {
    await begin(new Disk().behaviour);
    const error = await failure(upload(content(), { lengthBytes: 20 }));
    expect(error).toMatchObject({ name: "LibvirtUploadError", reason: "length" });
    expect((error as Error).message).toMatch(says);
    expect(aborts()).toHaveLength(1);
  });

  test("with the content's own error, and the daemon is told to give up", async () => {
    await begin(new Disk().behaviour);
    async function* content(): AsyncGenerator<StreamPiece> {
      yield await Promise.resolve(data(1));
      throw new RangeError("the source broke");
    }
    expect(await failure(upload(content(), { lengthBytes: 2 }))).toMatchObject({ name: "RangeError", message: "the source broke" });
    expect(aborts()).toHaveLength(1);
  });

  test("with the signal's reason, when the daemon has given up too", async () => {
    const disk = new Disk();
    await begin(disk.behaviour);
    const controller = new AbortController();
    const reason = new Error("not wanted any more");
    let confirmedMs = 0;
    disk.intercept = (packet, client) => {
      if (packet.status !== messageStatuses.error) return false;
      setTimeout(() => {
        confirmedMs = performance.now();
        client.sendPacket({ status: messageStatuses.ok });
      }, 50);
      return true;
    };
    const uploaded = failure(upload(endless(), { lengthBytes: 1024 * MiB, signal: controller.signal }));
    await until(() => sentData().length > 10);
    controller.abort(reason);
    expect(await uploaded).toBe(reason);
    expect(performance.now()).toBeGreaterThanOrEqual(confirmedMs);
    expect(confirmedMs).toBeGreaterThan(0);
    expect(packets().at(-1)).toMatchObject({ status: messageStatuses.error });
    await conn.call("connectGetLibVersion");
  });

  test("with the signal's reason before anything was sent", async () => {
    await begin(new Disk().behaviour);
    const reason = new Error("too late");
    expect(await failure(upload(endless(), { lengthBytes: 1, signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(daemon.calls.some(({ name }) => name === "storageVolUpload")).toBe(false);
  });

  test("when the connection is lost", async () => {
    await begin(new Disk().behaviour);
    const uploaded = failure(upload(endless(), { lengthBytes: 1024 * MiB }));
    await until(() => sentData().length > 5);
    daemon.clients[1]!.stream.destroy();
    expect(await uploaded).toMatchObject({ name: "LibvirtConnectionError", reason: "closed", requestSent: true });
    await conn.call("connectGetLibVersion");
  });

  test("when the connection is closed by close(), which does not wait for a frozen daemon", async () => {
    const disk = new Disk();
    await begin(disk.behaviour);
    disk.intercept = () => true;
    const uploaded = failure(upload(endless(), { lengthBytes: 1024 * MiB }));
    await until(() => sentData().length > 5);
    const startedMs = performance.now();
    await conn.close();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(await uploaded).toMatchObject({ name: "LibvirtConnectionError", reason: "closed" });
    expect(await failure(upload(endless(), { lengthBytes: 1 }))).toMatchObject({ reason: "closed" });
  });

  test.each([
    { stuck: isEnd, because: "the end is never confirmed" },
    { stuck: isData, because: "no packet is taken" },
  ])("when the daemon does nothing for idleTimeoutMs: $because", async ({ stuck }) => {
    const disk = new Disk();
    await begin(disk.behaviour);
    disk.intercept = (packet, client) => {
      if (!stuck(packet)) return false;
      client.stream.pause();
      return true;
    };
    const error = await failure(upload(pieces(data(4 * MiB)), { lengthBytes: 4 * MiB, idleTimeoutMs: 200 }));
    expect(error).toMatchObject({ name: "LibvirtTimeoutError", procedure: "storageVolUpload", timeoutMs: 200 });
  });

  test("not while the content takes its time", async () => {
    await begin(new Disk().behaviour);
    async function* slow(): AsyncGenerator<StreamPiece> {
      yield data(1);
      await sleep(300);
      yield data(1);
    }
    await upload(slow(), { lengthBytes: 2, idleTimeoutMs: 100 });
  });

  test("when the daemon says that it is over before its time", async () => {
    const disk = new Disk();
    await begin(disk.behaviour);
    disk.intercept = (packet, client) => {
      if (isData(packet)) client.sendPacket({ status: messageStatuses.ok });
      return true;
    };
    expect(await failure(upload(endless(), { lengthBytes: MiB }))).toMatchObject({ name: "LibvirtConnectionError", reason: "protocol" });
  });

  test("not for pings that are answered late, as long as the daemon takes what is sent", async () => {
    const disk = new Disk();
    await begin(disk.behaviour, { keepAlive: { intervalMs: 30, count: 1 } });
    async function* steady(): AsyncGenerator<StreamPiece> {
      for (let turn = 0; turn < 20; turn++) {
        await sleep(15);
        yield data(1);
      }
    }
    // The fake answers no ping at all.
    await upload(steady(), { lengthBytes: 20 });
  });
});

describe("a download", () => {
  async function* contentOf(): AsyncGenerator<number> {
    for await (const piece of conn.download(vol)) yield "data" in piece ? piece.data.length : piece.holeBytes;
  }

  async function collected(options?: Parameters<Connection["download"]>[1]): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const piece of conn.download(vol, options)) chunks.push("data" in piece ? piece.data : Buffer.alloc(piece.holeBytes));
    return Buffer.concat(chunks);
  }

  test("gives what the daemon sends, says the end, and waits for its confirmation", async () => {
    const disk = new Disk();
    disk.bytes = Buffer.alloc(3 * MiB, "abcdefg");
    await begin(disk.behaviour);
    expect((await collected()).equals(disk.bytes)).toBe(true);
    expect((await collected({ offsetBytes: 10, lengthBytes: 5 })).equals(disk.bytes.subarray(10, 15))).toBe(true);
    expect(packets().map(({ status }) => status)).toEqual([messageStatuses.ok, messageStatuses.ok]);
    await until(() => daemon.clients.slice(1).every(({ stream }) => stream.destroyed));
  });

  test("gives holes as holes", async () => {
    const hole = Buffer.alloc(12);
    hole.writeBigInt64BE(5_000_000_000n, 0);
    const onCall = (call: FakeCall) => {
      if (call.name !== "storageVolDownload") return false;
      call.reply(call.name, {});
      call.client.sendPacket({ payload: Buffer.alloc(3, 1) });
      call.client.sendPacket({ type: messageTypes.streamHole, payload: hole });
      call.client.sendPacket({});
      return true;
    };
    await begin({ onCall, onPacket: (_, client) => client.sendPacket({ status: messageStatuses.ok }) });
    const found: StreamPiece[] = [];
    for await (const piece of conn.download(vol, { sparse: true })) found.push(piece);
    expect(found).toEqual([{ data: Buffer.alloc(3, 1) }, { holeBytes: 5_000_000_000 }]);
  });

  test("of no bytes asks nobody", async () => {
    await begin({});
    expect(await collected({ lengthBytes: 0 })).toHaveLength(0);
    expect(daemon.clients).toHaveLength(1);
  });

  test("that is left early tells the daemon to give up", async () => {
    const disk = new Disk();
    disk.bytes = Buffer.alloc(8 * MiB);
    await begin(disk.behaviour);
    for await (const bytes of contentOf()) if (bytes > 0) break;
    expect(aborts()).toHaveLength(1);
    await until(() => daemon.clients[1]!.stream.destroyed);
  });

  test("makes the daemon wait for a slow reader, and keepalive does not take that for death", async () => {
    const disk = new Disk();
    disk.bytes = Buffer.alloc(32 * MiB, 5);
    await begin(disk.behaviour, { keepAlive: { intervalMs: 20, count: 1 } });
    let received = 0;
    for await (const bytes of contentOf()) {
      received += bytes;
      if (received === bytes) {
        await sleep(200);
        expect(daemon.clients[1]!.stream.writableLength).toBeGreaterThan(16 * MiB);
      }
    }
    expect(received).toBe(32 * MiB);
  });

  test.each([
    {
      fail: (client: FakeClient) =>
        client.sendPacket({ status: messageStatuses.error, payload: errorPayload({ message: "Unable to read /p/v" }) }),
      error: { name: "LibvirtError", message: "Unable to read /p/v", procedure: "storageVolDownload" },
      because: "the daemon cannot read on",
    },
    {
      fail: (client: FakeClient) => void client.stream.destroy(),
      error: { name: "LibvirtConnectionError", reason: "closed" },
      because: "the connection is lost",
    },
    {
      fail: (client: FakeClient) => client.sendPacket({ status: messageStatuses.ok }),
      error: { name: "LibvirtConnectionError", reason: "protocol" },
      because: "the daemon confirms what was not asked",
    },
    {
      fail: (client: FakeClient) => client.sendPacket({ type: messageTypes.streamHole, payload: Buffer.alloc(3) }),
      error: { name: "LibvirtConnectionError", reason: "protocol" },
      because: "a hole makes no sense",
    },
    {
      fail: (client: FakeClient) => client.sendPacket({ status: 9 }),
      error: { name: "LibvirtConnectionError", reason: "protocol" },
      because: "a status is unknown",
    },
  ])("fails in mid-stream, because $because", async ({ fail, error }) => {
    const onCall = (call: FakeCall) => {
      if (call.name !== "storageVolDownload") return false;
      call.reply(call.name, {});
      call.client.sendPacket({ payload: Buffer.alloc(3, 1) });
      setTimeout(() => fail(call.client), 20);
      return true;
    };
    await begin({ onCall });
    expect(await failure(collected())).toMatchObject(error);
    await conn.call("connectGetLibVersion");
  });

  test("does not ask for the daemon's pings, which a slow reader could not answer; an upload does", async () => {
    const disk = new Disk();
    await begin(disk.behaviour);
    await upload(pieces(data(1)), { lengthBytes: 1 });
    const asks = daemon.clients.map(({ calls }) => calls.some(({ name }) => name === "connectSupportsFeature"));
    expect(asks).toEqual([true, true, false]);
  });
});
