// Changes that a running machine does not take live: when they are applied, what is refused, and how a failed resume is mended.
import { HostConnectionError, HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { createStage, program, withCache } from "../../testing/machine-stage";

const running = async (stage: ReturnType<typeof createStage>, cache = "none", overrides = {}) => {
  await stage.web.up(withCache(cache, overrides));
  const { id } = await stage.domain();
  stage.fake.clearLog();
  return id;
};
const said = (log: readonly { message: string }[]) => log.map(({ message }) => message).join("\n");
const verbs = (writes: readonly string[]) => writes.map((write) => write.split(" ")[0]);

test("nextBoot: defined now, told as pending, running from the next cold start on", async () => {
  const stage = createStage();
  const { web, domain, fake } = stage;
  const id = await running(stage);
  expect(said((await web.preview(withCache("writeback"))).log)).toContain("none => writeback: at the next cold start");
  const up = await web.up(withCache("writeback"));
  expect(up).toMatchObject({ did: "update", changes: ["effectiveDisks.root.cache", "effectiveDisks.root.reason"], initErrors: [] });
  expect(verbs(fake.writes)).toEqual(["defineDomain"]);
  expect((await domain()).id).toBe(id);
  expect(web.now.state).toMatchObject({
    effectiveDisks: { root: { cache: "writeback" } },
    runningDisks: { root: { cache: "none" } },
    restartPending: true,
    pendingChanges: ["disks.root.cache: none => writeback"],
  });
  expect(said(up.log)).toContain("waits for the next cold start of web: disks.root.cache: none => writeback");
  expect(await web.up(withCache("writeback"))).toMatchObject({ did: "same" });

  await stage.coldStart();
  await web.refresh();
  expect(web.now.state).toMatchObject({ restartPending: false, pendingChanges: [], runningDisks: { root: { cache: "writeback" } } });
  expect(await web.up(withCache("writeback"))).toMatchObject({ did: "same" });
});

test("suspend: the guest goes on with the new mode", async () => {
  const stage = createStage();
  const { web, domain, fake } = stage;
  await running(stage);
  const asked = withCache("writeback", { applyChanges: "suspend" });
  expect(said((await web.preview(asked)).log)).toContain("by save and restore");
  expect(await web.up(asked)).toMatchObject({ did: "update", initErrors: [] });
  expect(verbs(fake.writes)).toEqual(["defineDomain", "saveDomain", "redefineSaved", "startDomain"]);
  expect(await domain()).toMatchObject({ state: "running", saved: false });
  expect(web.now.state).toMatchObject({ restartPending: false, pendingChanges: [], runningDisks: { root: { cache: "writeback" } } });
});

test("suspend of a paused machine leaves it paused all the time", async () => {
  const stage = createStage();
  const { web, domain, fake } = stage;
  await running(stage, "none", { power: "paused" });
  expect(await web.up(withCache("writeback", { power: "paused", applyChanges: "suspend" }))).toMatchObject({
    did: "update",
    initErrors: [],
  });
  expect(await domain()).toMatchObject({ state: "paused" });
  expect(verbs(fake.writes)).not.toContain("pauseDomain");
});

test("restart: a graceful stop, then a start", async () => {
  const stage = createStage();
  const { web, domain, fake } = stage;
  const id = await running(stage);
  const asked = withCache("writeback", { applyChanges: "restart" });
  expect(said((await web.preview(asked)).log)).toContain("by a restart");
  expect(await web.up(asked)).toMatchObject({ did: "update", initErrors: [] });
  expect(verbs(fake.writes)).toEqual(["defineDomain", "requestShutdown", "startDomain"]);
  expect((await domain()).id).not.toBe(id);
  expect(web.now.state).toMatchObject({ restartPending: false, runningDisks: { root: { cache: "writeback" } } });
});

test("restart of a paused machine: it is paused again afterwards", async () => {
  const stage = createStage();
  const { web, domain } = stage;
  await running(stage, "none", { power: "paused" });
  expect(await web.up(withCache("writeback", { power: "paused", applyChanges: "restart" }))).toMatchObject({
    did: "update",
    initErrors: [],
  });
  expect(await domain()).toMatchObject({ state: "paused" });
});

test("refuse: at preview and at apply, and nothing is written", async () => {
  const stage = createStage();
  const { web, fake } = stage;
  await running(stage);
  const asked = withCache("writeback", { applyChanges: "refuse" });
  expect(await web.preview(asked)).toMatchObject({ did: "refused", problems: [{ path: "disks.root.cache" }] });
  expect(await web.up(asked, { skipPreview: true })).toMatchObject({ did: "refused", problems: [{ path: "disks.root.cache" }] });
  expect(fake.writes).toEqual([]);
});

test.each(["writeback", "none", "unsafe"])("suspend from writethrough to %s is refused: the guest would not flush", async (cache) => {
  const stage = createStage();
  const { web, fake } = stage;
  await running(stage, "writethrough");
  const asked = withCache(cache, { applyChanges: "suspend" });
  const preview = await web.preview(asked);
  expect(preview).toMatchObject({ did: "refused", problems: [{ path: "disks.root.cache" }] });
  expect(preview.problems[0]?.reason).toMatch(/write cache.*restart.*nextBoot/s);
  expect(await web.up(asked, { skipPreview: true })).toMatchObject({ did: "refused", problems: preview.problems });
  expect(fake.writes).toEqual([]);
});

test("what the running guest has counts, not what was defined since", async () => {
  const stage = createStage();
  const { web, fake } = stage;
  await running(stage, "writethrough");
  await web.up(withCache("writeback"));
  fake.clearLog();
  const asked = withCache("none", { applyChanges: "suspend" });
  expect(await web.preview(asked)).toMatchObject({ did: "refused" });
  expect(await web.up(asked, { skipPreview: true })).toMatchObject({ did: "refused" });
  expect(fake.writes).toEqual([]);
});

test("a stopped machine takes everything with its definition, even with refuse", async () => {
  const { web, domain } = createStage();
  await web.up(withCache("writethrough", { power: "stopped" }));
  expect(await web.up(withCache("writeback", { power: "stopped", applyChanges: "refuse", machine: "q35" }))).toMatchObject({
    did: "update",
  });
  expect((await domain()).defined.disks[0]).toMatchObject({ cache: "writeback" });
});

test("a machine that is stopped and started by the same update starts with the new definition", async () => {
  const { web, fake, domain } = createStage();
  await web.up(withCache("none"));
  fake.guestStops("web");
  await web.refresh();
  expect(await web.up(withCache("writeback"))).toMatchObject({ did: "update", initErrors: [] });
  expect((await domain()).running?.disks[0]).toMatchObject({ cache: "writeback" });
  expect(web.now.state).toMatchObject({ restartPending: false });
});

describe("what waits", () => {
  test.each(["suspend", "restart"])("is due as soon as the program asks for %s", async (applyChanges) => {
    const stage = createStage();
    const { web } = stage;
    await running(stage);
    await web.up(withCache("writeback"));
    expect(await web.up(withCache("writeback", { applyChanges }))).toMatchObject({
      did: "update",
      changes: ["restartPending"],
      initErrors: [],
    });
    expect(web.now.state).toMatchObject({ restartPending: false, runningDisks: { root: { cache: "writeback" } } });
    expect(await web.up(withCache("writeback", { applyChanges }))).toMatchObject({ did: "same" });
  });

  test("is a machine that lies saved, too", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    await running(stage);
    await fake.saveDomain((await domain()).uuid);
    await web.refresh();
    expect(await web.up(withCache("writeback", { applyChanges: "suspend" }))).toMatchObject({ did: "update", initErrors: [] });
    expect(await domain()).toMatchObject({ state: "running", saved: false });
    expect((await domain()).running?.disks[0]).toMatchObject({ cache: "writeback" });
  });

  test("a saved machine restarts in good order", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    await running(stage);
    await fake.saveDomain((await domain()).uuid);
    await web.refresh();
    expect(await web.up(withCache("writeback", { applyChanges: "restart" }))).toMatchObject({ did: "update", initErrors: [] });
    expect((await domain()).running?.disks[0]).toMatchObject({ cache: "writeback" });
  });
});

