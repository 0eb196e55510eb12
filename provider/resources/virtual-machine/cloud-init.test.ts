// cloud-init's seed and Ignition's file through a machine's life, on a fake host: made with it, kept, changed in each of the ways, and gone with it.
import { createStage, program } from "../../testing/machine-stage";
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import type { Values } from "../resource";
import { unknown } from "../resource";

const password = "correct-horse-battery";
const withSeed = (cloudInit: Values, more: Values = {}) =>
  program({ disks: { root: { pool: "fast", size: "10GiB" } }, cloudInit, ...more });
const first = { userData: { password, timezone: "UTC" } };
const other = { userData: { password, timezone: "Europe/Berlin" } };

const verbs = (writes: readonly string[]) => writes.map((write) => write.split(" ")[0]);
const said = (log: readonly { message: string }[]) => log.map(({ message }) => message).join("\n");
const seed = { pool: "fast", name: "web-cidata.iso" };

type Stage = ReturnType<typeof createStage>;
const seedText = async ({ fake }: Stage, ref = seed) =>
  (await fake.readVolume(ref, { offsetBytes: 0, lengthBytes: 2 ** 21 })).toString("utf8");
const instanceIdIn = (text: string) => /instance-id: (\S+)/.exec(text)?.[1];

describe("a machine with cloudInit", () => {
  test("is shown at preview with the seed among its effective disks, last and read-only", async () => {
    const { web } = createStage();
    const { state } = await web.preview(withSeed(first));
    expect(state?.["effectiveDisks"]).toMatchObject({
      root: { target: "vda" },
      cidata: { target: "vdb", path: "/pools/fast/web-cidata.iso", format: "raw" },
    });
    expect(state?.["disks"]).toEqual({ root: { pool: "fast", size: "10GiB" } });
  });

  test("is made with it, stays as it is, and takes it along when it goes", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    expect(await web.up(withSeed(first))).toMatchObject({ did: "create", initErrors: [] });
    const text = await seedText(stage);
    expect(text).toContain(`#cloud-config\npassword: ${password}\ntimezone: UTC\n`);
    expect(text).toContain("local-hostname: web\n");
    const { inactiveXml, defined, running } = await domain();
    expect(running?.disks.find(({ key }) => key === "cidata")).toMatchObject({ readonly: true, bus: "virtio", format: "raw" });
    expect(defined.metadata?.instanceId).toBe(instanceIdIn(text));
    expect(inactiveXml).not.toContain(password);
    expect(web.now.state["volumes"]).toMatchObject({ cidata: { ...seed, path: "/pools/fast/web-cidata.iso" } });

    fake.clearLog();
    expect(await web.up(withSeed(first))).toMatchObject({ did: "same" });
    expect(await web.up(withSeed(first), { force: true })).toMatchObject({ did: "update", initErrors: [] });
    expect(fake.writes).toEqual([]);
    await web.refresh();
    expect(await web.up(withSeed(first))).toMatchObject({ did: "same" });
    expect(said(web.log)).not.toContain(password);
    await web.destroy();
    expect(await fake.listVolumes("fast")).toEqual([]);
  });

  test("is the same machine for the same content in other words", async () => {
    const { web } = createStage();
    await web.up(withSeed(first));
    const text = `#cloud-config\npassword: ${password}\ntimezone: UTC\n`;
    expect(await web.up(withSeed({ userData: text, hostname: "web", bus: "virtio", pool: "fast" }))).toMatchObject({ did: "same" });
  });

  test("has it in the pool that is asked for, else in the first disk's, and keeps that", async () => {
    const stage = createStage();
    const { web, fake } = stage;
    await web.up(withSeed({ ...first, pool: "ram" }));
    expect(await fake.listVolumes("ram")).toEqual(["web-cidata.iso"]);
    const both = { root: { pool: "fast", size: "10GiB" }, a: { pool: "fast", size: "1GiB" } };
    expect(await web.up(withSeed(first, { disks: both }))).toMatchObject({ did: "update", initErrors: [] });
    expect(await fake.listVolumes("ram")).toEqual(["web-cidata.iso"]);
  });

  test.each([
    { bus: "sata", device: "cdrom", because: "a SATA disk cannot be read-only" },
    { bus: "scsi", device: "disk", because: "any other can" },
  ])("has it on the bus that is asked for: $bus ($because)", async ({ bus, device }) => {
    const { web, domain } = createStage();
    await web.up(withSeed({ ...first, bus }));
    expect((await domain()).defined.disks.find(({ key }) => key === "cidata")).toMatchObject({ bus, device, readonly: true });
  });

  test("needs no other disk, where a pool is named", async () => {
    const { web, fake } = createStage();
    const bare: Values = { name: "web", memory: "1GiB", cloudInit: { pool: "fast" } };
    expect(await web.up(bare)).toMatchObject({ did: "create", initErrors: [] });
    await web.refresh();
    expect(await web.up(bare)).toMatchObject({ did: "same" });
    expect(await fake.listVolumes("fast")).toEqual(["web-cidata.iso"]);
  });
});

