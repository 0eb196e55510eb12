// Changes that a running machine takes at once, and what becomes of them where it does not.
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { createStage, program } from "../../testing/machine-stage";
import type { Values } from "../resource";

const root = { pool: "ram", size: "10GiB" };
const data = { pool: "ram", size: "1GiB" };
const verbs = (writes: readonly string[]) => writes.map((write) => write.split(" ")[0]);
const said = (log: readonly { message: string }[]) => log.map(({ message }) => message).join("\n");
const refusal = (message: string) => new HostError(hostErrorCodes.operationFailed, message, { doing: "changing", what: "web" });

const first = program({ cpus: 2, maxCpus: 4, memory: "1GiB", maxMemory: "2GiB" });

test.each([
  { because: "a description", change: { description: "new" }, path: "description", writes: ["defineDomain", "setLiveDescription"] },
  { because: "autostart", change: { autostart: true }, path: "autostart", writes: ["setAutostart"] },
  { because: "more memory within the maximum", change: { memory: "1536MiB" }, path: "memory", writes: ["defineDomain", "setLiveMemory"] },
  { because: "less memory", change: { memory: "512MiB" }, path: "memory", writes: ["defineDomain", "setLiveMemory"] },
  { because: "more CPUs within the maximum", change: { cpus: 4 }, path: "cpus", writes: ["defineDomain", "setLiveVcpus"] },
  { because: "fewer CPUs", change: { cpus: 1 }, path: "cpus", writes: ["defineDomain", "setLiveVcpus"] },
  {
    because: "a larger disk",
    change: { disks: { root: { ...root, size: "20GiB" } } },
    path: "disks.root.size",
    writes: ["resizeLiveDisk"],
  },
])("$because changes at once, on the same run", async ({ change, path, writes }) => {
  const { web, fake, domain } = createStage();
  await web.up(first);
  const { id } = await domain();
  fake.clearLog();
  const asked = { ...first, applyChanges: "refuse", ...change };
  expect(said((await web.preview(asked)).log)).toMatch(/: live$/m);
  expect(await web.up(asked)).toMatchObject({ did: "update", changes: [path], initErrors: [] });
  expect(verbs(fake.writes)).toEqual(writes);
  expect((await domain()).id).toBe(id);
  expect(web.now.state).toMatchObject({ restartPending: false, pendingChanges: [] });
  fake.clearLog();
  expect(await web.up(asked, { force: true })).toMatchObject({ did: "update", initErrors: [] });
  expect(fake.writes).toEqual([]);
  await web.refresh();
  expect(await web.up(asked)).toMatchObject({ did: "same" });
});

test("a description that goes away goes from definition and run", async () => {
  const { web, domain } = createStage();
  await web.up(program({ description: "old" }));
  expect(await web.up(program())).toMatchObject({ did: "update", changes: ["description"] });
  expect((await domain()).defined.description).toBeUndefined();
  expect((await domain()).running?.description).toBeUndefined();
});

test("a stopped machine's disk grows by its volume", async () => {
  const { web, fake } = createStage();
  await web.up(program({ power: "stopped" }));
  fake.clearLog();
  expect(await web.up(program({ power: "stopped", disks: { root: { ...root, size: "20GiB" } } }))).toMatchObject({
    did: "update",
    initErrors: [],
  });
  expect(verbs(fake.writes)).toEqual(["growVolume"]);
});

test("a smaller disk is refused at check", async () => {
  const { web, fake } = createStage();
  await web.up(program());
  fake.clearLog();
  const { problems } = await web.up(program({ disks: { root: { ...root, size: "5GiB" } } }));
  expect(problems).toMatchObject([{ path: "disks.root.size", reason: expect.stringContaining("never shrinks") as string }]);
  expect(fake.writes).toEqual([]);
});

test("a disk that other hands grew is not shrunk unseen, either", async () => {
  const { web, fake } = createStage();
  await web.up(program());
  await fake.growVolume({ pool: "ram", name: "web-root.qcow2" }, 20 * 2 ** 30);
  fake.clearLog();
  expect(await web.up(program({ description: "x" }))).toMatchObject({ did: "refused", problems: [{ path: "disks.root.size" }] });
  expect(fake.writes).toEqual([]);
});

test("CPUs that the guest does not take live wait, and it is said", async () => {
  const { web, fake } = createStage();
  await web.up(first);
  fake.failNext("setLiveVcpus", refusal("no hotplug"));
  const up = await web.up({ ...first, cpus: 4 });
  expect(up).toMatchObject({ did: "update", initErrors: [] });
  expect(said(up.log)).toContain("no hotplug");
  expect(web.now.state).toMatchObject({ restartPending: true });
});