describe("a resume that fails", () => {
  const refusal = new HostError(hostErrorCodes.internalError, "cannot restore", { doing: "starting", what: "web" });
  const asked = withCache("writeback", { applyChanges: "suspend" });

  test("is brought back with the old definition and told; the next up mends it", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    await running(stage);
    fake.failNext("startDomain", refusal);
    const up = await web.up(asked);
    expect(up).toMatchObject({ did: "update", initErrors: [expect.stringContaining("brought back") as string] });
    expect(up.initErrors[0]).toContain("cannot restore");
    expect(up.initErrors[0]).not.toContain("could not be started");
    expect(await domain()).toMatchObject({ state: "running", saved: false });
    expect((await domain()).running?.disks[0]).toMatchObject({ cache: "none" });
    expect(web.now.state).toMatchObject({ restartPending: true, runningDisks: { root: { cache: "none" } } });

    expect(await web.up(asked)).toMatchObject({ did: "update", initErrors: [] });
    expect((await domain()).running?.disks[0]).toMatchObject({ cache: "writeback" });
    expect(await web.up(asked)).toMatchObject({ did: "same" });
  });

  test("is mended after a refresh as well, which forgets the init failure", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    await running(stage);
    fake.failNext("startDomain", refusal);
    await web.up(asked);
    await web.refresh();
    expect(await web.up(asked)).toMatchObject({ did: "update", changes: ["restartPending"], initErrors: [] });
    expect((await domain()).running?.disks[0]).toMatchObject({ cache: "writeback" });
  });

  test("on storage without direct I/O is told in words that help", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    await running(stage, "writeback");
    fake.setDirectIo("/pools/fast", false);
    const up = await web.up(withCache("none", { applyChanges: "suspend" }));
    expect(up.initErrors[0]).toMatch(/O_DIRECT.*disks\.root.*brought back|brought back.*O_DIRECT.*disks\.root/s);
    expect((await domain()).running?.disks[0]).toMatchObject({ cache: "writeback" });
  });

  test("and cannot be brought back either: the guest lies saved, and both failures are told", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    await running(stage);
    fake.failNext("startDomain", refusal);
    fake.failNext("startDomain", new HostError(hostErrorCodes.internalError, "nor that", { doing: "starting", what: "web" }));
    const up = await web.up(asked);
    expect(up.initErrors[0]).toMatch(/cannot restore.*saved.*nor that|saved.*cannot restore.*nor that/s);
    expect(await domain()).toMatchObject({ state: "stopped", saved: true });
    expect(await web.up(asked)).toMatchObject({ did: "update", initErrors: [] });
    expect((await domain()).running?.disks[0]).toMatchObject({ cache: "writeback" });
  });

  test("a save that fails leaves the guest running as it was", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    const id = await running(stage);
    fake.failNext("saveDomain", new HostConnectionError("test:///fake", "lost", { doing: "saving", what: "web" }));
    expect(await web.up(asked)).toMatchObject({ did: "update", initErrors: [expect.stringContaining("lost") as string] });
    expect((await domain()).id).toBe(id);
  });
});