describe("other content", () => {
  test("newInstanceId: a new seed with a new instance-id, at the next boot; every disk stays", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    await web.up(withSeed(first));
    const before = instanceIdIn(await seedText(stage));
    fake.clearLog();
    const step = await web.up(withSeed(other));
    expect(step).toMatchObject({ did: "update", changes: ["cloudInit"], initErrors: [] });
    expect(verbs(fake.writes)).toEqual(["defineDomain", "uploadVolume"]);
    const text = await seedText(stage);
    expect(text).toContain("Europe/Berlin");
    expect(instanceIdIn(text)).not.toBe(before);
    expect((await domain()).defined.metadata?.instanceId).toBe(instanceIdIn(text));
    expect(web.now.state).toMatchObject({ restartPending: true, pendingChanges: [expect.stringMatching(/^cloudInit: iid-.* => iid-/)] });
    expect(said(step.log)).toMatch(/cloudInit: the seed there is => a new seed, on which cloud-init runs again.*next cold start/);
    expect(said(web.log)).not.toContain(password);

    await stage.coldStart();
    await web.refresh();
    expect(web.now.state).toMatchObject({ restartPending: false, pendingChanges: [] });
    expect(await web.up(withSeed(other))).toMatchObject({ did: "same" });
  });

  test("newInstanceId with applyChanges restart: at once", async () => {
    const { web, fake, domain } = createStage();
    await web.up(withSeed(first));
    const { id } = await domain();
    fake.clearLog();
    expect(await web.up(withSeed(other, { applyChanges: "restart" }))).toMatchObject({ did: "update", initErrors: [] });
    expect((await domain()).id).not.toBe(id);
    expect(web.now.state).toMatchObject({ restartPending: false });
  });

  test("newInstanceId with applyChanges refuse: nothing is touched", async () => {
    const { web, fake } = createStage();
    await web.up(withSeed(first));
    fake.clearLog();
    expect(await web.up(withSeed(other, { applyChanges: "refuse" }))).toMatchObject({ did: "refused" });
    expect(fake.writes).toEqual([]);
  });

  test("reprovision: the machine is replaced", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    const way = { cloudInitChange: "reprovision" };
    await web.up(withSeed(first, way));
    const { uuid } = await domain();
    expect(await web.preview(withSeed(other, way))).toMatchObject({ did: "replace", changes: ["cloudInit"] });
    expect(await web.up(withSeed(other, way))).toMatchObject({ did: "replace", initErrors: [] });
    expect((await domain()).uuid).not.toBe(uuid);
    expect(await seedText(stage)).toContain("Europe/Berlin");
    expect((await fake.listVolumes("fast")).length).toBe(2);
  });

  test("ignore: it is recorded, and said; the machine keeps its seed until another way is asked for", async () => {
    const stage = createStage();
    const { web, fake } = stage;
    const way = { cloudInitChange: "ignore" };
    await web.up(withSeed(first, way));
    const before = await seedText(stage);
    fake.clearLog();
    const step = await web.up(withSeed(other, way));
    expect(step).toMatchObject({ did: "update", changes: ["cloudInit"], initErrors: [] });
    expect(said(step.log)).toMatch(/cloudInit: .*keeps the seed that it has.*recorded only/);
    expect(fake.writes).toEqual([]);
    expect(await seedText(stage)).toBe(before);
    expect(await web.up(withSeed(other, way))).toMatchObject({ did: "same" });

    expect(await web.up(withSeed(other))).toMatchObject({ did: "update", changes: ["cloudInitChange"], initErrors: [] });
    const text = await seedText(stage);
    expect(text).toContain("Europe/Berlin");
    expect(instanceIdIn(text)).not.toBe(instanceIdIn(before));
  });

  test("that needs a larger volume gets one", async () => {
    const stage = createStage();
    const { web, fake } = stage;
    await web.up(withSeed(first));
    fake.clearLog();
    expect(await web.up(withSeed({ userData: `#!/bin/sh\n${"# filler\n".repeat(150_000)}` }))).toMatchObject({
      did: "update",
      initErrors: [],
    });
    expect(verbs(fake.writes)).toEqual(["defineDomain", "deleteVolume", "createVolume", "uploadVolume"]);
    expect((await fake.findVolume(seed))?.capacityBytes).toBe(2 * 2 ** 20);
    expect(await web.up(withSeed(first))).toMatchObject({ did: "update", initErrors: [] });
    expect(await seedText(stage)).toContain("timezone: UTC");
  });

  test("that is not known yet is a change, and nothing of it is shown", async () => {
    const { web } = createStage();
    await web.up(withSeed(first));
    const step = await web.preview(withSeed({ userData: { password: unknown } }));
    expect(step).toMatchObject({ did: "update", changes: ["cloudInit"] });
    expect(step.state?.["effectiveDisks"]).toMatchObject({ cidata: { target: "vdb" } });
  });

  test("is written again where the writing failed", async () => {
    const stage = createStage();
    const { web, fake } = stage;
    await web.up(withSeed(first));
    fake.failNext("uploadVolume", new HostError(hostErrorCodes.internalError, "cut off", { doing: "Uploading into", what: "volume" }));
    expect(await web.up(withSeed(other))).toMatchObject({ did: "failed" });
    expect(await web.up(withSeed(other))).toMatchObject({ did: "update", initErrors: [] });
    expect(await seedText(stage)).toContain("Europe/Berlin");
    expect(said(web.log)).not.toContain(password);
  });
});

