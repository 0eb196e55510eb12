// What libvirt refuses in the middle of create and update, and what is left then.
import { HostConnectionError, HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { poolFacts } from "../../testing/fake-host-observer";
import { createStage, program, withCache } from "../../testing/machine-stage";

const root = { pool: "fast", size: "10GiB" };
const data = { pool: "fast", size: "1GiB" };
const two = program({ disks: { root, data } });
const files = ["/pools/fast/web-root.qcow2", "/pools/fast/web-data.qcow2"];
const refusal = (message: string) => new HostError(hostErrorCodes.internalError, message, { doing: "doing", what: "it" });
const lost = () => new HostConnectionError("test:///fake", "the daemon is gone", { doing: "doing", what: "it" });
/** The largest pid of a 64-bit Linux is one less. */
const deadPid = 4_194_305;
const leftovers = async ({ fake }: ReturnType<typeof createStage>) => [
  ...(await fake.listDomains()).map(({ name }) => name),
  ...files.filter((path) => fake.hasFile(path)),
];

describe("create", () => {
  test("a definition that libvirt refuses leaves nothing", async () => {
    const stage = createStage();
    stage.fake.failNext("defineDomain", refusal("no such machine type"));
    expect(await stage.web.up(two)).toMatchObject({
      did: "failed",
      error: { message: expect.stringContaining("no such machine type") as string },
    });
    expect(await leftovers(stage)).toEqual([]);
    expect(stage.web.resource).toBeUndefined();
  });

  test("a volume that cannot be made takes the definition with it", async () => {
    const stage = createStage();
    stage.fake.failNext("createVolume", refusal("disk full"));
    expect(await stage.web.up(two)).toMatchObject({ did: "failed", error: { message: expect.stringContaining("disk full") as string } });
    expect(await leftovers(stage)).toEqual([]);
  });

  test("a pool without room for a full preallocation is refused at that input, and nothing is left", async () => {
    const stage = createStage();
    stage.fake.addPool({ name: "tiny", path: "/pools/tiny", capacityBytes: 2 ** 20 });
    stage.host.setPool("tiny", poolFacts("/pools/tiny"));
    const disks = { root, data: { pool: "tiny", size: "1GiB", preallocation: "full" } };
    expect(await stage.web.up(program({ disks }))).toMatchObject({
      did: "refused",
      problems: [{ path: "disks.data.preallocation", reason: expect.stringMatching(/pool tiny has 1 MiB free, and 1 GiB/) as string }],
    });
    expect(await leftovers(stage)).toEqual([]);
  });

  test("a pool that fills up while a volume is preallocated is named, with its space", async () => {
    const stage = createStage();
    stage.fake.failNext("createVolume", refusal("cannot allocate 1073741824 bytes"));
    stage.fake.addPool({ name: "tiny", path: "/pools/tiny", capacityBytes: 2 ** 30 });
    stage.host.setPool("tiny", poolFacts("/pools/tiny"));
    const disks = { data: { pool: "tiny", size: "1GiB", preallocation: "full" } };
    const hold = stage.fake.holdNext("createVolume");
    const up = stage.web.up(program({ disks }));
    await hold.reached;
    stage.fake.addFile({ path: "/pools/tiny/other", allocatedBytes: 2 ** 29 });
    hold.release();
    expect(await up).toMatchObject({
      did: "failed",
      error: { message: expect.stringMatching(/cannot allocate.*pool tiny has 512 MiB free, and 1 GiB/s) as string },
    });
  });

  test("the second volume fails: the first goes, and the message is libvirt's", async () => {
    const stage = createStage();
    stage.fake.addFile({ path: files[0]!, unseen: true });
    const up = await stage.web.up(two);
    expect(up).toMatchObject({ did: "failed", error: { message: expect.stringContaining("File exists") as string } });
    expect(await leftovers(stage)).toEqual([files[0]]);
  });

  test("a volume that was there and cannot grow: the new volumes and the definition go", async () => {
    const stage = createStage();
    stage.fake.addFile({ path: files[0]!, capacityBytes: 2 ** 30 });
    stage.fake.failNext("growVolume", refusal("disk full"));
    expect(await stage.web.up(two)).toMatchObject({ did: "failed", error: { message: expect.stringContaining("disk full") as string } });
    expect(await leftovers(stage)).toEqual([files[0]]);
  });

  test("what cannot be cleared away after a failure does not hide the failure, and is cleared by the next run", async () => {
    const stage = createStage();
    stage.fake.failNext("createVolume", lost());
    stage.fake.failNext("deleteVolume", lost());
    const up = await stage.web.up(two);
    expect(up).toMatchObject({ did: "failed", error: { message: expect.stringContaining("the daemon is gone") as string } });
    expect(await leftovers(stage)).toContain("web");
    await stage.edit((xml) => xml.replace(/pid="\d+"/, `pid="${deadPid}"`));
    expect(await stage.newDriver({ libvirt: stage.fake.openAnother() }).up(two)).toMatchObject({ did: "create", initErrors: [] });
  });

  test("a start that fails keeps the machine as an initialization failure; the next up finishes it without a second one", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    fake.failNext("startDomain", refusal("no memory"));
    const up = await web.up(two);
    expect(up).toMatchObject({ did: "create", initErrors: [expect.stringContaining("no memory") as string] });
    const { uuid, state, defined } = await domain();
    expect(state).toBe("stopped");
    expect(defined.metadata).toMatchObject({ phase: "ready" });
    expect(web.now).toMatchObject({ id: uuid, state: { uuid, runningDisks: {}, volumes: { root: { pool: "fast" } } } });
    expect(await web.up(two)).toMatchObject({ did: "update", changes: [], initErrors: [] });
    expect(await domain()).toMatchObject({ uuid, state: "running" });
    expect(await fake.listDomains()).toHaveLength(1);
    expect(await web.up(two)).toMatchObject({ did: "same" });
  });

  test("is finished after a refresh as well, which forgets the init failure", async () => {
    const { web, fake, domain } = createStage();
    fake.failNext("startDomain", refusal("no memory"));
    await web.up(two);
    await web.refresh();
    expect(await web.up(two)).toMatchObject({ did: "update", changes: ["power"], initErrors: [] });
    expect(await domain()).toMatchObject({ state: "running" });
  });

  test("storage that has lost its direct I/O since it was looked at is named, with the ways out; a mended program goes on", async () => {
    const { web, fake, domain } = createStage();
    fake.setDirectIo("/pools/fast", false);
    const up = await web.up(withCache("none"));
    expect(up.initErrors).toHaveLength(1);
    expect(up.initErrors[0]).toMatch(/web-root\.qcow2.*O_DIRECT.*disks\.root \(cache none\).*writeback/s);
    const { uuid } = await domain();
    expect(await web.up(withCache("writeback"))).toMatchObject({ did: "update", initErrors: [] });
    expect(await domain()).toMatchObject({ uuid, state: "running" });
  });

  test("a damaged image is named by the format that QEMU names, and raw disks are not blamed", async () => {
    const { web, fake } = createStage();
    fake.failNext("startDomain", refusal('-blockdev {"node-name":"libvirt-1-format","driver":"qcow2"}: Active L1 table offset invalid'));
    const up = await web.up(program({ disks: { root, plain: { ...root, format: "raw" } } }));
    expect(up.initErrors[0]).toMatch(/about disks\.root \(\/pools\/fast\/web-root\.qcow2\)\. .*qemu-img check/s);
    expect(up.initErrors[0]).not.toContain("disks.plain");
  });

  test("the same failure again is the same report, not a second machine", async () => {
    const { web, fake } = createStage();
    fake.setDirectIo("/pools/fast", false);
    await web.up(withCache("none"));
    const again = await web.up(withCache("none"));
    expect(again).toMatchObject({ did: "update" });
    expect(again.initErrors[0]).toContain("O_DIRECT");
    expect(await fake.listDomains()).toHaveLength(1);
  });

  test("a Cancel while the machine starts gives back what is there", async () => {
    const { web, fake, domain } = createStage();
    const stop = new AbortController();
    const hold = fake.holdNext("startDomain");
    const up = web.up(two, { signal: stop.signal });
    await hold.reached;
    stop.abort();
    expect(await up).toMatchObject({ did: "create", initErrors: [expect.stringContaining("cancelled") as string] });
    expect(web.now.id).toBe((await domain()).uuid);
    expect(await web.up(two)).toMatchObject({ did: "update", initErrors: [] });
  });

  test("a Cancel while a volume is made leaves nothing", async () => {
    const stage = createStage();
    const stop = new AbortController();
    const hold = stage.fake.holdNext("createVolume");
    const up = stage.web.up(two, { signal: stop.signal });
    await hold.reached;
    stop.abort();
    expect(await up).toMatchObject({ did: "failed", error: { name: "CancelledError" } });
    expect(await leftovers(stage)).toEqual([]);
  });

  test("a volume whose answer was lost is not left behind", async () => {
    const stage = createStage();
    stage.fake.failNext("createVolume", lost(), "after");
    expect(await stage.web.up(two)).toMatchObject({ did: "failed" });
    expect(await leftovers(stage)).toEqual([]);
  });

  test("a volume that somebody else makes at the same moment is not deleted", async () => {
    const stage = createStage();
    const hold = stage.fake.holdNext("createVolume");
    const up = stage.web.up(two);
    await hold.reached;
    for (const path of files) stage.fake.addFile({ path });
    hold.release();
    expect(await up).toMatchObject({ did: "failed" });
    expect(await leftovers(stage)).toEqual(files);
  });
});

