// What goes and what stays when a machine is deleted, and what an earlier run that was killed left behind.
import { hostname } from "node:os";
import { createStage, program, type Stage } from "../../testing/machine-stage";

const root = { pool: "ram", size: "1GiB" };
const volume = "/pools/ram/web-root.qcow2";
const verbs = (writes: readonly string[]) => writes.map((write) => write.split(" ")[0]);

describe("delete", () => {
  test("stops the machine in good order, undefines it and deletes its volumes", async () => {
    const { web, fake } = createStage();
    await web.up(program());
    fake.clearLog();
    expect(await web.destroy()).toMatchObject({ did: "delete" });
    expect(verbs(fake.writes)).toEqual(["requestShutdown", "undefineDomain", "deleteVolume"]);
    expect(await fake.listDomains()).toEqual([]);
    expect(fake.hasFile(volume)).toBe(false);
  });

  test.each(["paused", "stopped"])("a %s machine goes too", async (power) => {
    const { web, fake } = createStage();
    await web.up(program({ power }));
    expect(await web.destroy()).toMatchObject({ did: "delete" });
    expect(await fake.listDomains()).toEqual([]);
  });

  test("a saved machine goes with its image", async () => {
    const { web, fake } = createStage();
    await web.up(program());
    await fake.saveDomain(web.now.id);
    expect(await web.destroy()).toMatchObject({ did: "delete" });
    expect(await fake.listDomains()).toEqual([]);
  });

  test("a deaf guest is ended when its time is over", async () => {
    const { web, fake } = createStage();
    await web.up(program({ shutdownTimeoutSeconds: 1 }));
    fake.ignoreShutdown("web");
    expect(await web.destroy()).toMatchObject({ did: "delete" });
    expect(await fake.listDomains()).toEqual([]);
  });

  test("keeps what is to be kept, and says so", async () => {
    const { web, fake } = createStage();
    await web.up(program({ disks: { root: { ...root, keepOnDelete: true }, data: root } }));
    const gone = await web.destroy();
    expect(fake.hasFile(volume)).toBe(true);
    expect(fake.hasFile("/pools/ram/web-data.qcow2")).toBe(false);
    expect(gone.log.map(({ message }) => message).join()).toContain(`${volume} is kept`);
  });

  test.each([
    { because: "all of it is gone already", keepVolume: false },
    { because: "the machine alone is gone", keepVolume: true },
  ])("succeeds: $because", async ({ keepVolume }) => {
    const { web, fake } = createStage();
    await web.up(program());
    fake.guestStops("web");
    await fake.undefineDomain(web.now.id);
    if (!keepVolume) await fake.deleteVolume({ path: volume });
    expect(await web.destroy()).toMatchObject({ did: "delete" });
    expect(fake.hasFile(volume)).toBe(false);
  });

  test("an existing file is never deleted", async () => {
    const { web, fake } = createStage();
    fake.addFile({ path: "/pools/fast/mine.qcow2" });
    await web.up(program({ disks: { root: { file: "/pools/fast/mine.qcow2" } } }));
    await web.destroy();
    expect(fake.hasFile("/pools/fast/mine.qcow2")).toBe(true);
  });

  test("a volume that was there before is used, warned about and kept", async () => {
    const { web, fake } = createStage();
    fake.addFile({ path: volume, capacityBytes: 10 * 2 ** 30 });
    const up = await web.up(program());
    expect(up).toMatchObject({ did: "create", initErrors: [] });
    expect(
      up.log
        .filter(({ level }) => level === "warn")
        .map(({ message }) => message)
        .join(),
    ).toMatch(/disks\.root.*is there already/);
    expect(web.now.state).toMatchObject({ volumes: {} });
    await web.destroy();
    expect(fake.hasFile(volume)).toBe(true);
  });

  test.each([
    { because: "it has another format", file: { format: "raw", capacityBytes: 10 * 2 ** 30 }, path: "disks.root.format" },
    { because: "it is larger", file: { capacityBytes: 20 * 2 ** 30 }, path: "disks.root.size" },
  ] as const)("a volume that was there before is refused: $because", async ({ file, path }) => {
    const { web, fake } = createStage();
    fake.addFile({ path: volume, ...file });
    fake.clearLog();
    expect(await web.up(program())).toMatchObject({ did: "refused", problems: [{ path }] });
    expect(fake.writes).toEqual([]);
  });
});

describe("what a killed run left", () => {
  /** A machine in the middle of being made by the process, with its volume. */
  const halfMade = async ({ web, edit }: Stage, maker: { hostname: string; pid: number; since: string }) => {
    await web.up(program());
    await edit((xml) =>
      xml
        .replace('phase="ready"', 'phase="creating"')
        .replace("</kvm:urn>", `</kvm:urn><kvm:maker hostname="${maker.hostname}" pid="${maker.pid}" since="${maker.since}"/>`),
    );
  };
  /** Another process, and so another connection. */
  const nextRun = (stage: Stage, name = "web") => stage.newDriver({ libvirt: stage.fake.openAnother(), name });
  const hour = 3_600_000;
  const since = (msAgo: number) => new Date(Date.now() - msAgo).toISOString();
  // The largest pid of a 64-bit Linux is one less.
  const deadPid = 4_194_305;

  test.each([
    { because: "its maker is dead", maker: { hostname: hostname(), pid: deadPid, since: since(0) } },
    { because: "its maker was on another host, long ago", maker: { hostname: "elsewhere", pid: 1, since: since(hour) } },
  ])("is cleared away before the machine is made anew: $because", async ({ maker }) => {
    const stage = createStage();
    await halfMade(stage, maker);
    const { uuid } = await stage.domain();
    const again = await nextRun(stage).up(program());
    expect(again).toMatchObject({ did: "create", initErrors: [] });
    expect(again.log.map(({ message }) => message).join()).toContain("clearing away web");
    expect(await stage.fake.listDomains()).toHaveLength(1);
    expect((await stage.domain()).uuid).not.toBe(uuid);
    expect(again.state).toMatchObject({ volumes: { root: { path: volume } } });
    expect(again.log.map(({ message }) => message).join()).not.toContain("is there already");
  });

  test.each([
    { because: "its maker lives here", maker: { hostname: hostname(), pid: process.ppid, since: since(hour) } },
    { because: "its maker may live on another host", maker: { hostname: "elsewhere", pid: 1, since: since(60_000) } },
  ])("is left alone and told of: $because", async ({ maker }) => {
    const stage = createStage();
    await halfMade(stage, maker);
    stage.fake.clearLog();
    const again = await nextRun(stage).up(program());
    expect(again).toMatchObject({
      did: "refused",
      problems: [{ path: "name", reason: expect.stringContaining(String(maker.pid)) as string }],
    });
    expect(stage.fake.writes).toEqual([]);
  });

  test("of another resource is none of ours", async () => {
    const stage = createStage();
    await halfMade(stage, { hostname: hostname(), pid: deadPid, since: since(0) });
    expect(await nextRun(stage, "other").up(program({ name: "other" }))).toMatchObject({ did: "create" });
    expect((await stage.fake.listDomains()).map(({ name }) => name).sort()).toEqual(["other", "web"]);
  });
});
