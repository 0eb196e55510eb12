/** Calls, lanes, limits, losses and keepalive, against a fake daemon on a real unix socket. */
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "./connection";
import type { Connection, ConnectOptions } from "./connection";
import { LibvirtArgumentError, LibvirtConnectionError, LibvirtError, LibvirtTimeoutError } from "./errors";
import { FakeDaemon } from "./testing/fake-daemon";
import type { FakeBehaviour, FakeCall } from "./testing/fake-daemon";
import { failure, until } from "./testing/wait";

let daemon: FakeDaemon;
let conn: Connection;

async function begin(behaviour: FakeBehaviour = {}, options: ConnectOptions = {}): Promise<void> {
  daemon = await FakeDaemon.start(behaviour);
  conn = await connect({ uri: daemon.uri, timeoutMs: 5_000, ...options });
}

afterEach(async () => {
  await conn.close();
  await daemon.stop();
});

const dom = { name: "vm", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: -1 };
const named = (name: string) => (call: FakeCall) => call.name === name;
const held = (name: string): FakeBehaviour => ({ onCall: named(name) });
const arrived = (name: string) => daemon.calls.filter(named(name));

describe("calls", () => {
  test("a result comes back typed", async () => {
    await begin();
    await expect(conn.call("connectGetLibVersion")).resolves.toEqual({ libVer: 9_000_000n });
  });

  test("libvirt's error keeps its code, domain, level and text", async () => {
    await begin({
      onCall: (call) => {
        if (call.name !== "domainLookupByName") return false;
        call.replyError({ code: 42, domain: 10, level: 2, message: "Domain not found: no domain with matching name 'x'" });
        return true;
      },
    });
    const error = await failure(conn.call("domainLookupByName", { name: "x" }));
    expect(error).toBeInstanceOf(LibvirtError);
    expect(error).toMatchObject({
      code: 42,
      codeName: "NO_DOMAIN",
      domain: 10,
      level: 2,
      procedure: "domainLookupByName",
      message: "Domain not found: no domain with matching name 'x'",
    });
  });

  test("at most 4 are in flight on a lane, the rest follow as answers come", async () => {
    await begin(held("domainLookupById"));
    const results = Promise.all(Array.from({ length: 10 }, (_, id) => conn.call("domainLookupById", { id })));
    await until(() => arrived("domainLookupById").length === 4);
    await sleep(30);
    expect(arrived("domainLookupById")).toHaveLength(4);
    for (let answered = 0; answered < 10; answered++) {
      await until(() => arrived("domainLookupById").length > answered);
      expect(arrived("domainLookupById").length - answered).toBeLessThanOrEqual(4);
      arrived("domainLookupById")[answered]!.reply("domainLookupById", { dom: { ...dom, id: answered } });
    }
    expect((await results).map((result) => result.dom.id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test("answers in any order reach the calls they belong to", async () => {
    await begin(held("domainLookupById"));
    const results = Promise.all([1, 2, 3, 4].map((id) => conn.call("domainLookupById", { id })));
    await until(() => arrived("domainLookupById").length === 4);
    const calls = arrived("domainLookupById");
    for (const call of [...calls].reverse()) call.reply("domainLookupById", { dom: { ...dom, id: calls.indexOf(call) + 1 } });
    expect((await results).map((result) => result.dom.id)).toEqual([1, 2, 3, 4]);
  });

  test("a slow call holds up neither reads nor fast changes: each lane has its own socket", async () => {
    await begin(held("storageVolCreateXml"));
    const vol = { pool: "p", name: "v", key: "k" };
    const pool = { name: "p", uuid: dom.uuid };
    const slow = Promise.all([1, 2, 3, 4].map(() => conn.call("storageVolCreateXml", { pool, xml: "<volume/>", flags: 0 })));
    await until(() => arrived("storageVolCreateXml").length === 4);
    await conn.call("connectGetLibVersion");
    await conn.call("connectGetLibVersion", {}, { lane: "fast" });
    expect(daemon.clients).toHaveLength(3);
    for (const call of arrived("storageVolCreateXml")) call.reply("storageVolCreateXml", { vol });
    await expect(slow).resolves.toHaveLength(4);
  });

  test("lanes open when first used", async () => {
    await begin();
    await conn.call("connectGetLibVersion");
    expect(daemon.clients).toHaveLength(1);
  });

  test("what libvirt would not take is refused here, and nothing is sent", async () => {
    await begin();
    const error = await failure(conn.call("domainDefineXmlFlags", { xml: "x".repeat(4.1 * 1024 * 1024), flags: 0 }));
    expect(error).toBeInstanceOf(LibvirtArgumentError);
    expect((error as Error).message).toMatch(/domainDefineXmlFlags: xml: .*4194304/);
    expect(arrived("domainDefineXmlFlags")).toHaveLength(0);
  });
});

describe("giving up", () => {
  test("a call times out as set, and says that the daemon may still be at it", async () => {
    await begin(held("domainCreateWithFlags"));
    const startedMs = performance.now();
    const error = await failure(conn.call("domainCreateWithFlags", { dom, flags: 0 }, { timeoutMs: 60 }));
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(55);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(error).toBeInstanceOf(LibvirtTimeoutError);
    expect(error).toMatchObject({ procedure: "domainCreateWithFlags", timeoutMs: 60, requestSent: true });
  });

  test("a timed-out call keeps its place until the daemon answers, so that there are never 5 in flight", async () => {
    await begin(held("domainLookupById"));
    const first = failure(conn.call("domainLookupById", { id: 1 }, { timeoutMs: 30 }));
    const others = [2, 3, 4, 5].map((id) => failure(conn.call("domainLookupById", { id })));
    await first;
    await sleep(30);
    expect(arrived("domainLookupById")).toHaveLength(4);
    arrived("domainLookupById")[0]!.reply("domainLookupById", { dom });
    await until(() => arrived("domainLookupById").length === 5);
    await conn.close();
    await Promise.all(others);
  });

  test("a queued call that times out is never sent", async () => {
    await begin(held("domainLookupById"));
    const busy = [1, 2, 3, 4].map((id) => failure(conn.call("domainLookupById", { id })));
    const error = await failure(conn.call("domainLookupById", { id: 5 }, { timeoutMs: 30 }));
    expect(error).toMatchObject({ name: "LibvirtTimeoutError", requestSent: false });
    for (const call of arrived("domainLookupById")) call.reply("domainLookupById", { dom });
    await Promise.all(busy);
    await conn.call("connectGetLibVersion");
    expect(arrived("domainLookupById")).toHaveLength(4);
  });

  test("a connection whose every place is taken by unanswered calls is replaced", async () => {
    await begin(held("domainLookupById"));
    await Promise.all([1, 2, 3, 4].map((id) => failure(conn.call("domainLookupById", { id }, { timeoutMs: 20 }))));
    await conn.call("connectGetLibVersion");
    expect(daemon.clients).toHaveLength(2);
  });

  test("an abort rejects with the signal's reason, sent or not", async () => {
    await begin(held("domainLookupById"));
    const controller = new AbortController();
    const reason = new Error("the user pressed Ctrl-C");
    const calls = [1, 2, 3, 4, 5].map((id) => failure(conn.call("domainLookupById", { id }, { signal: controller.signal })));
    await until(() => arrived("domainLookupById").length === 4);
    controller.abort(reason);
    expect(await Promise.all(calls)).toEqual([reason, reason, reason, reason, reason]);
    expect(await failure(conn.call("connectGetLibVersion", {}, { signal: controller.signal }))).toBe(reason);
  });

  test("connecting to a daemon that never answers times out as set", async () => {
    await begin();
    const silent = await FakeDaemon.start({ onCall: () => true });
    const error = await failure(connect({ uri: silent.uri, timeoutMs: 50 }));
    expect(error).toMatchObject({ name: "LibvirtTimeoutError", procedure: "connect", timeoutMs: 50 });
    await until(() => silent.clients.every(({ stream }) => stream.destroyed));
    await silent.stop();
  });

  test("connecting can be aborted", async () => {
    await begin();
    const silent = await FakeDaemon.start({ onCall: () => true });
    const reason = new Error("enough");
    const error = await failure(connect({ uri: silent.uri, signal: AbortSignal.any([AbortSignal.timeout(30)]) }));
    expect(error).toMatchObject({ name: "TimeoutError" });
    expect(await failure(connect({ uri: silent.uri, signal: AbortSignal.abort(reason) }))).toBe(reason);
    await silent.stop();
  });
});

describe("losing the connection", () => {
  test("calls in flight reject at once, each naming itself; the next call connects again", async () => {
    await begin(held("domainLookupById"));
    const calls = [1, 2, 3].map((id) => failure(conn.call("domainLookupById", { id })));
    await until(() => arrived("domainLookupById").length === 3);
    const startedMs = performance.now();
    await daemon.die();
    for (const error of await Promise.all(calls)) {
      expect(error).toBeInstanceOf(LibvirtConnectionError);
      expect(error).toMatchObject({ reason: "closed", requestSent: true });
      expect((error as Error).message).toMatch(/^domainLookupById: /);
    }
    expect(performance.now() - startedMs).toBeLessThan(500);
    expect(await failure(conn.call("connectGetLibVersion"))).toMatchObject({ reason: "not-found", requestSent: false });
    await daemon.listen();
    await expect(conn.call("connectGetLibVersion")).resolves.toEqual({ libVer: 9_000_000n });
    expect(arrived("domainLookupById")).toHaveLength(3); // nothing was repeated
  });

  test("calls that were only queued go out on the new connection", async () => {
    await begin(held("domainLookupById"));
    const sent = [1, 2, 3, 4].map((id) => failure(conn.call("domainLookupById", { id })));
    const queued = conn.call("connectGetLibVersion");
    await until(() => arrived("domainLookupById").length === 4);
    daemon.clients[0]!.stream.destroy();
    await Promise.all(sent);
    await expect(queued).resolves.toEqual({ libVer: 9_000_000n });
  });

  test.each([
    { bytes: Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), because: "it is another protocol" },
    { bytes: Buffer.alloc(28), because: "a length of 0 is impossible" },
  ])("bytes that are no message end the connection, because $because", async ({ bytes }) => {
    await begin(held("domainLookupById"));
    const call = failure(conn.call("domainLookupById", { id: 1 }));
    await until(() => arrived("domainLookupById").length === 1);
    daemon.clients[0]!.sendRaw(bytes);
    expect(await call).toMatchObject({ name: "LibvirtConnectionError", reason: "protocol" });
    await conn.call("connectGetLibVersion");
  });

  test("a reply that does not fit its procedure fails its call alone", async () => {
    await begin({
      onCall: (call) => {
        if (call.name !== "domainLookupById") return false;
        call.reply("connectClose", {});
        return true;
      },
    });
    const error = await failure(conn.call("domainLookupById", { id: 1 }));
    expect(error).toMatchObject({ name: "LibvirtConnectionError", reason: "protocol" });
    await conn.call("connectGetLibVersion");
    expect(daemon.clients).toHaveLength(1);
  });
});

describe("keepalive", () => {
  const ping = 1;
  const pong = 2;

  test("pings are answered, also while calls wait", async () => {
    await begin(held("domainLookupById"));
    const call = failure(conn.call("domainLookupById", { id: 1 }));
    const client = daemon.clients[0]!;
    client.sendKeepAlive(ping);
    await until(() => client.keepAlives.includes(pong));
    await conn.close();
    await call;
  });

  test("a silent daemon is pinged, and given up after so many unanswered pings", async () => {
    await begin(held("domainLookupById"), { keepAlive: { intervalMs: 20, count: 3 } });
    const error = await failure(conn.call("domainLookupById", { id: 1 }));
    expect(error).toMatchObject({ name: "LibvirtConnectionError", reason: "timeout", requestSent: true });
    expect(daemon.clients[0]!.keepAlives.filter((kind) => kind === ping)).toHaveLength(3);
  });

  test("a daemon that answers pings is never given up, however long a call takes", async () => {
    await begin(held("domainLookupById"), { keepAlive: { intervalMs: 20, count: 2 } });
    const client = daemon.clients[0]!;
    const answering = setInterval(() => client.sendKeepAlive(pong), 15);
    const call = conn.call("domainLookupById", { id: 1 });
    await sleep(200);
    clearInterval(answering);
    arrived("domainLookupById")[0]!.reply("domainLookupById", { dom });
    await expect(call).resolves.toEqual({ dom });
  });
});

describe("opening", () => {
  test("the daemon gets the driver's URI and the read-only flag", async () => {
    await begin({}, { readonly: true });
    const [open] = arrived("connectOpen");
    const { payload } = open!.message;
    expect(payload.toString("latin1")).toContain("test:///default");
    expect(payload.toString("latin1")).not.toContain("socket=");
    expect(payload.readUInt32BE(payload.length - 4)).toBe(1);
  });

  test("polkit's yes lets the connection open", async () => {
    const onCall = (call: FakeCall) => {
      if (call.name !== "authPolkit") return false;
      call.reply("authPolkit", { complete: 1 });
      return true;
    };
    await begin({ authTypes: [2], onCall });
    expect(daemon.calls.map(({ name }) => name)).toEqual([
      "authList",
      "authPolkit",
      "connectSupportsFeature",
      "connectOpen",
      "connectGetLibVersion",
    ]);
  });

  const refuse = (call: FakeCall) => {
    if (call.name !== "authPolkit") return false;
    call.replyError({ code: 45, message: "authentication failed: Authorization not available" });
    return true;
  };

  test.each([
    { behaviour: { authTypes: [2], onCall: refuse }, reason: "permission", says: /polkit.*group "libvirt"/, because: "polkit says no" },
    { behaviour: { authTypes: [1] }, reason: "unsupported", says: /SASL.*auth_unix_rw/, because: "SASL is not there yet" },
    { behaviour: { authTypes: [9] }, reason: "unsupported", says: /unknown kind 9/, because: "nobody knows this kind" },
  ])("the connection fails with what to do, because $because", async ({ behaviour, reason, says }) => {
    await begin();
    const strict = await FakeDaemon.start(behaviour);
    const error = await failure(connect({ uri: strict.uri }));
    expect(error).toMatchObject({ name: "LibvirtConnectionError", reason });
    expect((error as Error).message).toMatch(says);
    await strict.stop();
  });
});

describe("closing", () => {
  test("says goodbye, rejects what waits, and takes no more calls", async () => {
    await begin(held("domainLookupById"));
    const waiting = failure(conn.call("domainLookupById", { id: 1 }));
    await until(() => arrived("domainLookupById").length === 1);
    await conn.close();
    expect(await waiting).toMatchObject({ reason: "closed", requestSent: true });
    expect(arrived("connectClose")).toHaveLength(1);
    expect(await failure(conn.call("connectGetLibVersion"))).toMatchObject({ reason: "closed", requestSent: false });
    await until(() => daemon.clients[0]!.stream.destroyed);
  });

  test("does not wait for a daemon that no longer answers", async () => {
    await begin({ onCall: named("connectClose") });
    const startedMs = performance.now();
    await conn.close();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  test("twice is once", async () => {
    await begin();
    await Promise.all([conn.close(), conn.close()]);
    await conn.close();
  });
});
