// StoragePool on a real libvirt: folders, file systems, partitions, volume groups, Ceph and iSCSI go up, stay the same, and go.
import { access, chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  addBlockDevice,
  addStorage,
  cephExec,
  cephUp,
  describeWithHost,
  hostExec,
  iscsiUp,
  removeStorage,
  virsh,
} from "../../../tools/lab/lab";
import type { LabHost } from "../../../tools/lab/lab";
import { connectLibvirt } from "../../libvirt/connect";
import type { Libvirt } from "../../libvirt/port";
import { createFakeHostObserver } from "../../testing/fake-host-observer";
import { createResourceDriver } from "../../testing/resource-driver";
import type { Values } from "../resource";
import { poolSecretUuid } from "./pool-request";
import { storagePool } from "./storage-pool";

const timeoutMs = 30_000;
const deviceMiB = 64;
const prefix = `pool-live-${process.pid}`;

jest.setTimeout(120_000);

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** An engine, a name for its pool, and the connection. */
function stageOn(lab: () => LabHost) {
  let count = 0;
  const connections: Libvirt[] = [];
  const names: string[] = [];
  afterAll(async () => {
    for (const name of names) {
      await virsh(lab(), "pool-destroy", name).catch(() => undefined);
      await virsh(lab(), "pool-undefine", name).catch(() => undefined);
      await virsh(lab(), "secret-undefine", poolSecretUuid(name)).catch(() => undefined);
    }
    await Promise.all(connections.map((libvirt) => libvirt.close()));
  });
  return () => {
    const libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
    connections.push(libvirt);
    const name = `${prefix}-${++count}`;
    names.push(name);
    const newDriver = () => createResourceDriver({ definition: storagePool, libvirt, host: createFakeHostObserver(), name });
    return { libvirt, name, pool: newDriver(), newDriver };
  };
}

/** What every kind of pool must do: up, the same, a refresh that changes nothing, an import that changes nothing. */
async function expectSteady({ pool, newDriver, name }: ReturnType<ReturnType<typeof stageOn>>, program: Values): Promise<void> {
  const made = await pool.up(program);
  if (made.error !== undefined) throw made.error;
  expect(made).toMatchObject({ did: "create", initErrors: [], problems: [] });
  expect(await pool.up(program)).toMatchObject({ did: "same" });
  expect(await pool.up(program, { force: true })).toMatchObject({ did: "update", initErrors: [] });
  await pool.refresh();
  expect(await pool.up(program)).toMatchObject({ did: "same" });
  expect(await newDriver().import(name)).toMatchObject({ did: "import", problems: [], changes: [] });
  expect(await newDriver().import(pool.now.id)).toMatchObject({ did: "import", problems: [], changes: [] });
}

