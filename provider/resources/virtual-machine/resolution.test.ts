// How a disk's settings come about: at check where the host may only be looked at, at apply where it may be probed.
import { poolFacts, ramfsPoolFacts } from "../../testing/fake-host-observer";
import { createStage, program, withCache, type Stage } from "../../testing/machine-stage";
import { unknown, type Values } from "../resource";

type Disks = Record<string, Record<string, unknown>>;
const effective = (values: Values | undefined, key = "root") => (values?.["effectiveDisks"] as unknown as Disks | undefined)?.[key];

const platform = { libvirtVersion: "9.0.0", qemuVersion: "7.2.22", architecture: "x86_64", kvm: { usable: "yes", why: "it started" } };
const hostSettings = (policy: Values, pools: object): Values => ({ policy, facts: { ...platform, pools } as unknown as Values });
const bothPools = { fast: poolFacts("/pools/fast"), ram: ramfsPoolFacts("/pools/ram") };

test.each([
  { because: "ext4 has direct I/O", pool: "fast", cache: "none", words: "ext4" },
  { because: "ramfs has none", pool: "ram", cache: "writeback", words: "ramfs" },
])("auto gives $cache, because $because", async ({ pool, cache, words }) => {
  const { web, domain } = createStage();
  const inputs = program({ disks: { root: { pool, size: "1GiB", cache: "auto" } } });
  const preview = await web.preview(inputs);
  expect(effective(preview.state)).toMatchObject({ cache, reason: expect.stringContaining(words) as string });
  await web.up(inputs);
  expect((await domain()).running?.disks[0]).toMatchObject({ cache });
  expect(effective(web.now.state)).toEqual(effective(preview.state));
});

test("an overlay on good storage over a base without direct I/O goes through the cache", async () => {
  const { web, host, fake } = createStage();
  const base = { ...ramfsPoolFacts("/pools/ram"), path: "/pools/ram/base.qcow2", format: "qcow2", pool: "ram" } as const;
  const overlay = { ...poolFacts("/pools/fast"), path: "/pools/fast/over.qcow2", format: "qcow2", pool: "fast" } as const;
  host.setChain(overlay.path, [overlay, base]);
  fake.addFile({ path: base.path });
  fake.addFile({ path: overlay.path, backing: { path: base.path, format: "qcow2" } });
  await web.up(program({ disks: { root: { file: overlay.path } } }));
  expect(effective(web.now.state)).toMatchObject({
    cache: "writeback",
    reason: expect.stringContaining("/pools/ram/base.qcow2") as string,
  });
});

test.each([
  { because: "a file", disk: { file: "/pools/fast/over.qcow2" }, path: "disks.root.file" },
  { because: "an image that is linked to", disk: { pool: "fast", image: "/pools/fast/over.qcow2" }, path: "disks.root.image" },
])(
  "$because whose backing file lies behind a folder that QEMU may not pass is refused at preview, with the way out",
  async ({ disk, path }) => {
    const { web, host } = createStage();
    const overlay = { ...poolFacts("/pools/fast"), path: "/pools/fast/over.qcow2", format: "qcow2", pool: "fast" } as const;
    const impassable = "/shut has mode 0700, and QEMU's user (64055) may not pass it";
    host.setChain(overlay.path, [overlay, { ...poolFacts("/shut"), path: "/shut/base.qcow2", format: "qcow2", impassable }]);
    expect(await web.preview(program({ disks: { root: disk } }))).toMatchObject({
      did: "refused",
      problems: [{ path, reason: expect.stringMatching(/\/shut\/base\.qcow2.*0700.*chmod o\+x/s) as string }],
    });
  },
);

test.each([
  { because: "its Image was uploaded as raw", disk: { file: "/pools/fast/evil-0123456789abcdef.raw" } },
  { because: "its Image, that the disk is linked to, is raw", disk: { pool: "fast", image: "/pools/fast/evil-0123456789abcdef.raw" } },
  { because: "the program says so", disk: { file: "/pools/fast/evil.img", format: "raw" } },
  { because: "the program says so of the image", disk: { pool: "fast", image: "/pools/fast/evil.img", imageFormat: "raw" } },
])("a disk is not planned by the header that lies in a raw image: $because", async ({ disk }) => {
  const { web, host, fake } = createStage();
  const path = disk.file ?? disk.image;
  const secret = { ...ramfsPoolFacts("/pools/ram"), path: "/pools/ram/secret", format: "raw", pool: "ram" } as const;
  fake.addFile({ path, format: "raw" });
  host.setChain(path, [{ ...poolFacts("/pools/fast"), path, format: "qcow2", pool: "fast" }, secret]);
  await web.up(program({ disks: { root: disk } }));
  expect(effective(web.now.state)).toMatchObject({ cache: "none", reason: expect.not.stringContaining("secret") as string });
});