test("memory that the guest does not take live waits, and it is said", async () => {
  const { web, fake } = createStage();
  await web.up(first);
  fake.failNext("setLiveMemory", refusal("no balloon"));
  const up = await web.up({ ...first, memory: "1536MiB" });
  expect(up).toMatchObject({ did: "update", initErrors: [] });
  expect(said(up.log)).toContain("no balloon");
});

describe("a new disk", () => {
  const both = program({ disks: { root, data } });

  test("is made and plugged in", async () => {
    const { web, fake, domain } = createStage();
    await web.up(program());
    const { id } = await domain();
    fake.clearLog();
    expect(await web.up(both)).toMatchObject({ did: "update", changes: ["disks.data"], initErrors: [] });
    expect(verbs(fake.writes)).toEqual(["createVolume", "defineDomain", "attachLiveDevice"]);
    expect(await domain()).toMatchObject({ id, running: { disks: [{ key: "root" }, { key: "data", target: "vdb" }] } });
    expect(web.now.state).toMatchObject({
      restartPending: false,
      runningDisks: { data: { target: "vdb" } },
      volumes: { data: { pool: "ram" } },
    });
    fake.clearLog();
    expect(await web.up(both, { force: true })).toMatchObject({ did: "update" });
    expect(fake.writes).toEqual([]);
  });

  test("never renumbers another, though its key sorts before", async () => {
    const { web, domain } = createStage();
    await web.up(program());
    await web.up(program({ disks: { root, aaa: data } }));
    expect((await domain()).defined.disks.map(({ key, target }) => [key, target])).toEqual([
      ["root", "vda"],
      ["aaa", "vdb"],
    ]);
  });

  test("that cannot be plugged in waits, and it is said", async () => {
    const { web, fake } = createStage();
    await web.up(program());
    fake.failNext("attachLiveDevice", refusal("no slot"));
    const up = await web.up(both);
    expect(up).toMatchObject({ did: "update", initErrors: [] });
    expect(said(up.log.filter(({ level }) => level === "warn"))).toMatch(/disks\.data.*no slot/);
    expect(web.now.state).toMatchObject({ restartPending: true, pendingChanges: [expect.stringContaining("disks.data") as string] });
    expect(await web.up(both)).toMatchObject({ did: "same" });
  });

  test.each([
    {
      because: "its file is damaged",
      text: 'unable to execute QEMU command "blockdev-add": Image is not in qcow2 format',
      says: "qemu-img check",
    },
    {
      because: "its storage has no direct I/O",
      text: "Could not open '/pools/ram/web-data.qcow2': filesystem does not support O_DIRECT",
      says: "O_DIRECT",
    },
  ])("that a cold start could not open either, as $because, is a failure and does not wait in silence", async ({ text, says }) => {
    const { web, fake } = createStage();
    await web.up(program());
    fake.failNext("attachLiveDevice", refusal(text));
    const up = await web.up(both);
    expect(up.did).toBe("update");
    for (const word of ["disks.data", says]) expect(up.initErrors.join()).toContain(word);
    expect(await web.up(both)).toMatchObject({ did: "update", initErrors: [] });
    expect(web.now.state).toMatchObject({ restartPending: false, runningDisks: { data: { target: "vdb" } } });
  });

  test("does not take the place of a network disk that other hands gave the machine", async () => {
    const stage = createStage();
    const { web, domain } = stage;
    await web.up(program());
    const network = `<disk type="network" device="disk"><driver name="qemu" type="raw"/><source protocol="nbd"><host name="n"/></source><target dev="vdb" bus="virtio"/></disk>`;
    await stage.edit((xml) => xml.replace("</devices>", `${network}</devices>`));
    expect(await web.up(both)).toMatchObject({ did: "update", initErrors: [] });
    const { disks } = (await domain()).defined;
    expect(disks.find(({ sourceType }) => sourceType === "network")).toMatchObject({ target: "vdb" });
    expect(disks.find(({ key }) => key === "data")).toMatchObject({ target: "vdc", path: "/pools/ram/web-data.qcow2" });
    expect(web.now.state).toMatchObject({ effectiveDisks: { data: { target: "vdc" } } });
    expect(await web.up(both)).toMatchObject({ did: "same" });
  });
});