describeWithHost("pools on the private host", (lab) => {
  const stage = stageOn(lab);
  const storages: string[] = [];
  const storage = async (name: string) => {
    storages.push(`${prefix}-${name}`);
    return addStorage(lab(), `${prefix}-${name}`, "tmpfs", 32);
  };
  const device = async (name: string) => {
    storages.push(`${prefix}-${name}`);
    return addBlockDevice(lab(), `${prefix}-${name}`, deviceMiB);
  };
  const exists = async (name: string) => (await virsh(lab(), "pool-list", "--all", "--name")).split("\n").includes(name);

  afterAll(async () => {
    for (const name of storages) await removeStorage(lab(), name);
  });

  test("a folder below one that is closed: made with its mode, given another, closed by hand, mended; its content stays", async () => {
    const at = stage();
    const { pool, name } = at;
    const parent = join(await storage("dir"), "closed");
    await mkdir(parent, { mode: 0o700 });
    const path = join(parent, "deep", "images");
    const program = (mode: string): Values => ({ name, type: "dir", target: { path, permissions: { mode, group: 7 } } });
    await expectSteady(at, program("0711"));
    expect([await modeOf(path), (await stat(path)).gid]).toEqual([0o711, 7]);
    await writeFile(join(path, "a.img"), "");

    expect(await pool.up(program("0751"))).toMatchObject({ did: "update", changes: ["target.permissions.mode"] });
    expect([await modeOf(path), await virsh(lab(), "vol-list", name)]).toEqual([0o751, expect.stringContaining("a.img")]);
    await pool.refresh();
    expect(await pool.up(program("0751"))).toMatchObject({ did: "same" });

    await chmod(path, 0o700);
    await virsh(lab(), "pool-refresh", name);
    await virsh(lab(), "pool-autostart", "--disable", name);
    await virsh(lab(), "pool-destroy", name);
    await pool.refresh();
    expect(await pool.up(program("0751"))).toMatchObject({
      did: "update",
      changes: ["target.permissions.mode", "autostart", "active"],
      initErrors: [],
    });
    expect(await modeOf(path)).toBe(0o751);

    expect(await pool.destroy()).toMatchObject({ did: "delete" });
    expect([await exists(name), await isThere(join(path, "a.img"))]).toEqual([false, true]);
  });

  test("deleteContent deletes what is in the folder and the folder, but nothing that a VM runs on", async () => {
    const { pool, name } = stage();
    const path = join(await storage("content"), "images");
    const program: Values = { name, type: "dir", target: { path }, deleteContent: true };
    await pool.up(program);
    await virsh(lab(), "vol-create-as", name, "a.img", "1M");
    await virsh(
      lab(),
      "vol-create-as",
      name,
      "over.qcow2",
      "1M",
      "--format",
      "qcow2",
      "--backing-vol",
      "a.img",
      "--backing-vol-format",
      "raw",
    );
    const xml = join(lab().dir, `${name}.xml`);
    await writeFile(
      xml,
      `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
       <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${path}/over.qcow2'/><target dev='vda' bus='virtio'/></disk></devices></domain>`,
    );
    await virsh(lab(), "create", xml, "--paused");
    try {
      expect(await pool.destroy()).toMatchObject({ did: "refused" });
      expect([await isThere(join(path, "a.img")), await exists(name)]).toEqual([true, true]);
    } finally {
      await virsh(lab(), "destroy", name);
    }
    expect(await pool.destroy()).toMatchObject({ did: "delete" });
    expect([await exists(name), await isThere(path)]).toEqual([false, false]);
  });

  test("a folder that may not be made, and one that is not there, give errors with a way out, and leave nothing", async () => {
    const { pool, name } = stage();
    const made = await pool.up({ name, type: "dir", target: { path: "/proc/images" } });
    expect(made.error?.message).toMatch(new RegExp(`Building the pool ${name}: .*/proc/images.*Check the path`));
    const missing = await pool.up({ name, type: "dir", target: { path: "/nowhere/images" }, build: false });
    expect(missing.error?.message).toMatch(new RegExp(`Starting the pool ${name}: .*/nowhere/images.*Check that the folder is there`));
    expect([await exists(name), await isThere("/nowhere")]).toEqual([false, false]);
  });

  test("a file system is made on an empty device, kept, and lost only when that is asked", async () => {
    const at = stage();
    const { pool, name } = at;
    const target = { path: join(lab().storageDir, `${prefix}-mount`) };
    const source = { devices: [await device("fs")], format: "ext4" };
    const open: Values = { name, type: "fs", target, source };
    const unformatted = await pool.up(open);
    expect(unformatted.error?.message).toMatch(/`build: true` makes one on an empty device/);
    expect(await exists(name)).toBe(false);

    await expectSteady(at, { ...open, build: true });
    await virsh(lab(), "vol-create-as", name, "kept.img", "1M");
    await pool.destroy();
    const again = await pool.up({ ...open, build: true });
    expect(again.error?.message).toMatch(/already formatted.*Nothing was written/);
    expect(await exists(name)).toBe(false);

    expect(await pool.up(open)).toMatchObject({ did: "create", initErrors: [] });
    expect(await virsh(lab(), "vol-list", name)).toContain("kept.img");
    await pool.destroy();
    expect(await pool.up({ ...open, build: true, overwrite: true })).toMatchObject({ did: "create", initErrors: [] });
    expect(await virsh(lab(), "vol-list", name)).not.toContain("kept.img");
    await pool.destroy();
  });

  test("a disk gets a partition table, which goes when that is asked", async () => {
    const at = stage();
    const path = await device("disk");
    await expectSteady(at, { name: at.name, type: "disk", source: { devices: [path], format: "gpt" }, build: true, deleteContent: true });
    expect(at.pool.now.state).toMatchObject({ path: "/dev" });
    expect(await at.pool.destroy()).toMatchObject({ did: "delete" });
    const { pool, name } = stage();
    expect(await pool.up({ name, type: "disk", source: { devices: [path], format: "dos" }, build: true })).toMatchObject({ did: "create" });
    await pool.destroy();
  });

  test("a volume group is made, and goes when that is asked", async () => {
    const at = stage();
    const { pool, name } = at;
    const group = `vg${process.pid}`;
    const groups = () => hostExec(lab(), "vgs", "--noheadings", "-o", "vg_name");
    const program: Values = { name, type: "logical", source: { devices: [await device("lvm")], name: group }, build: true };
    await expectSteady(at, program);
    expect(pool.now.state).toMatchObject({ path: `/dev/${group}` });
    await pool.destroy();
    expect(await groups()).toContain(group);
    expect(await pool.up({ ...program, build: false, deleteContent: true })).toMatchObject({ did: "create" });
    expect(await pool.destroy()).toMatchObject({ did: "delete" });
    expect(await groups()).not.toContain(group);
  });

  test("an export that cannot be mounted says how to get on, and leaves no pool", async () => {
    const { pool, name } = stage();
    const target = { path: join(lab().storageDir, `${prefix}-nfs`) };
    const source = { hosts: [{ name: "127.0.0.1" }], dir: "/no/such/export", format: "nfs" };
    const { error } = await pool.up({ name, type: "netfs", target, source });
    expect(error?.message).toMatch(/Check that the server is up and exports the folder/);
    expect(await exists(name)).toBe(false);
  });

  test("a pool that virsh made is taken over as it is", async () => {
    const { name, newDriver } = stage();
    const path = await storage("virsh");
    await virsh(lab(), "pool-define-as", name, "dir", "--target", path);
    await virsh(lab(), "pool-start", name);
    const pool = newDriver();
    expect(await pool.import(name)).toMatchObject({ did: "import", problems: [], changes: [] });
    expect(pool.now.inputs).toMatchObject({ type: "dir", target: { path }, autostart: false, active: true });
    const program = { name, type: "dir", target: { path } };
    expect(await newDriver().import(name, program)).toMatchObject({ changes: ["autostart"] });
  });
});