describe("a change that only a restart makes", () => {
  test.each([
    { because: "the machine type", overrides: { machine: "q35" }, path: "machine" },
    { because: "the CPU mode", overrides: { cpuMode: "host-passthrough" }, path: "cpuMode" },
    { because: "the accelerator", overrides: { accelerator: "qemu" }, path: "accelerator" },
    { because: "direct boot", overrides: { directBoot: { kernel: "/boot/vmlinuz" } }, path: "directBoot" },
    { because: "the serial port", overrides: { serial: { file: "/var/log/web" } }, path: "serial" },
    { because: "the display", overrides: { graphics: "vnc" }, path: "graphics" },
    { because: "the video device", overrides: { video: "vga" }, path: "video" },
    { because: "more CPUs than there are slots", overrides: { cpus: 4 }, path: "maxCpus" },
    { because: "more CPU slots", overrides: { maxCpus: 4 }, path: "maxCpus" },
    { because: "more memory than the machine was laid out for", overrides: { memory: "2GiB" }, path: "maxMemory" },
    { because: "a larger most memory", overrides: { maxMemory: "4GiB" }, path: "maxMemory" },
    {
      because: "the disk's bus",
      overrides: { disks: { root: { pool: "fast", size: "10GiB", cache: "none", bus: "sata" } } },
      path: "disks.root.bus",
    },
    {
      because: "the disk's serial",
      overrides: { disks: { root: { pool: "fast", size: "10GiB", cache: "none", serial: "S" } } },
      path: "disks.root.serial",
    },
    {
      because: "the boot order",
      overrides: { disks: { root: { pool: "fast", size: "10GiB", cache: "none", bootOrder: 1 } } },
      path: "disks.root.bootOrder",
    },
  ])(
    "waits with nextBoot, is refused alike at preview and apply with suspend, and made with restart: $because",
    async ({ overrides, path }) => {
      const waiting = createStage();
      await running(waiting);
      const { id } = await waiting.domain();
      expect(await waiting.web.up(withCache("none", overrides))).toMatchObject({ did: "update", initErrors: [] });
      expect((await waiting.domain()).id).toBe(id);
      expect((waiting.web.now.state["pendingChanges"] as string[]).join()).toContain(path);
      await waiting.coldStart();
      await waiting.web.refresh();
      expect(waiting.web.now.state).toMatchObject({ restartPending: false });
      expect(await waiting.web.up(withCache("none", overrides))).toMatchObject({ did: "same" });

      const suspending = createStage();
      await running(suspending);
      const asked = withCache("none", { ...overrides, applyChanges: "suspend" });
      const preview = await suspending.web.preview(asked);
      expect(preview.problems.map((problem) => problem.path)).toContain(path);
      const apply = await suspending.web.up(asked, { skipPreview: true });
      expect(apply.problems.map((problem) => problem.path)).toContain(path);
      expect(suspending.fake.writes).toEqual([]);

      const restarting = createStage();
      await running(restarting);
      expect(await restarting.web.up(withCache("none", { ...overrides, applyChanges: "restart" }))).toMatchObject({
        did: "update",
        initErrors: [],
      });
      expect(restarting.web.now.state).toMatchObject({ restartPending: false, pendingChanges: [] });
    },
  );

  test("another bus moves the disk to a target of that bus, and nothing is plugged twice", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    await running(stage);
    await web.up(withCache("none", { disks: { root: { pool: "fast", size: "10GiB", cache: "none", bus: "sata" } } }));
    expect((await domain()).defined.disks).toMatchObject([{ key: "root", target: "sda", bus: "sata" }]);
    expect(verbs(fake.writes)).toEqual(["defineDomain"]);
    expect(web.now.state).toMatchObject({ effectiveDisks: { root: { target: "sda" } }, runningDisks: { root: { target: "vda" } } });
  });

  test.each([
    { because: "another word for the same machine", overrides: { machine: "pc" } },
    { because: "auto where KVM runs", overrides: { accelerator: "kvm" } },
    {
      because: "the format that the volume has",
      overrides: { disks: { root: { pool: "fast", size: "10240MiB", cache: "none", format: "qcow2" } } },
    },
    {
      because: "defaults spelled out",
      overrides: { disks: { root: { pool: "fast", size: "10GiB", cache: "none", bus: "virtio", device: "disk", shareable: false } } },
    },
    {
      because: "the volume's own name",
      overrides: { disks: { root: { pool: "fast", size: "10GiB", cache: "none", volume: "web-root.qcow2" } } },
    },
  ])("does not come from spelling out what there is: $because", async ({ overrides }) => {
    const stage = createStage();
    const { web } = stage;
    await running(stage, "none", { machine: "pc-i440fx-7.2" });
    const up = await web.up(withCache("none", { machine: "pc-i440fx-7.2", ...overrides, applyChanges: "refuse" }));
    expect(up).toMatchObject({ problems: [], initErrors: [] });
    expect(web.now.state).toMatchObject({ restartPending: false });
  });
});

test("the same program with another applyChanges alone is no change", async () => {
  const stage = createStage();
  await running(stage);
  expect(await stage.web.up(program({ disks: withCache("none")["disks"]!, applyChanges: "suspend" }))).toMatchObject({ did: "same" });
});