describe("a removed disk", () => {
  const both = program({ disks: { root, data } });
  const gone = "/pools/ram/web-data.qcow2";

  test("that the guest does not let go of waits for the cold start, and its volume with it", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    await web.up(both);
    fake.onUnplug("web", "waits");
    const { id } = await domain();
    expect(await web.up(program())).toMatchObject({ did: "update", changes: ["disks.data"], initErrors: [] });
    expect((await domain()).id).toBe(id);
    expect(web.now.state).toMatchObject({ restartPending: true });
    expect(fake.hasFile(gone)).toBe(true);
    expect(await web.up(program())).toMatchObject({ did: "same" });

    await stage.coldStart();
    await web.refresh();
    expect(fake.hasFile(gone)).toBe(true);
    expect(await web.up(program())).toMatchObject({ did: "update", changes: ["pendingChanges"], initErrors: [] });
    expect(fake.hasFile(gone)).toBe(false);
    expect(web.now.state).toMatchObject({ restartPending: false, pendingChanges: [] });
    expect(Object.keys(web.now.state["volumes"] as Values)).toEqual(["root"]);
    expect(await web.up(program())).toMatchObject({ did: "same" });
  });

  test("goes at once with its volume where the machine is stopped, or restarts", async () => {
    for (const overrides of [{ power: "stopped" }, { applyChanges: "restart" }]) {
      const { web, fake } = createStage();
      await web.up({ ...both, ...overrides });
      expect(await web.up(program(overrides))).toMatchObject({ did: "update", initErrors: [] });
      expect(fake.hasFile(gone)).toBe(false);
      expect(Object.keys(web.now.state["volumes"] as Values)).toEqual(["root"]);
    }
  });

  test("leaves its volume when it says so", async () => {
    const stage = createStage();
    const { web, fake } = stage;
    await web.up(program({ disks: { root, data: { ...data, keepOnDelete: true } } }));
    await web.up(program());
    await stage.coldStart();
    await web.refresh();
    await web.up(program({ description: "any" }));
    expect(await web.up(program({ description: "any" }))).toMatchObject({ did: "same" });
    await web.destroy();
    expect(fake.hasFile(gone)).toBe(true);
  });

  test("a file that was there before is never deleted", async () => {
    const stage = createStage();
    const { web, fake } = stage;
    fake.addFile({ path: "/pools/fast/mine.qcow2" });
    await web.up(program({ disks: { root, data: { file: "/pools/fast/mine.qcow2" } } }));
    await web.up(program({ applyChanges: "restart" }));
    expect(fake.hasFile("/pools/fast/mine.qcow2")).toBe(true);
  });

  test("and a new one in the same update: the new one gets a target that nothing runs on, and is plugged in", async () => {
    const stage = createStage();
    const { web, domain, fake } = stage;
    await web.up(both);
    fake.onUnplug("web", "waits");
    const other = program({ disks: { root, logs: data } });
    expect(await web.up(other)).toMatchObject({ did: "update", initErrors: [] });
    const targets = (disks: readonly { key: string; target: string }[] = []) =>
      Object.fromEntries(disks.map(({ key, target }) => [key, target]));
    expect(targets((await domain()).running?.disks)).toEqual({ data: "vda", root: "vdb", logs: "vdc" });
    expect(targets((await domain()).defined.disks)).toEqual({ root: "vdb", logs: "vdc" });
    await stage.coldStart();
    await web.refresh();
    expect(await web.up(other)).toMatchObject({ did: "update", initErrors: [] });
    expect(fake.hasFile(gone)).toBe(false);
    expect(fake.hasFile("/pools/ram/web-logs.qcow2")).toBe(true);
  });

  test("a disk that moves to another pool keeps its old volume until the cold start", async () => {
    const stage = createStage();
    const { web, fake } = stage;
    await web.up(program());
    const moved = program({ disks: { root: { pool: "fast", size: "10GiB" } } });
    expect(await web.up(moved)).toMatchObject({ did: "update", initErrors: [] });
    expect(fake.hasFile("/pools/ram/web-root.qcow2")).toBe(true);
    expect(fake.hasFile("/pools/fast/web-root.qcow2")).toBe(true);
    await stage.coldStart();
    await web.refresh();
    expect(await web.up(moved)).toMatchObject({ did: "update", initErrors: [] });
    expect(fake.hasFile("/pools/ram/web-root.qcow2")).toBe(false);
    await web.destroy();
    expect(fake.hasFile("/pools/fast/web-root.qcow2")).toBe(false);
  });
});

describe("keepOnDelete", () => {
  test.each([
    { because: "given later", before: {}, after: { keepOnDelete: true }, kept: true },
    { because: "taken back", before: { keepOnDelete: true }, after: {}, kept: false },
    { because: "said to be false", before: { keepOnDelete: true }, after: { keepOnDelete: false }, kept: false },
  ])("counts as it is now: $because", async ({ before, after, kept }) => {
    const { web, fake, domain } = createStage();
    await web.up(program({ disks: { root: { ...root, ...before } } }));
    const { id } = await domain();
    expect(await web.up(program({ disks: { root: { ...root, ...after } } }))).toMatchObject({
      did: "update",
      changes: ["disks.root.keepOnDelete"],
    });
    expect(await domain()).toMatchObject({ id, defined: { metadata: { volumes: [{ keep: kept }] } } });
    await web.destroy();
    expect(fake.hasFile("/pools/ram/web-root.qcow2")).toBe(kept);
  });
});