describe("update", () => {
  const three = program({ disks: { root, data, more: data } });
  const more = "/pools/fast/web-more.qcow2";

  test("a definition that libvirt refuses leaves machine, definition and volumes as before, and no new volume", async () => {
    const { web, fake, domain } = createStage();
    await web.up(two);
    const before = await domain();
    const state = web.now;
    fake.failNext("defineDomain", refusal("no such machine type"));
    const up = await web.up(three);
    expect(up).toMatchObject({
      did: "failed",
      error: { message: expect.stringMatching(/no such machine type.*stay as they were/s) as string },
    });
    expect(await domain()).toEqual(before);
    expect(fake.hasFile(more)).toBe(false);
    expect(web.now).toEqual(state);
    expect(await web.up(three)).toMatchObject({ did: "update", initErrors: [] });
  });

  test("a volume that cannot be made leaves everything as before", async () => {
    const { web, fake, domain } = createStage();
    await web.up(two);
    const before = await domain();
    fake.failNext("createVolume", refusal("disk full"));
    expect(await web.up(three)).toMatchObject({ did: "failed" });
    expect(await domain()).toEqual(before);
    expect(fake.hasFile(more)).toBe(false);
  });

  test("a definition whose answer was lost keeps the volumes that it names", async () => {
    const { web, fake, domain } = createStage();
    await web.up(two);
    fake.failNext("defineDomain", lost(), "after");
    expect(await web.up(three)).toMatchObject({ did: "failed" });
    expect((await domain()).defined.disks).toHaveLength(3);
    expect(fake.hasFile(more)).toBe(true);
    expect(await web.up(three)).toMatchObject({ did: "update", initErrors: [] });
    await web.destroy();
    expect(fake.hasFile(more)).toBe(false);
  });

  test("a definition that was lost on its way leaves no volume", async () => {
    const { web, fake } = createStage();
    await web.up(two);
    fake.failNext("defineDomain", lost());
    expect(await web.up(three)).toMatchObject({ did: "failed" });
    expect(fake.hasFile(more)).toBe(false);
  });

  test("a machine that is gone is an error that says what to do", async () => {
    const { web, fake, domain } = createStage();
    await web.up(two);
    fake.guestStops("web");
    await fake.undefineDomain((await domain()).uuid);
    expect(await web.up(three)).toMatchObject({ did: "failed", error: { message: expect.stringContaining("pulumi refresh") as string } });
  });

  test("a start that fails after a change is told, with the new definition in place", async () => {
    const { web, fake, domain } = createStage();
    await web.up(program({ power: "stopped" }));
    fake.failNext("startDomain", refusal("no memory"));
    expect(await web.up(program({ description: "x" }))).toMatchObject({
      did: "update",
      initErrors: [expect.stringContaining("no memory") as string],
    });
    expect((await domain()).defined.description).toBe("x");
    expect(await web.up(program({ description: "x" }))).toMatchObject({ did: "update", initErrors: [] });
    expect(await domain()).toMatchObject({ state: "running" });
  });

  test("a volume that cannot be deleted is told, and tried again by the next up", async () => {
    const { web, fake } = createStage();
    await web.up(two);
    fake.failNext("deleteVolume", refusal("busy"));
    const asked = program({ disks: { root }, applyChanges: "restart" });
    const up = await web.up(asked);
    expect(up).toMatchObject({ did: "update", initErrors: [] });
    expect(
      up.log
        .filter(({ level }) => level === "warn")
        .map(({ message }) => message)
        .join(),
    ).toContain("busy");
    expect(fake.hasFile(files[1]!)).toBe(true);
    expect(await web.up(asked)).toMatchObject({ did: "update", changes: ["pendingChanges"] });
    expect(fake.hasFile(files[1]!)).toBe(false);
  });
});