test("a raw disk stays raw when its guest writes a header into it", async () => {
  const { web, host, fake } = createStage();
  const path = "/pools/fast/data.img";
  const element = { ...poolFacts("/pools/fast"), path, format: "raw", pool: "fast" } as const;
  fake.addFile({ path, format: "raw" });
  host.setChain(path, [element]);
  const inputs = program({ disks: { root: { file: path } } });
  await web.up(inputs);
  host.setChain(path, [
    { ...element, format: "qcow2" },
    { ...ramfsPoolFacts("/pools/ram"), path: "/pools/ram/secret", format: "raw" },
  ]);
  expect(await web.up(inputs)).toMatchObject({ did: "same" });
});

test("an image behind such a folder may be copied: libvirt reads it", async () => {
  const { web, host, fake } = createStage();
  const image = { ...poolFacts("/pools/fast"), path: "/pools/fast/base.qcow2", format: "qcow2", impassable: "it is shut" } as const;
  fake.addFile({ path: image.path });
  host.setChain(image.path, [image]);
  const root = { pool: "fast", image: image.path, clone: "full" };
  expect(await web.up(program({ disks: { root } }))).toMatchObject({ did: "create", initErrors: [] });
});

test("none asked for on ramfs is refused at check, with the path, and nothing on the host is touched", async () => {
  const { web, fake } = createStage();
  const refused = await web.up(program({ disks: { root: { pool: "ram", size: "1GiB", cache: "none" } } }));
  expect(refused).toMatchObject({ did: "refused", problems: [{ path: "disks.root.cache" }] });
  expect(refused.problems[0]?.reason).toMatch(/\/pools\/ram.*ramfs.*Ways out/s);
  expect(fake.writes).toEqual([]);
  expect(web.resource).toBeUndefined();
});

test("problems of several disks come together", async () => {
  const { web } = createStage();
  const disk = { pool: "ram", size: "1GiB", cache: "none" };
  expect((await web.up(program({ disks: { a: disk, b: disk } }))).problems.map(({ path }) => path)).toEqual([
    "disks.a.cache",
    "disks.b.cache",
  ]);
});

describe("facts that change", () => {
  const withFacts = (pools: object, policy: Values = {}) => program({ host: hostSettings(policy, pools) });

  test("are seen by the disks on that storage alone: exactly the mode and its reason", async () => {
    const { web, fake } = createStage();
    await web.up(withFacts(bothPools));
    fake.setDirectIo("/pools/ram", true);
    const after = { ...bothPools, ram: poolFacts("/pools/ram") };
    const preview = await web.preview(withFacts(after));
    expect(preview.changes).toEqual(["effectiveDisks.root.cache", "effectiveDisks.root.reason"]);
    expect(preview.log.map(({ message }) => message).join()).toContain("disks.root.cache: writeback => none");
    expect(await web.up(withFacts(after))).toMatchObject({ did: "update", initErrors: [] });
    expect(web.now.state).toMatchObject({ restartPending: true, pendingChanges: ["disks.root.cache: writeback => none"] });
  });

  test("of a storage that no disk is on are no change", async () => {
    const { web } = createStage();
    await web.up(withFacts(bothPools));
    const after = { ...bothPools, fast: ramfsPoolFacts("/pools/fast"), more: poolFacts("/pools/more") };
    expect(await web.up(withFacts(after, { pools: { fast: { cache: "unsafe" } } }))).toMatchObject({ did: "same" });
    expect(Object.keys((web.now.inputs["host"] as { facts: { pools: object } }).facts.pools)).toEqual(["ram"]);
  });

  test("the policy's rule for a pool that the facts do not know is heard", async () => {
    const { web } = createStage();
    const inputs = program({ host: hostSettings({ pools: { ram: { cache: "unsafe" } } }, {}) });
    await web.up(inputs);
    expect(effective(web.now.state)).toMatchObject({ cache: "unsafe" });
    expect(await web.up(inputs)).toMatchObject({ did: "same" });
    expect(effective(web.now.inputs)).toMatchObject({ cache: "unsafe" });
  });

  test("a later policy's machine type, CPU mode and video are for new machines", async () => {
    const { web } = createStage();
    await web.up(program({ host: hostSettings({}, bothPools) }));
    const later = hostSettings({ machine: "q35", cpuMode: "host-passthrough", video: "vga" }, bothPools);
    expect(await web.up(program({ host: later }))).toMatchObject({ did: "same" });
  });

  test("a policy's machine type is kept when the policy goes", async () => {
    const { web, domain } = createStage();
    await web.up(program({ host: hostSettings({ machine: "q35" }, bothPools) }));
    expect(await web.up(program({ host: hostSettings({}, bothPools) }))).toMatchObject({ did: "same" });
    expect((await domain()).defined.machine).toBe("pc-q35-7.2");
  });
});