describe("cloudInit that comes and goes", () => {
  test("is plugged into a running machine, and out again with its volume", async () => {
    const { web, fake, domain } = createStage();
    await web.up(program({ disks: { root: { pool: "fast", size: "10GiB" } } }));
    expect(await web.up(withSeed(first))).toMatchObject({ did: "update", changes: ["cloudInit"], initErrors: [] });
    expect((await domain()).running?.disks.map(({ key }) => key)).toEqual(["root", "cidata"]);
    expect(web.now.state).toMatchObject({ restartPending: true });
    expect(await web.up(program({ disks: { root: { pool: "fast", size: "10GiB" } } }))).toMatchObject({ did: "update", initErrors: [] });
    expect((await domain()).running?.disks.map(({ key }) => key)).toEqual(["root"]);
    expect(await fake.listVolumes("fast")).toEqual(["web-root.qcow2"]);
    expect(web.now.state).toMatchObject({ restartPending: false });
  });

  test.each(["newInstanceId", "ignore", "reprovision"])(
    "a seed that other hands deleted is made anew, for the same instance (%s)",
    async (cloudInitChange) => {
      const stage = createStage();
      const { web, fake } = stage;
      await web.up(withSeed(first, { cloudInitChange }));
      const before = await seedText(stage);
      await fake.deleteVolume(seed);
      await web.refresh();
      expect(await web.up(withSeed(first, { cloudInitChange }))).toMatchObject({ did: "update", changes: ["cloudInit"], initErrors: [] });
      expect(await seedText(stage)).toBe(before);
      await web.refresh();
      expect(await web.up(withSeed(first, { cloudInitChange }))).toMatchObject({ did: "same" });
    },
  );

  test("a volume of its name that is somebody else's is not written over", async () => {
    const { web, fake } = createStage();
    await fake.createVolume(
      "fast",
      "<volume><name>web-cidata.iso</name><capacity>1024</capacity><target><format type='raw'/></target></volume>",
    );
    expect(await web.up(withSeed(first))).toMatchObject({
      did: "refused",
      problems: [{ path: "cloudInit.pool", reason: expect.stringContaining("web-cidata.iso already") as string }],
    });
    expect(await fake.findDomain({ name: "web" })).toBeUndefined();
  });

  test("a failed upload leaves nothing of a machine that was to be made", async () => {
    const { web, fake } = createStage();
    fake.failNext("uploadVolume", new HostError(hostErrorCodes.internalError, "cut off", { doing: "Uploading into", what: "volume" }));
    expect(await web.up(withSeed(first))).toMatchObject({ did: "failed" });
    expect(await fake.listVolumes("fast")).toEqual([]);
    expect(await fake.findDomain({ name: "web" })).toBeUndefined();
  });
});

