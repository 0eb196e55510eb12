// A machine's plain life: made, asked for again, renamed, replaced, removed.
import { createStage, program } from "../../testing/machine-stage";

const effective = (state: unknown, key = "root") =>
  (state as { effectiveDisks: Record<string, Record<string, unknown>> }).effectiveDisks[key];

test("create makes the volume and the machine, and starts it", async () => {
  const { web, domain, fake } = createStage();
  const up = await web.up(program());
  expect(up).toMatchObject({ did: "create", initErrors: [] });
  const machine = await domain();
  expect(machine).toMatchObject({ state: "running", autostart: false, defined: { metadata: { phase: "ready", urn: web.urn } } });
  expect(machine.defined.metadata?.maker).toBeUndefined();
  expect(web.now.id).toBe(machine.uuid);
  expect(up.state).toMatchObject({
    uuid: machine.uuid,
    domainType: "kvm",
    restartPending: false,
    pendingChanges: [],
    runningDisks: { root: { target: "vda", path: "/pools/ram/web-root.qcow2", cache: "writeback" } },
    volumes: { root: { pool: "ram", name: "web-root.qcow2", path: "/pools/ram/web-root.qcow2" } },
  });
  expect(fake.hasFile("/pools/ram/web-root.qcow2")).toBe(true);
});

test("a preview of a create touches nothing, and shows the plan with what only the host gives as unknown", async () => {
  const { web, fake } = createStage();
  const preview = await web.preview(program());
  expect(preview.did).toBe("create");
  expect(effective(preview.state)).toMatchObject({ cache: "writeback", reason: expect.stringContaining("ramfs") as string });
  expect(typeof preview.state?.["uuid"]).toBe("symbol");
  expect(fake.writes).toEqual([]);
});

describe("the same program again", () => {
  test("is no change", async () => {
    const { web, fake } = createStage();
    await web.up(program());
    fake.clearLog();
    expect(await web.up(program())).toMatchObject({ did: "same", problems: [] });
    expect(await web.refresh()).toMatchObject({ did: "refresh" });
    expect(await web.up(program())).toMatchObject({ did: "same" });
    expect(fake.writes).toEqual([]);
  });

  test.each([
    { because: "one disk", inputs: program() },
    { because: "no disks", inputs: program({ disks: {} }) },
    { because: "disks left out", inputs: { name: "web", memory: "1GiB" } },
    {
      because: "everything there is",
      inputs: program({
        description: "a <b> & c",
        cpus: 2,
        maxCpus: 4,
        memory: "512MiB",
        maxMemory: "1GiB",
        machine: "q35",
        cpuMode: "host-passthrough",
        accelerator: "qemu",
        firmware: "bios",
        directBoot: { kernel: "/boot/vmlinuz", initrd: "/boot/initrd", cmdline: "console=ttyS0" },
        serial: { file: "/var/log/web.log" },
        graphics: "vnc",
        video: "vga",
        autostart: true,
        cache: "auto",
        io: "threads",
        disks: {
          root: { pool: "fast", size: "10GiB", format: "raw", preallocation: "full", serial: "ROOT", bootOrder: 1, keepOnDelete: true },
          base: { file: "/pools/fast/base.qcow2", readonly: true },
          media: { device: "cdrom", file: "/pools/ram/media.iso", format: "raw" },
          empty: { device: "cdrom" },
          old: { pool: "ram", size: "1GiB", bus: "scsi", discard: "ignore", detectZeroes: "on" },
        },
      }),
    },
    { because: "a paused machine", inputs: program({ power: "paused" }) },
    { because: "a stopped machine", inputs: program({ power: "stopped" }) },
  ])("writes nothing even when it is forced: $because", async ({ inputs }) => {
    const { web, fake } = createStage();
    fake.addFile({ path: "/pools/fast/base.qcow2" });
    fake.addFile({ path: "/pools/ram/media.iso", format: "raw" });
    expect(await web.up(inputs)).toMatchObject({ did: "create", problems: [], initErrors: [] });
    fake.clearLog();
    expect(await web.up(inputs, { force: true })).toMatchObject({ did: "update", changes: [], initErrors: [] });
    expect(fake.writes).toEqual([]);
    expect(await web.refresh()).toMatchObject({ did: "refresh" });
    expect(await web.up(inputs)).toMatchObject({ did: "same" });
    expect(await web.up(inputs, { force: true })).toMatchObject({ did: "update", initErrors: [] });
    expect(fake.writes).toEqual([]);
  });
});