describe("what is not known yet", () => {
  const places: readonly { readonly because: string; readonly inputs: Values }[] = [
    { because: "the host's settings come from a resource that is not made", inputs: program({ host: unknown }) },
    { because: "the facts alone are unknown", inputs: program({ host: { policy: {}, facts: unknown } }) },
    { because: "the disks", inputs: program({ disks: unknown }) },
    { because: "one disk", inputs: program({ disks: { root: unknown } }) },
    { because: "a disk's size", inputs: program({ disks: { root: { pool: "ram", size: unknown } } }) },
    { because: "a disk's pool", inputs: program({ disks: { root: { pool: unknown, size: "1GiB" } } }) },
    { because: "a disk's file", inputs: program({ disks: { root: { file: unknown } } }) },
    { because: "a disk's cache", inputs: program({ disks: { root: { pool: "ram", size: "10GiB", cache: unknown } } }) },
    { because: "the memory", inputs: program({ memory: unknown }) },
    { because: "the most memory", inputs: program({ maxMemory: unknown }) },
    { because: "the CPUs", inputs: program({ cpus: unknown, maxCpus: unknown }) },
    { because: "the name", inputs: program({ name: unknown }) },
    { because: "the description", inputs: program({ description: unknown }) },
    { because: "the VM's cache", inputs: program({ cache: unknown }) },
    { because: "the VM's other disk settings", inputs: program({ io: unknown, discard: unknown, detectZeroes: unknown }) },
    { because: "how changes are applied", inputs: program({ applyChanges: unknown }) },
    { because: "the power", inputs: program({ power: unknown }) },
    { because: "the accelerator", inputs: program({ accelerator: unknown }) },
    { because: "direct boot", inputs: program({ directBoot: { kernel: unknown, cmdline: unknown } }) },
    { because: "direct boot as a whole", inputs: program({ directBoot: unknown, serial: unknown }) },
    { because: "autostart and the time limit", inputs: program({ autostart: unknown, shutdownTimeoutSeconds: unknown }) },
  ];

  test.each(places)("previews as a create: $because", async ({ inputs }) => {
    const { web, fake } = createStage();
    expect(await web.preview(inputs)).toMatchObject({ did: "create", problems: [] });
    expect(fake.writes).toEqual([]);
  });

  // From a volume to a file is a change whatever the file will be.
  const updates = places.filter(({ because }) => because !== "a disk's file");
  test.each(
    updates.flatMap((place) => (["nextBoot", "suspend", "restart", "refuse"] as const).map((applyChanges) => ({ ...place, applyChanges }))),
  )(
    "previews as an update, and is never refused for what nobody knows: $because, $applyChanges",
    async ({ because, inputs, applyChanges }) => {
      const { web, fake } = createStage();
      await web.up(program({ applyChanges }));
      fake.clearLog();
      const news = { applyChanges, ...inputs };
      const preview = await web.preview(news);
      expect(preview).toMatchObject({ problems: [], ...(because === "the name" ? { did: "replace" } : {}) });
      expect(["update", "replace", "same"]).toContain(preview.did);
      expect(fake.writes).toEqual([]);
    },
  );

  test.each([
    ["the VM's cache", program({ cache: unknown })],
    ["the host", program({ host: unknown })],
    ["a disk's cache", program({ disks: { root: { pool: "ram", size: "10GiB", cache: unknown } } })],
  ])("what may change the disks' settings shows as a change: %s", async (_because, inputs) => {
    const { web } = createStage();
    await web.up(program());
    const preview = await web.preview(inputs);
    expect(preview.did).toBe("update");
    expect(typeof preview.state?.["effectiveDisks"]).toBe("symbol");
  });

  test("problems of what is known are told beside it", async () => {
    const { web } = createStage();
    const { problems } = await web.preview({ host: unknown, memory: "much", disks: { root: { pool: unknown, size: "1 parsec" } } });
    expect(problems.map(({ path }) => path).sort()).toEqual(["disks.root.size", "memory"]);
  });
});

