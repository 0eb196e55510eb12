// Data disks that go and limits that change while the machine runs; what the guest does not let go of is reported, never called done.
import { createStage, program } from "../../testing/machine-stage";
import type { Values } from "../resource";

const root = { pool: "fast", size: "1GiB" };
const data = { pool: "fast", size: "1GiB" };
const both = (more: Values = {}) => program({ disks: { root, data }, ...more });
const alone = (more: Values = {}) => program({ disks: { root }, ...more });
const volume = "/pools/fast/web-data.qcow2";
const verbs = (writes: readonly string[]) => writes.map((write) => write.split(" ")[0]);
const said = (log: readonly { message: string }[]) => log.map(({ message }) => message).join("\n");

test("a data disk goes without a restart, and its volume with it", async () => {
  const { web, fake, domain } = createStage();
  await web.up(both());
  const { id } = await domain();
  fake.clearLog();
  const asked = alone({ applyChanges: "refuse" });
  expect(said((await web.preview(asked)).log)).toContain("live, if the guest lets go of it");
  expect(await web.up(asked)).toMatchObject({ did: "update", changes: ["disks.data"], initErrors: [] });
  expect(verbs(fake.writes)).toEqual(["defineDomain", "unplugLiveDevice", "deleteVolume", "defineDomain"]);
  expect(await domain()).toMatchObject({ id, running: { disks: [{ key: "root" }] } });
  expect(fake.hasFile(volume)).toBe(false);
  expect(web.now.state).toMatchObject({ restartPending: false, pendingChanges: [] });
  expect(await web.up(asked)).toMatchObject({ did: "same" });
});

test.each([
  { because: "refuses", words: "refuses to let go" },
  { because: "waits", words: "unplugTimeoutSeconds" },
] as const)("a guest that $because keeps the disk: it is pending, and its volume stays", async ({ because, words }) => {
  const { web, fake, domain, coldStart } = createStage();
  await web.up(both());
  fake.onUnplug("web", because);
  const up = await web.up(alone());
  expect(up).toMatchObject({ did: "update", initErrors: [] });
  expect(said(up.log.filter(({ level }) => level === "warn"))).toContain(words);
  expect(web.now.state).toMatchObject({
    restartPending: true,
    pendingChanges: [expect.stringContaining("disks.data") as string],
  });
  expect((await domain()).running?.disks).toHaveLength(2);
  expect(fake.hasFile(volume)).toBe(true);
  await coldStart();
  await web.refresh();
  expect(await web.up(alone())).toMatchObject({ did: "update", initErrors: [] });
  expect(fake.hasFile(volume)).toBe(false);
  expect(web.now.state).toMatchObject({ restartPending: false, pendingChanges: [] });
});

test("a guest that other hands hold goes on before it is asked: it could not answer", async () => {
  const { web, fake, domain } = createStage();
  await web.up(both());
  await fake.pauseDomain((await domain()).uuid);
  fake.clearLog();
  expect(await web.up(alone())).toMatchObject({ did: "update", initErrors: [] });
  expect(verbs(fake.writes).slice(0, 3)).toEqual(["defineDomain", "resumeDomain", "unplugLiveDevice"]);
});

test("where the program asks for a restart, what the guest holds is applied by one", async () => {
  const { web, fake, domain } = createStage();
  await web.up(both());
  const { id } = await domain();
  fake.onUnplug("web", "refuses");
  expect(await web.up(alone({ applyChanges: "restart" }))).toMatchObject({ did: "update", initErrors: [] });
  expect((await domain()).id).not.toBe(id);
  expect((await domain()).running?.disks).toHaveLength(1);
  expect(fake.hasFile(volume)).toBe(false);
});

test("a disk on a bus that lets nothing go waits for the next cold start", async () => {
  const { web, fake } = createStage();
  const sata = { ...data, bus: "sata" };
  await web.up(program({ disks: { root, data: sata } }));
  fake.clearLog();
  await web.up(alone());
  expect(verbs(fake.writes)).toEqual(["defineDomain"]);
  expect(web.now.state).toMatchObject({ restartPending: true });
});

test("limits change while the machine runs, however they are written", async () => {
  const { web, fake, domain } = createStage();
  const limited = (throttle: Values) => program({ disks: { root: { ...root, throttle } } });
  await web.up(limited({ totalBytesSec: "100MiB" }));
  const { id } = await domain();
  fake.clearLog();
  const asked = limited({ totalBytesSec: "50MiB", readIopsSec: 500 });
  const step = await web.up({ ...asked, applyChanges: "refuse" });
  expect(step).toMatchObject({
    did: "update",
    changes: ["disks.root.throttle.readIopsSec", "disks.root.throttle.totalBytesSec"],
    initErrors: [],
  });
  expect(verbs(fake.writes)).toEqual(["defineDomain", "setLiveBlockIoTune"]);
  expect(await domain()).toMatchObject({
    id,
    running: { disks: [{ tuning: { throttle: { totalBytesPerSecond: 50 * 2 ** 20, readIops: 500 } } }] },
  });
  expect(web.now.state).toMatchObject({ restartPending: false });
  await web.refresh();
  expect(await web.up(limited({ totalBytesSec: "51200KiB", readIopsSec: 500 }))).toMatchObject({ did: "same" });
  fake.clearLog();
  await web.up(program({ disks: { root } }));
  expect(verbs(fake.writes)).toEqual(["defineDomain", "setLiveBlockIoTune"]);
  expect((await domain()).running?.disks[0]?.tuning).toBeUndefined();
});

test("threads and queues wait for a cold start", async () => {
  const { web, domain } = createStage();
  await web.up(program({ disks: { root } }));
  await web.up(program({ disks: { root: { ...root, iothread: 1, queues: 2 } } }));
  expect((await domain()).defined).toMatchObject({ iothreads: 1, disks: [{ tuning: { iothread: 1, queues: 2 } }] });
  expect(web.now.state).toMatchObject({ restartPending: true });
});
