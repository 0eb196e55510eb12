// What is wrong with a pool's inputs, by its type: all at once, with property paths and the way out; and what is not judged yet.
import type { Values } from "../resource";
import { unknown } from "../resource";
import { createPoolStage, dir, leastPrograms } from "../../testing/pool-stage";

const { rbd, fs, logical, netfs, zfs, disk } = leastPrograms;
const san = leastPrograms["iscsi-direct"];
const secretUuid = "11111111-2222-4333-8444-555555555555";

const problemsOf = async (program: Values) => (await createPoolStage().pool.preview(program)).problems;

const cases: readonly { because: string; program: Values; paths: readonly string[]; reason?: RegExp }[] = [
  { because: "a folder has a path", program: { type: "dir" }, paths: ["target.path"], reason: /required.*absolute path of its folder/ },
  { because: "a path is absolute", program: dir({ target: { path: "images" } }), paths: ["target.path"], reason: /absolute/ },
  {
    because: "a folder has no source, and every part of it is named",
    program: dir({ source: { hosts: [{ name: "h" }], devices: ["/dev/vdb"], name: "x", format: "ext4" } }),
    paths: ["source.hosts", "source.devices", "source.name", "source.format"],
    reason: /means nothing to a pool of type dir: leave it out/,
  },
  {
    because: "a mode is octal",
    program: dir({ target: { path: "/p", permissions: { mode: "0799" } } }),
    paths: ["target.permissions.mode"],
  },
  {
    because: "permissions are set by building",
    program: dir({ target: { path: "/p", permissions: { mode: "0711" } }, build: false }),
    paths: ["target.permissions"],
  },
  { because: "no such type", program: { type: "tape" }, paths: ["type"], reason: /must be one of: dir, fs/ },
  { because: "everything that a type needs at once", program: { type: "netfs" }, paths: ["target.path", "source.hosts", "source.dir"] },
  {
    because: "a mounted file system has its own mode",
    program: { ...fs, target: { path: "/p", permissions: {} } },
    paths: ["target.permissions"],
  },
  {
    because: "one file system, one device",
    program: { ...fs, source: { devices: ["/dev/a", "/dev/b"], format: "ext4" } },
    paths: ["source.devices"],
    reason: /exactly one/,
  },
  { because: "a device is a path", program: { ...disk, source: { devices: ["sdb"] } }, paths: ["source.devices[0]"] },
  {
    because: "libvirt's formats",
    program: { ...fs, source: { devices: ["/dev/a"], format: "zfs" } },
    paths: ["source.format"],
    reason: /ext4/,
  },
  {
    because: "one server for one export",
    program: { ...netfs, source: { hosts: [{ name: "a" }, { name: "b" }], dir: "/e" } },
    paths: ["source.hosts"],
  },
  {
    because: "a file system to be made has a format",
    program: { ...fs, source: { devices: ["/dev/a"] }, build: true },
    paths: ["source.format"],
    reason: /ext4 or xfs/,
  },
  { because: "a volume group is made on devices", program: { ...logical, source: { name: "vg" } }, paths: ["source.devices"] },
  { because: "a zpool is made on devices", program: { ...zfs, source: { name: "tank" } }, paths: ["source.devices"] },
  {
    because: "a volume group has its own folder",
    program: { ...logical, target: { path: "/dev/vg" } },
    paths: ["target.path"],
    reason: /\/dev\/NAME/,
  },
  { because: "losing what is there is part of building", program: { ...fs, overwrite: true }, paths: ["overwrite"] },
  { because: "libvirt overwrites no zpool", program: { ...zfs, overwrite: true }, paths: ["overwrite"], reason: /by hand/ },
  { because: "there is nothing to build in Ceph", program: { ...rbd, build: true }, paths: ["build"] },
  { because: "a target's units are the target's", program: { ...san, deleteContent: true }, paths: ["deleteContent"] },
  {
    because: "CHAP is not for Ceph",
    program: { ...rbd, source: { ...rbd.source, auth: { type: "chap", username: "a", password: "p" } } },
    paths: ["source.auth.type", "source.auth.password"],
  },
  { because: "a user has a key", program: { ...rbd, source: { ...rbd.source, auth: { username: "a" } } }, paths: ["source.auth.key"] },
  {
    because: "one place for the password",
    program: { ...san, source: { ...san.source, auth: { username: "a", password: "p", secretUuid } } },
    paths: ["source.auth.secretUuid"],
  },
  { because: "a target has an IQN", program: { ...san, source: { ...san.source, devices: ["/dev/sda"] } }, paths: ["source.devices[0]"] },
  { because: "a name has no slash", program: dir({ name: "a/b" }), paths: ["name"] },
  { because: "XML holds no bells", program: dir({ target: { path: "/a\u0007" } }), paths: ["target.path"] },
];