describe("names", () => {
  const nameless = { memory: "1GiB" };

  test("a name is made once, from the resource's name, and kept over updates and refreshes", async () => {
    const { web } = createStage();
    await web.up(nameless);
    const name = web.now.inputs["name"];
    expect(name).toMatch(/^web-[0-9a-f]{7}$/);
    expect(await web.up({ ...nameless, description: "other" })).toMatchObject({ did: "update", changes: ["description"] });
    await web.refresh();
    expect(await web.up({ ...nameless, description: "other" })).toMatchObject({ did: "same" });
    expect(web.now.inputs["name"]).toBe(name);
  });

  test("the engine's proposal is taken", async () => {
    const { web } = createStage({ driver: { autoName: { proposed: "by-the-engine", mode: "enforce" } } });
    await web.up(nameless);
    expect(web.now.inputs["name"]).toBe("by-the-engine");
  });

  test("where automatic names are disabled, all problems are told together", async () => {
    const { web } = createStage({ driver: { autoName: "disabled" } });
    const up = await web.up({ memory: "1" });
    expect(up.problems.map(({ path }) => path).sort()).toEqual(["memory", "name"]);
  });

  test("a resource's name that libvirt would not take gives a name that it takes", async () => {
    const { newDriver } = createStage();
    const slash = newDriver({ name: "a/b" });
    expect(await slash.up(nameless)).toMatchObject({ did: "create" });
    expect(slash.now.inputs["name"]).toMatch(/^a-b-/);
  });

  test("a fixed name that the host has already is refused, with the way to take that machine over", async () => {
    const { web, fake, newDriver } = createStage();
    await web.up(program());
    fake.clearLog();
    const second = await newDriver({ name: "second" }).up(program());
    expect(second).toMatchObject({
      did: "refused",
      problems: [{ path: "name", reason: expect.stringContaining("pulumi import") as string }],
    });
    expect(fake.writes).toEqual([]);
  });

  test("another name replaces: the new machine is made before the old one goes", async () => {
    const { web, fake } = createStage();
    await web.up(program());
    const before = web.now.id;
    expect(await web.up(program({ name: "other" }))).toMatchObject({ did: "replace", changes: ["name"] });
    expect(web.now.id).not.toBe(before);
    expect((await fake.listDomains()).map(({ name }) => name)).toEqual(["other"]);
    expect(fake.hasFile("/pools/ram/web-root.qcow2")).toBe(false);
    expect(fake.hasFile("/pools/ram/other-root.qcow2")).toBe(true);
  });

  test.each([
    { because: "two machines would write one image", disk: { file: "/pools/fast/own.qcow2" }, first: true },
    {
      because: "the old machine's removal would delete the volume of the new one",
      disk: { pool: "fast", size: "1GiB", volume: "data" },
      first: true,
    },
    { because: "an image that is only read may have two users", disk: { file: "/pools/fast/own.qcow2", readonly: true }, first: false },
    { because: "volumes named after the machine are apart", disk: { pool: "fast", size: "1GiB" }, first: false },
  ])("a replacement deletes first: $first, because $because", async ({ disk, first }) => {
    const { web, fake } = createStage();
    fake.addFile({ path: "/pools/fast/own.qcow2" });
    await web.up(program({ disks: { root: disk } }));
    fake.clearLog();
    expect(await web.up(program({ name: "other", disks: { root: disk } }))).toMatchObject({ did: "replace" });
    const order = fake.writes.map((write) => write.split(" ")[0]).filter((verb) => verb === "undefineDomain" || verb === "startDomain");
    expect(order).toEqual(first ? ["undefineDomain", "startDomain"] : ["startDomain", "undefineDomain"]);
    const path = (web.now.state["effectiveDisks"] as { root: { path: string } }).root.path;
    expect(fake.hasFile(path)).toBe(true);
  });

  test("a replacement that keeps a fixed name deletes the old machine first", async () => {
    const { web, fake } = createStage();
    await web.up(program());
    expect(await web.up(program(), { replace: true })).toMatchObject({ did: "replace" });
    expect(await fake.listDomains()).toHaveLength(1);
    expect(fake.hasFile("/pools/ram/web-root.qcow2")).toBe(true);
  });
});