describeWithHost(
  "a Ceph pool",
  (lab) => {
    const stage = stageOn(lab);
    test("goes up with its key; a wrong key or pool name gives an error, and leaves nothing", async () => {
      const at = stage();
      const { pool, name, libvirt } = at;
      const { monitors, pool: ceph, user, key } = await cephUp(lab());
      const hosts = monitors.map(({ name: host, port }) => ({ name: host, port }));
      const program = (source: Values = {}): Values => ({
        name,
        type: "rbd",
        source: { hosts, name: ceph, auth: { username: user, key }, ...source },
        deleteContent: true,
      });
      const wrongKey = Buffer.from(Buffer.from(key, "base64").map((byte, index) => (index < 12 ? byte : byte ^ 1))).toString("base64");
      for (const wrong of [{ auth: { username: user, key: wrongKey } }, { name: "no-such-pool" }]) {
        const { did, error } = await pool.up(program(wrong));
        expect([did, error?.message]).toEqual(["failed", expect.stringMatching(/Check the monitors.*user and key/)]);
        expect(error?.message).not.toContain(wrongKey);
        expect([await libvirt.findPool(name), await libvirt.findSecret(poolSecretUuid(name))]).toEqual([undefined, undefined]);
      }
      await expectSteady(at, program());
      await virsh(lab(), "vol-create-as", name, `${name}.img`, "8M");
      expect(await cephExec(lab(), "rbd", "ls", ceph)).toContain(`${name}.img`);
      expect(await pool.destroy()).toMatchObject({ did: "delete" });
      expect(await cephExec(lab(), "rbd", "ls", ceph)).not.toContain(`${name}.img`);
      expect(await libvirt.findSecret(poolSecretUuid(name))).toBeUndefined();
    });
  },
  ["ceph"],
);

describeWithHost(
  "an iSCSI target",
  (lab) => {
    const stage = stageOn(lab);
    test("goes up with its password; a wrong one gives an error, and leaves nothing", async () => {
      const at = stage();
      const { pool, name, libvirt } = at;
      const { portal, port, target, user, password } = await iscsiUp(lab());
      const program = (secret: string): Values => ({
        name,
        type: "iscsi-direct",
        source: {
          hosts: [{ name: portal, port }],
          devices: [target],
          initiator: "iqn.2024-01.org.example:host",
          auth: { username: user, password: secret },
        },
      });
      const wrong = "not-the-password";
      const { error } = await pool.up(program(wrong));
      expect(error?.message).toMatch(/Check the portal.*CHAP user and password/);
      expect(error?.message).not.toContain(wrong);
      expect([await libvirt.findPool(name), await libvirt.findSecret(poolSecretUuid(name))]).toEqual([undefined, undefined]);
      await expectSteady(at, program(password));
      expect(await virsh(lab(), "vol-list", name)).toContain("unit:0:0:1");
      expect(await pool.destroy()).toMatchObject({ did: "delete" });
      expect(await libvirt.findSecret(poolSecretUuid(name))).toBeUndefined();
    });
  },
  ["iscsi"],
);