describe("a storage of which only a probe can tell", () => {
  const hidden = (): Stage => {
    const stage = createStage();
    stage.host.hideFromLook("ram");
    return stage;
  };

  test("is left open at preview and decided at create", async () => {
    const { web, domain } = hidden();
    const preview = await web.preview(program());
    expect(preview.did).toBe("create");
    expect(typeof preview.state?.["effectiveDisks"]).toBe("symbol");
    expect(await web.up(program())).toMatchObject({ did: "create", initErrors: [] });
    expect(effective(web.now.state)).toMatchObject({ cache: "writeback" });
    expect((await domain()).running?.disks[0]).toMatchObject({ cache: "writeback" });
  });

  test("that HostDefaults could not tell at preview either waits too, while a disk elsewhere is planned", async () => {
    const { web, host } = hidden();
    const observed = await host.observeHost({ depth: "look", withoutProbe: "unknown" });
    const settings = { policy: {}, facts: "facts" in observed ? observed.facts : {} } as unknown as Values;
    expect(typeof (await web.preview(program({ host: settings }))).state?.["effectiveDisks"]).toBe("symbol");
    const elsewhere = program({ host: settings, disks: { root: { pool: "fast", size: "1GiB" } } });
    expect(effective((await web.preview(elsewhere)).state ?? {})).toMatchObject({ cache: "none" });
  });

  test("keeps its answer for the same question, before and after a refresh", async () => {
    const { web, fake } = hidden();
    await web.up(program());
    fake.clearLog();
    expect(await web.up(program())).toMatchObject({ did: "same" });
    await web.refresh();
    expect(await web.up(program())).toMatchObject({ did: "same" });
    expect(effective(web.now.inputs)).toMatchObject({ cache: "writeback" });
    expect(await web.up(program({ description: "x" }))).toMatchObject({ did: "update", changes: ["description"] });
    expect(fake.writes.filter((write) => write.startsWith("createProbeDomain"))).toEqual([]);
  });

  test("keeps its answer when the policy has rules for other storage", async () => {
    const { web } = hidden();
    const policy = { pools: { fast: { cache: "unsafe" } }, storageKinds: { zfs: { cache: "writethrough" } } };
    const inputs = program({ host: hostSettings(policy, {}) });
    await web.up(inputs);
    await web.refresh();
    expect(await web.up(inputs)).toMatchObject({ did: "same" });
    expect(effective(web.now.inputs)).toMatchObject({ cache: "writeback" });
  });

  test.each([
    { because: "the disk's mode", change: { disks: { root: { pool: "ram", size: "10GiB", cache: "writethrough" } } } },
    { because: "the VM's mode", change: { cache: "writethrough" } },
    { because: "the policy's mode", change: { host: hostSettings({ cache: "writethrough" }, {}) } },
  ])("another question is a change, though its answer is not known at preview: $because", async ({ change }) => {
    const { web, domain } = hidden();
    const host = hostSettings({}, {});
    await web.up(program({ host }));
    expect((await web.preview(program({ host, ...change }))).did).toBe("update");
    expect(await web.up(program({ host, ...change }))).toMatchObject({ did: "update", initErrors: [] });
    expect((await domain()).defined.disks[0]).toMatchObject({ cache: "writethrough" });
    expect(await web.up(program({ host, ...change }))).toMatchObject({ did: "same" });
  });

  test("an explicit mode that the probe finds impossible is refused before anything is made", async () => {
    const { web, fake } = hidden();
    const inputs = program({ disks: { root: { pool: "ram", size: "10GiB", cache: "none" } } });
    expect((await web.preview(inputs)).did).toBe("create");
    expect(await web.up(inputs)).toMatchObject({ did: "refused", problems: [{ path: "disks.root.cache" }] });
    expect(fake.writes).toEqual([]);
  });
});

describe("what is made in the same program", () => {
  test("a file that is not there yet is open at preview, and a problem at create", async () => {
    const { web, fake } = createStage();
    const inputs = program({ disks: { root: { file: "/elsewhere/x.img" } } });
    expect((await web.preview(inputs)).did).toBe("create");
    expect(await web.up(inputs)).toMatchObject({ did: "refused", problems: [{ path: "disks.root.file" }] });
    expect(fake.writes).toEqual([]);
  });

  test("a pool that is not there yet is open at preview, and a problem at create", async () => {
    const { web } = createStage();
    const inputs = program({ disks: { root: { pool: "later", size: "1GiB" } } });
    expect((await web.preview(inputs)).did).toBe("create");
    expect(await web.up(inputs)).toMatchObject({ did: "refused", problems: [{ path: "disks.root.pool" }] });
  });

  test("a pool that the HostDefaults did not know is looked at by the machine itself", async () => {
    const { web } = createStage();
    await web.up(withCache("auto", { host: hostSettings({}, {}) }));
    expect(effective(web.now.state)).toMatchObject({ cache: "none" });
  });
});
