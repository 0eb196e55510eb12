/** Subscriptions against a fake daemon: order, noise, loss. */
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "./connection";
import type { Connection } from "./connection";
import { LibvirtConnectionError } from "./errors";
import type { DeviceEvent, LifecycleEvent } from "./domain-events";
import { devicePayload, FakeDaemon, lifecycleEventProcedure, lifecyclePayload } from "./testing/fake-daemon";
import type { FakeClient } from "./testing/fake-daemon";
import { until } from "./testing/wait";

const unknownEventProcedure = 9_999;
const rebootEventProcedure = 319;

let daemon: FakeDaemon;
let conn: Connection;

beforeEach(async () => {
  daemon = await FakeDaemon.start();
  conn = await connect({ uri: daemon.uri, timeoutMs: 5_000 });
});

afterEach(async () => {
  await conn.close();
  await daemon.stop();
});

const subscribed = (): FakeClient[] =>
  daemon.clients.filter(({ calls }) => calls.some(({ name }) => name === "connectDomainEventCallbackRegisterAny"));

test("an event reaches every listener until it unsubscribes", async () => {
  const first: LifecycleEvent[] = [];
  const second: LifecycleEvent[] = [];
  const stopFirst = conn.on("lifecycle", (event) => first.push(event));
  conn.on("lifecycle", (event) => second.push(event));
  await until(() => subscribed().length === 1);
  subscribed()[0]!.sendEvent(lifecycleEventProcedure, lifecyclePayload(2, 0, 5));
  await until(() => second.length === 1);
  expect(first).toEqual([{ dom: { name: "vm", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 5 }, event: 2, detail: 0 }]);
  stopFirst();
  subscribed()[0]!.sendEvent(lifecycleEventProcedure, lifecyclePayload(5, 0));
  await until(() => second.length === 2);
  expect(first).toHaveLength(1);
  expect(subscribed()).toHaveLength(1);
});

test("a call made after on() is sent when the subscription is in place", async () => {
  conn.on("lifecycle", () => undefined);
  await conn.call("connectGetLibVersion");
  expect(subscribed()).toHaveLength(1);
});

test.each([
  { name: "deviceRemoved", procedure: 333, eventID: 15, because: "the guest let go" },
  { name: "deviceRemovalFailed", procedure: 367, eventID: 22, because: "the guest refused" },
] as const)("$name tells which device of which domain, because $because", async ({ name, procedure, eventID }) => {
  const events: DeviceEvent[] = [];
  const others: unknown[] = [];
  conn.on(name, (event) => events.push(event));
  conn.on("lifecycle", (event) => others.push(event));
  await conn.call("connectGetLibVersion");
  expect(subscribed()).toHaveLength(1);
  const asked = subscribed()[0]!.calls.filter((call) => call.name === "connectDomainEventCallbackRegisterAny");
  expect(asked.map(({ message }) => message.payload.readInt32BE(0))).toContain(eventID);
  subscribed()[0]!.sendEvent(procedure, devicePayload("virtio-disk1"));
  await until(() => events.length === 1);
  expect(events[0]).toEqual({ dom: { name: "vm", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 }, devAlias: "virtio-disk1" });
  expect(others).toHaveLength(0);
});

test("events that nobody knows are passed over", async () => {
  const events: LifecycleEvent[] = [];
  conn.on("lifecycle", (event) => events.push(event));
  await until(() => subscribed().length === 1);
  const client = subscribed()[0]!;
  client.sendEvent(unknownEventProcedure, Buffer.from("what is this?!!!"));
  client.sendEvent(rebootEventProcedure, Buffer.alloc(4));
  client.sendEvent(lifecycleEventProcedure, lifecyclePayload(77, 88));
  await until(() => events.length === 1);
  expect(events[0]).toMatchObject({ event: 77, detail: 88 });
  expect(client.stream.destroyed).toBe(false);
});

test.each([
  { break: (client: FakeClient) => void client.stream.destroy(), because: "the connection is lost" },
  { break: (client: FakeClient) => client.sendEvent(lifecycleEventProcedure, Buffer.alloc(3)), because: "an event makes no sense" },
])("it subscribes again and tells of the gap when $because", async (row) => {
  let gaps = 0;
  const events: LifecycleEvent[] = [];
  conn.on("gap", () => gaps++);
  conn.on("lifecycle", (event) => events.push(event));
  await until(() => subscribed().length === 1);
  row.break(subscribed()[0]!);
  await until(() => gaps === 1);
  subscribed()[1]!.sendEvent(lifecycleEventProcedure, lifecyclePayload(2, 0));
  await until(() => events.length === 1);
});

test("calls fail as ever while the daemon is away, and the subscription comes back with it", async () => {
  let gaps = 0;
  conn.on("gap", () => gaps++);
  await until(() => subscribed().length === 1);
  await daemon.die();
  await expect(conn.call("connectGetLibVersion")).rejects.toThrow(LibvirtConnectionError);
  await daemon.listen();
  await until(() => gaps === 1);
});

test("the last listener to leave closes the subscription's socket; a new one opens it again", async () => {
  const stop = conn.on("lifecycle", () => undefined);
  await until(() => subscribed().length === 1);
  stop();
  await until(() => subscribed()[0]!.stream.destroyed);
  conn.on("lifecycle", () => undefined);
  await until(() => subscribed().length === 2);
});

test("leaving before the subscription is in place leaves nothing behind", async () => {
  conn.on("lifecycle", () => undefined)();
  await conn.call("connectGetLibVersion");
  await sleep(50);
  const open = daemon.clients.filter(({ stream }) => !stream.destroyed);
  expect(open).toHaveLength(1);
});
