/** A real daemon that dies, freezes and comes back. */
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "./connection";
import type { Connection } from "./connection";
import { domainEvents } from "./constants";
import { LibvirtConnectionError, LibvirtTimeoutError } from "./errors";
import type { LifecycleEvent } from "./domain-events";
import { describeWithLibvirtd, PrivateDaemon } from "./testing/private-daemon";
import { scriptRunner } from "./testing/run-script";
import { failure } from "./testing/wait";

const startMs = 30_000;
const daemonPingSeconds = 1;
const daemonPingCount = 2;

describeWithLibvirtd("a real daemon", () => {
  let daemon: PrivateDaemon;
  let conn: Connection;
  const runner = scriptRunner();

  beforeAll(async () => {
    daemon = await PrivateDaemon.start(`keepalive_interval = ${daemonPingSeconds}\nkeepalive_count = ${daemonPingCount}\n`);
  }, startMs);
  beforeEach(async () => {
    conn = await connect({ uri: daemon.uri("test:///default") });
  });
  afterEach(async () => {
    daemon.thaw();
    await conn.close();
  });
  afterAll(async () => {
    runner.remove();
    await daemon.stop();
  });

  test(
    "killed in mid-call: a connection error at once, and after its restart the next call works on a new connection",
    async () => {
      daemon.freeze(); // so that the call is surely in flight
      const call = failure(conn.call("connectGetHostname"));
      const mutation = failure(conn.call("domainLookupByName", { name: "test" }, { lane: "fast" }));
      await sleep(50);
      const killedMs = performance.now();
      await daemon.kill();
      expect(await call).toBeInstanceOf(LibvirtConnectionError);
      expect(await call).toMatchObject({ reason: "closed", requestSent: true });
      expect(await mutation).toBeInstanceOf(LibvirtConnectionError);
      expect(performance.now() - killedMs).toBeLessThan(1_000);

      const away = await failure(conn.call("connectGetHostname"));
      expect(away).toMatchObject({ name: "LibvirtConnectionError", reason: "refused", requestSent: false });
      expect((away as Error).message).toMatch(/Start it/);

      await daemon.restart();
      expect((await conn.call("connectGetHostname")).hostname).not.toBe("");
    },
    startMs,
  );

  test(
    "killed while idle and started again: the next call just works, and the subscription comes back",
    async () => {
      const events: LifecycleEvent[] = [];
      const back = new Promise((resolve) => conn.on("gap", () => resolve(undefined)));
      conn.on("lifecycle", (event) => events.push(event));
      await conn.call("connectGetHostname");
      await daemon.kill();
      await daemon.restart();
      const { dom } = await conn.call("domainLookupByName", { name: "test" });
      await back;
      await conn.call("domainSuspend", { dom });
      await conn.call("domainResume", { dom });
      await sleep(200); // events have a connection of their own and may come after the answer
      expect(events.map(({ event }) => event)).toEqual([domainEvents.SUSPENDED, domainEvents.RESUMED]);
    },
    startMs,
  );

  test("frozen: calls time out as set, and the connection serves again after the thaw", async () => {
    daemon.freeze();
    const startedMs = performance.now();
    const error = await failure(conn.call("connectGetHostname", {}, { timeoutMs: 300 }));
    expect(error).toBeInstanceOf(LibvirtTimeoutError);
    expect(error).toMatchObject({ timeoutMs: 300, requestSent: true });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(295);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    daemon.thaw();
    await conn.call("connectGetHostname");
  });

  test("frozen: connecting times out as set", async () => {
    daemon.freeze();
    const startedMs = performance.now();
    const error = await failure(connect({ uri: daemon.uri("test:///default"), timeoutMs: 300 }));
    expect(error).toMatchObject({ name: "LibvirtTimeoutError", procedure: "connect" });
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  test("frozen: keepalive gives the connection up", async () => {
    const attentive = await connect({ uri: daemon.uri("test:///default"), keepAlive: { intervalMs: 100, count: 2 } });
    daemon.freeze();
    const error = await failure(attentive.call("connectGetHostname"));
    expect(error).toMatchObject({ name: "LibvirtConnectionError", reason: "timeout", requestSent: true });
    await attentive.close();
  });

  test("frozen: close() does not hang", async () => {
    daemon.freeze();
    const startedMs = performance.now();
    await conn.close();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  test("frozen: process.exit() ends the program with calls in flight", async () => {
    const script = `const conn = await connect({ uri }); conn.on("lifecycle", () => {}); await conn.call("connectGetHostname");
      console.log("ready"); setTimeout(() => { conn.call("connectGetHostname"); setTimeout(() => process.exit(4), 50); }, 300);`;
    const end = await runner.run(script, daemon.uri("test:///default"), () => daemon.freeze());
    expect(end).toMatchObject({ exitCode: 4, output: "ready\n" });
  });

  test(
    "the daemon's pings are answered: an idle connection outlives its patience",
    async () => {
      // Ours are as good as switched off, so that only the answers to the daemon's keep this connection.
      const idle = await connect({ uri: daemon.uri("test:///default"), keepAlive: { intervalMs: 3_600_000, count: 1 } });
      let gaps = 0;
      idle.on("gap", () => gaps++);
      await idle.call("connectGetHostname");
      const patienceMs = daemonPingSeconds * (daemonPingCount + 1) * 1_000;
      await sleep(2 * patienceMs);
      expect(gaps).toBe(0);
      const { domains } = await idle.call("connectListAllDomains", { needResults: true, flags: 0 });
      expect(domains).toHaveLength(1);
      await idle.close();
    },
    startMs,
  );
});
