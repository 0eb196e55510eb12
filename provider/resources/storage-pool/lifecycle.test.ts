// Lifecycle scripts of StoragePool on the fake host.
import { HostConnectionError, HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import type { Values } from "../resource";
import { createPoolStage, dir, leastPrograms } from "../../testing/pool-stage";
import { poolSecretUuid } from "./pool-request";

const lost = new HostConnectionError("test:///fake", "gone", { doing: "calling", what: "the fake" });
const refused = new HostError(hostErrorCodes.internalError, "no", { doing: "calling", what: "the fake" });
const secretUuid = poolSecretUuid("images");

describe.each(Object.entries(leastPrograms))("%s", (_, program: Values) => {
  test("goes up, stays the same, is read as it is, taken over, and goes", async () => {
    const { pool, fake, newDriver } = createPoolStage();
    expect(await pool.preview(program)).toMatchObject({ did: "create", problems: [] });
    expect(fake.writes).toEqual([]);
    expect(await pool.up(program)).toMatchObject({ did: "create", initErrors: [] });
    const record = await fake.findPool("images");
    expect(record).toMatchObject({ active: true, autostart: true });
    expect(pool.now).toMatchObject({ id: record?.uuid, state: { uuid: record?.uuid, capacity: "100GiB" } });
    fake.clearLog();

    expect(await pool.up(program)).toMatchObject({ did: "same" });
    expect(await pool.up(program, { force: true })).toMatchObject({ did: "update" });
    await pool.refresh();
    expect(pool.now.inputs).toMatchObject(program);
    expect(await pool.up(program)).toMatchObject({ did: "same" });
    for (const id of ["images", record?.uuid ?? ""]) {
      const other = newDriver();
      expect(await other.import(id)).toMatchObject({ did: "import", problems: [], changes: [] });
      expect(other.now.id).toBe(record?.uuid);
    }
    expect(fake.writes).toEqual([]);
    expect(fake.calls).not.toContain("refreshPool");

    expect(await pool.destroy()).toMatchObject({ did: "delete" });
    expect(await fake.findPool("images")).toBeUndefined();
    expect(await fake.findSecret(secretUuid)).toBeUndefined();
    expect(await pool.destroy()).toMatchObject({ did: "delete" });
  });
});

describe("create", () => {
  test("makes the folder with its permissions, and keeps quiet about the rest", async () => {
    const { pool, fake } = createPoolStage();
    const program = dir({ target: { path: "/srv//images/", permissions: { mode: "750", owner: 7 } } });
    const { state } = await pool.up(program);
    expect(fake.folder("/srv/images")).toEqual({ mode: 0o750, owner: 7, group: 0 });
    expect(state).toMatchObject({ path: "/srv/images" });
    await pool.refresh();
    expect(await pool.up(program)).toMatchObject({ did: "same" });
  });

  test("a name that is taken is refused, with the import that takes it over", async () => {
    const { pool, fake } = createPoolStage();
    fake.addPool({ name: "images", path: "/pools/images" });
    expect(await pool.up(dir())).toMatchObject({
      did: "refused",
      problems: [{ path: "name", reason: expect.stringContaining("pulumi import kvm:index:StoragePool … images") as string }],
    });
    expect(fake.writes).toEqual([]);
  });

  test("storage that another pool has is refused, and nothing is left", async () => {
    const { pool, fake } = createPoolStage();
    fake.addPool({ name: "other", path: "/srv/images" });
    const { did, error } = await pool.up(dir());
    expect([did, error?.message]).toEqual([
      "failed",
      expect.stringMatching(/conflict with pool: 'other'.*Another pool is on that storage/),
    ]);
    expect(await fake.listPools()).toHaveLength(1);
  });

  test.each([
    { because: "the folder cannot be made", verb: "buildPool" },
    { because: "the storage does not start", verb: "startPool" },
    { because: "autostart fails", verb: "setPoolAutostart" },
  ] as const)("$because: nothing is left", async ({ verb }) => {
    const { pool, fake } = createPoolStage();
    fake.failNext(verb, refused);
    expect(await pool.up(leastPrograms.dir)).toMatchObject({ did: "failed" });
    expect(pool.resource).toBeUndefined();
    expect(await fake.listPools()).toEqual([]);
    expect(await pool.up(leastPrograms.dir)).toMatchObject({ did: "create" });
  });

  test("a password goes with the pool that could not be made", async () => {
    const { pool, fake } = createPoolStage();
    fake.failNext("startPool", refused);
    const { error } = await pool.up(leastPrograms.rbd);
    expect(error?.message).toMatch(/Check the monitors/);
    expect([await fake.listPools(), await fake.findSecret(secretUuid)]).toEqual([[], undefined]);
  });

  test.each(["before", "after"] as const)("an answer to the definition that is lost %s it was done leaves nothing", async (when) => {
    const { pool, fake } = createPoolStage();
    fake.failNext("definePool", lost, when);
    expect(await pool.up(dir())).toMatchObject({ did: "failed" });
    expect(await fake.listPools()).toEqual([]);
  });

  test("what cannot be cleared away is kept, and the next run goes on with it", async () => {
    const { pool, fake } = createPoolStage();
    fake.failNext("startPool", refused);
    fake.failNext("undefinePool", lost);
    const { did, initErrors } = await pool.up(dir());
    expect([did, initErrors]).toEqual(["create", [expect.stringContaining("no"), expect.stringContaining("could not be cleared away")]]);
    expect(await pool.up(dir())).toMatchObject({ did: "update", initErrors: [] });
    expect(await fake.findPool("images")).toMatchObject({ active: true, autostart: true });
  });

  test("a cancelled create clears away what it made", async () => {
    const { pool, fake } = createPoolStage();
    const abort = new AbortController();
    const hold = fake.holdNext("startPool");
    const going = pool.up(dir(), { signal: abort.signal, skipPreview: true });
    await hold.reached;
    abort.abort();
    expect(await going).toMatchObject({ did: "failed", error: { name: "CancelledError" } });
    expect(await fake.listPools()).toEqual([]);
  });
});

describe("devices", () => {
  const fs = (more: Values = {}): Values => ({
    name: "images",
    type: "fs",
    target: { path: "/srv/fs" },
    source: { devices: ["/dev/vdb"], format: "xfs" },
    ...more,
  });

  test("are never written to unless that is asked", async () => {
    const { pool, fake } = createPoolStage();
    const { error } = await pool.up(fs());
    expect(error?.message).toMatch(/`build: true` makes one on an empty device/);
    expect(fake.deviceContent("/dev/vdb")).toBe("");
    expect(await fake.listPools()).toEqual([]);
  });

  test("are built on when empty", async () => {
    const { pool, fake } = createPoolStage();
    const step = await pool.up(fs({ build: true }));
    expect(step).toMatchObject({ did: "create", initErrors: [] });
    expect(step.log).toContainEqual({ level: "status", message: "making a file system on /dev/vdb" });
    expect(fake.deviceContent("/dev/vdb")).toBe("xfs");
  });

  test("that hold something are left as they are, and overwritten only when that is asked too", async () => {
    const { pool, fake } = createPoolStage();
    const program = fs({ source: { devices: ["/dev/full"], format: "xfs" }, build: true });
    const { error } = await pool.up(program);
    expect(error?.message).toMatch(/already formatted.*Nothing was written.*leave `build` out; to lose it, set `overwrite: true`/);
    expect([fake.deviceContent("/dev/full"), await fake.listPools()]).toEqual(["ext4", []]);
    expect(await pool.up({ ...program, overwrite: true })).toMatchObject({ did: "create", initErrors: [] });
    expect(fake.deviceContent("/dev/full")).toBe("xfs");
  });

  test("that were built on keep their pool when it does not start: the next run goes on", async () => {
    const { pool, fake } = createPoolStage();
    fake.failNext("startPool", refused);
    const program = fs({ build: true });
    expect(await pool.up(program)).toMatchObject({ did: "create", initErrors: [expect.stringContaining("no") as string] });
    expect(await pool.up(program)).toMatchObject({ did: "update", initErrors: [] });
    expect(await fake.findPool("images")).toMatchObject({ active: true, autostart: true });
  });
});

describe("update", () => {
  test.each([
    { because: "autostart", news: { autostart: false }, changes: ["autostart"], writes: ["setPoolAutostart"] },
    { because: "not started", news: { active: false }, changes: ["active"], writes: ["stopPool"] },
    {
      because: "a new mode, which takes a stop",
      news: { target: { path: "/srv/images", permissions: { mode: "0755" } } },
      changes: ["target.permissions.mode"],
      writes: ["definePool", "stopPool", "buildPool", "startPool"],
    },
    { because: "a wish for later", news: { deleteContent: true }, changes: ["deleteContent"], writes: [] },
    { because: "what is heard at create only", news: { build: true }, changes: ["build"], writes: [] },
    { because: "the same path, written otherwise", news: { target: { path: "/srv/images//" } }, changes: [], writes: [] },
  ])("$because: in place, and twice is nothing", async ({ news, changes, writes }) => {
    const { pool, fake } = createPoolStage();
    await pool.up(dir());
    const { id } = pool.now;
    fake.clearLog();
    expect(await pool.up(dir(news))).toMatchObject({ changes });
    expect(fake.writes.map((write) => write.split(" ")[0])).toEqual(writes);
    expect(pool.now.id).toBe(id);
    fake.clearLog();
    expect(await pool.up(dir(news), { force: true })).toMatchObject({ did: "update", changes: [] });
    expect(fake.writes).toEqual([]);
  });

  test("a folder that cannot be given its permissions leaves the pool active", async () => {
    const { pool, fake } = createPoolStage();
    await pool.up(dir());
    fake.failNext("buildPool", refused);
    const news = dir({ target: { path: "/srv/images", permissions: { mode: "0755" } } });
    expect(await pool.up(news)).toMatchObject({ did: "failed" });
    expect(await fake.findPool("images")).toMatchObject({ active: true });
    expect(await pool.up(news)).toMatchObject({ did: "update" });
    expect(fake.folder("/srv/images")).toMatchObject({ mode: 0o755 });
  });

  test("monitors, user and key of a Ceph pool change in place; the key is in no definition", async () => {
    const { pool, fake } = createPoolStage();
    await pool.up(leastPrograms.rbd);
    const source = { hosts: [{ name: "mon3" }], name: "vms", auth: { username: "other", key: "RUZHSA==" } };
    expect(await pool.up({ ...leastPrograms.rbd, source })).toMatchObject({
      did: "update",
      changes: ["source.hosts", "source.auth.username", "source.auth.key"],
    });
    const record = await fake.findPool("images");
    expect(record?.xml).toMatch(/mon3[^]*username="other"/);
    expect(record?.xml).not.toMatch(/mon1|RUZHSA/);
    expect(fake.secretValue(secretUuid)).toBe("EFGH");
    const { auth, ...open } = source;
    expect(await pool.up({ ...leastPrograms.rbd, source: open })).toMatchObject({ did: "update" });
    expect(auth).toBeDefined();
    expect(await fake.findSecret(secretUuid)).toBeUndefined();
  });

  test.each([
    { because: "a name", news: { name: "other" }, field: "name", writes: ["stopPool", "undefinePool", "definePool"] },
    {
      because: "a folder",
      news: { target: { path: "/srv/other" } },
      field: "target.path",
      writes: ["stopPool", "undefinePool", "definePool"],
    },
    {
      because: "both: the new one may come first",
      news: { name: "other", target: { path: "/srv/other" } },
      field: "name",
      writes: ["definePool", "stopPool", "undefinePool"],
    },
  ])("$because replaces the pool, says why, and leaves the content", async ({ news, field, writes }) => {
    const { pool, fake } = createPoolStage();
    await pool.up(dir());
    fake.addFile({ path: "/srv/images/a.img" });
    fake.clearLog();
    const step = await pool.up(dir(news));
    expect(step.did).toBe("replace");
    const said = expect.stringMatching(new RegExp(`^${field}: a change replaces the pool, as .* stays where it is`)) as string;
    expect(step.log).toContainEqual({ level: "warn", message: said });
    const order = fake.writes.map((write) => write.split(" ")[0] ?? "").filter((verb) => writes.includes(verb));
    expect(order).toEqual(writes);
    expect(fake.hasFile("/srv/images/a.img")).toBe(true);
  });
});