test.each(cases)("$because", async ({ program, paths, reason = /./ }) => {
  const problems = await problemsOf(program);
  expect(problems.map(({ path }) => path)).toEqual(paths);
  for (const problem of problems) expect(problem.reason).toMatch(reason);
});

test.each([
  { because: "a key that is none", auth: { username: "a", key: "very secret!" } },
  { because: "a key beside a secret", auth: { username: "a", key: "dmVyeSBzZWNyZXQ=", secretUuid } },
  { because: "a password with a bell", auth: { username: "a", password: "very secret\u0007" } },
])("a secret is in no message: $because", async ({ auth }) => {
  const text = JSON.stringify(await problemsOf({ ...rbd, source: { ...rbd.source, auth } }));
  expect(text).toContain("source.auth");
  expect(text).not.toMatch(/very secret|dmVyeSBzZWNyZXQ/);
});

test.each([
  { because: "the type", program: { name: "images", type: unknown } },
  { because: "the path", program: dir({ target: { path: unknown } }) },
  { because: "the target", program: { name: "images", type: "dir", target: unknown } },
  { because: "the source", program: { name: "images", type: "rbd", source: unknown } },
  { because: "a device", program: { ...fs, source: { devices: [unknown], format: "ext4" } } },
  { because: "a key", program: { ...rbd, source: { ...rbd.source, auth: { username: "a", key: unknown } } } },
  { because: "whether to build", program: { ...fs, build: unknown, overwrite: true } },
] as const)("what is not known yet is no problem: $because", async ({ program }) => {
  expect(await createPoolStage().pool.preview(program as Values)).toMatchObject({ did: "create", problems: [] });
});

test("what is not known yet is no change in a stored pool but a change to come", async () => {
  const { pool } = createPoolStage();
  await pool.up(rbd);
  const source = { ...rbd.source, auth: { username: "libvirt", key: unknown } };
  expect(await pool.preview({ ...rbd, source } as Values)).toMatchObject({ did: "update", changes: ["source.auth.key"] });
});

test("a source that is not known yet changes what it may change", async () => {
  const { pool } = createPoolStage();
  await pool.up(rbd);
  const { did, changes } = await pool.preview({ ...rbd, source: unknown });
  expect([did, changes]).toEqual(["replace", expect.arrayContaining(["source.name"])]);
  expect(changes).not.toContain("source.devices");
});

test("a name is made where there is none, and kept", async () => {
  const { pool } = createPoolStage();
  const program: Values = { type: "dir", target: { path: "/srv/images" } };
  await pool.up(program);
  expect(pool.now.inputs["name"]).toMatch(/^images-[0-9a-f]{7}$/);
  expect(await pool.up(program)).toMatchObject({ did: "same" });
});

test.each([
  { mode: "0700", permissions: {}, warns: true },
  { mode: "0711", permissions: {}, warns: false },
  { mode: "0700", permissions: { owner: 64055 }, warns: false },
])("a folder that QEMU cannot pass is warned of: $mode $permissions", async ({ mode, permissions, warns }) => {
  const { log } = await createPoolStage().pool.preview(dir({ target: { path: "/p", permissions: { mode, ...permissions } } }));
  expect(log.some(({ level, message }) => level === "warn" && message.includes("VMs on it will not start"))).toBe(warns);
});