describe("is refused at check", () => {
  const ignition = { ignition: { version: "3.4.0" } };
  test.each<{ because: string; inputs: Values; path: string; says: RegExp }>([
    {
      because: "a list is no document",
      inputs: withSeed({ userData: [password] }),
      path: "cloudInit.userData",
      says: /must be a string or an object/,
    },
    {
      because: "nothing can be merged into a script",
      inputs: withSeed({ userData: password, sshKeys: ["k"] }),
      path: "cloudInit.sshKeys",
      says: /cannot go with `userData` as a string/,
    },
    {
      because: "the seed has that key",
      inputs: withSeed(first, { disks: { cidata: { pool: "fast", size: "1GiB" } } }),
      path: "disks.cidata",
      says: /another key/,
    },
    {
      because: "it must lie somewhere",
      inputs: withSeed(first, { disks: { root: { file: "/a.img" } } }),
      path: "cloudInit.pool",
      says: /is required here/,
    },
    {
      because: "a word that is none",
      inputs: withSeed({ ...first, bus: "floppy" }),
      path: "cloudInit.bus",
      says: /must be one of: virtio/,
    },
    {
      because: "Butane is no Ignition",
      inputs: program({ ignition: `variant: fcos\npasswd: ${password}` }),
      path: "ignition",
      says: /no JSON object.*butane/,
    },
    {
      because: "a list is no configuration",
      inputs: program({ ignition: [password] }),
      path: "ignition",
      says: /must be a string or an object/,
    },
    {
      because: "Ignition's file has that key",
      inputs: program({ ...ignition, disks: { ignition: { pool: "fast", size: "1GiB" } } }),
      path: "disks.ignition",
      says: /another key/,
    },
    { because: "it must lie somewhere", inputs: program({ ...ignition, disks: {} }), path: "ignitionPool", says: /is required here/ },
  ])("$path: $because", async ({ inputs, path, says }) => {
    const { web } = createStage();
    const { did, problems } = await web.preview(inputs);
    expect(did).toBe("refused");
    expect(problems.find((problem) => problem.path === path)?.reason).toMatch(says);
    expect(JSON.stringify(problems)).not.toContain(password);
  });

  test("a disk may be called cidata where there is no cloudInit", async () => {
    const { web } = createStage();
    expect(await web.up(program({ disks: { cidata: { pool: "fast", size: "1GiB" } } }))).toMatchObject({ did: "create" });
  });

  test("a pool that is not there is told at its own input", async () => {
    const { web } = createStage();
    expect(await web.up(withSeed({ ...first, pool: "nowhere" }))).toMatchObject({ did: "refused", problems: [{ path: "cloudInit.pool" }] });
  });
});

describe("ignition", () => {
  const config = { ignition: { version: "3.4.0" }, passwd: { users: [{ name: "core", passwordHash: password }] } };
  const withIgnition = (ignition: Values | string, more: Values = {}) =>
    program({ disks: { root: { pool: "fast", size: "10GiB" } }, ignition, ...more });
  const file = { pool: "fast", name: "web-ignition.json" };

  test("is a file of the machine's own, named by fw_cfg, and goes with it", async () => {
    const stage = createStage();
    const { web, fake, domain } = stage;
    expect(await web.up(withIgnition(config))).toMatchObject({ did: "create", initErrors: [] });
    expect(await seedText(stage, file)).toBe(JSON.stringify(config));
    const { inactiveXml } = await domain();
    expect(inactiveXml).toContain("opt/com.coreos/config");
    expect(inactiveXml).toContain("/pools/fast/web-ignition.json");
    expect(inactiveXml).not.toContain(password);
    fake.clearLog();
    expect(await web.up(withIgnition(config), { force: true })).toMatchObject({ did: "update", initErrors: [] });
    expect(fake.writes).toEqual([]);
    await web.refresh();
    expect(await web.up(withIgnition(JSON.stringify(config, null, 2)))).toMatchObject({ did: "same" });
    await web.destroy();
    expect(await fake.listVolumes("fast")).toEqual([]);
    expect(said(web.log)).not.toContain(password);
  });

  test("other content is said to go unheard, unless the machine may be replaced", async () => {
    const stage = createStage();
    const { web } = stage;
    await web.up(withIgnition(config));
    const changed = { ...config, storage: {} };
    const step = await web.up(withIgnition(changed, { applyChanges: "refuse" }));
    expect(step).toMatchObject({ did: "update", changes: ["ignition"], initErrors: [] });
    expect(said(step.log)).toMatch(/keeps what its first boot made of it.*cloudInitChange to reprovision/);
    expect(await seedText(stage, file)).toBe(JSON.stringify(changed));
    expect(web.now.state).toMatchObject({ restartPending: false });
    expect(await web.preview(withIgnition(config, { cloudInitChange: "reprovision" }))).toMatchObject({ did: "replace" });
  });

  test("is taken out at the next cold start, and its file then", async () => {
    const stage = createStage();
    const { web, fake } = stage;
    await web.up(withIgnition(config));
    const without = program({ disks: { root: { pool: "fast", size: "10GiB" } } });
    expect(await web.up(without)).toMatchObject({ did: "update", changes: ["ignition"], initErrors: [] });
    expect(web.now.state).toMatchObject({ restartPending: true });
    expect((await stage.domain()).inactiveXml).not.toContain("fwcfg");
    expect(await fake.listVolumes("fast")).toContain(file.name);
    await stage.coldStart();
    await web.refresh();
    await web.up(without);
    expect(await fake.listVolumes("fast")).not.toContain(file.name);
  });
});
