// What other hands do to a pool: seen by read, in its inputs, and mended by the next up; pools that virsh made, taken over.
import type { Values } from "../resource";
import { createPoolStage, dir, leastPrograms } from "../../testing/pool-stage";
import { poolSecretUuid } from "./pool-request";

type Stage = ReturnType<typeof createPoolStage>;

const ceph: Values = leastPrograms.rbd;
const closed = dir({ target: { path: "/srv/images", permissions: { mode: "0711", owner: 0 } } });

async function redefine({ fake }: Stage, change: (xml: string) => string): Promise<void> {
  const before = (await fake.findPool("images"))?.xml ?? "";
  const after = change(before);
  if (after === before) throw new Error("the edit changed nothing");
  await fake.definePool(after);
}

const cases: readonly {
  because: string;
  program?: Values;
  hands: (stage: Stage) => Promise<void> | void;
  seen: object;
  changes: readonly string[];
}[] = [
  {
    because: "it was stopped",
    hands: ({ fake }) => fake.stopPool("images"),
    seen: { active: false },
    changes: ["active"],
  },
  {
    because: "it no longer starts with the host",
    hands: ({ fake }) => fake.setPoolAutostart("images", false),
    seen: { autostart: false },
    changes: ["autostart"],
  },
  {
    because: "its folder was closed, and libvirt saw that",
    program: closed,
    hands: async ({ fake }) => {
      fake.addFolder("/srv/images", { mode: 0o700, owner: 5 });
      await fake.refreshPool("images");
    },
    seen: { target: { permissions: { mode: "0700", owner: 5 } } },
    changes: ["target.permissions.mode", "target.permissions.owner"],
  },
  {
    because: "its folder was deleted, and so it did not start with the host",
    hands: async ({ fake }) => {
      await fake.stopPool("images");
      fake.removeFolder("/srv/images");
    },
    seen: { active: false },
    changes: ["active"],
  },
  {
    because: "its monitors were edited",
    program: ceph,
    hands: (stage) => redefine(stage, (xml) => xml.replace("mon1", "mon9")),
    seen: { source: { hosts: [{ name: "mon9" }, { name: "mon2", port: 6789 }] } },
    changes: ["source.hosts"],
  },
  {
    because: "its user was edited",
    program: ceph,
    hands: (stage) => redefine(stage, (xml) => xml.replace('username="libvirt"', 'username="admin"')),
    seen: { source: { auth: { username: "admin" } } },
    changes: ["source.auth.username"],
  },
  {
    because: "its secret was deleted",
    program: ceph,
    hands: ({ fake }) => fake.undefineSecret(poolSecretUuid("images")),
    seen: { source: { auth: { username: "libvirt" } } },
    changes: ["source.auth.key"],
  },
  {
    because: "it was given another secret",
    program: ceph,
    hands: async (stage) => {
      const other = "11111111-2222-4333-8444-555555555555";
      await redefine(stage, (xml) => xml.replace(poolSecretUuid("images"), other));
    },
    seen: { source: { auth: { username: "libvirt", secretUuid: "11111111-2222-4333-8444-555555555555" } } },
    changes: ["source.auth.key", "source.auth.secretUuid"],
  },
];

test.each(cases)("$because", async ({ program = dir(), hands, seen, changes }) => {
  const stage = createPoolStage();
  const { pool, fake } = stage;
  await pool.up(program);
  await hands(stage);
  fake.clearLog();
  await pool.refresh();
  expect(fake.writes).toEqual([]);
  expect(pool.now.inputs).toMatchObject(seen);
  expect(await pool.up(program)).toMatchObject({ did: "update", changes, initErrors: [] });
  await pool.refresh();
  expect(await pool.up(program)).toMatchObject({ did: "same" });
  expect(await fake.findPool("images")).toMatchObject({ active: true, autostart: true });
});

test("a pool that is gone is gone, and made anew", async () => {
  const { pool, fake } = createPoolStage();
  await pool.up(dir());
  await fake.stopPool("images");
  await fake.undefinePool("images");
  expect(await pool.up(dir({ autostart: false }))).toMatchObject({
    did: "refused",
    problems: [{ path: "name", reason: expect.stringContaining("pulumi refresh") as string }],
  });
  expect(await pool.refresh()).toMatchObject({ did: "gone" });
  expect(await pool.up(dir())).toMatchObject({ did: "create" });
});

test("a path that was edited is a replacement", async () => {
  const stage = createPoolStage();
  const { pool, fake } = stage;
  await pool.up(dir());
  await fake.stopPool("images");
  fake.addFolder("/elsewhere");
  await redefine(stage, (xml) => xml.replace("/srv/images", "/elsewhere"));
  await pool.refresh();
  expect(await pool.preview(dir())).toMatchObject({ did: "replace", changes: ["target.path", "active"] });
});

describe("import", () => {
  test("of a pool that virsh made; the least program for it changes nothing", async () => {
    const { fake, newDriver } = createPoolStage();
    fake.addPool({ name: "default", path: "/var/lib/libvirt/images" });
    await fake.setPoolAutostart("default", true);
    const program = { name: "default", type: "dir", target: { path: "/var/lib/libvirt/images" } };
    expect(await newDriver().import("default", program)).toMatchObject({ did: "import", problems: [], changes: [] });
    expect(await newDriver().import("default", { ...program, active: false, autostart: false })).toMatchObject({
      changes: ["autostart", "active"],
    });
  });

  test("of a pool that is stopped keeps it so", async () => {
    const { fake, newDriver } = createPoolStage();
    fake.addPool({ name: "default", path: "/p", active: false });
    const pool = newDriver();
    expect(await pool.import("default")).toMatchObject({ did: "import", problems: [], changes: [] });
    expect(pool.now).toMatchObject({ inputs: { active: false, autostart: false }, state: { path: "/p" } });
    expect(pool.now.state).not.toHaveProperty("capacity");
    await pool.destroy();
    expect(await fake.listPools()).toEqual([]);
  });

  test.each([
    { because: "no such name", id: "nobody" },
    { because: "no such UUID", id: "99999999-2222-4333-8444-555555555555" },
  ])("of what is not there: $because", async ({ id }) => {
    expect(await createPoolStage().newDriver().import(id)).toMatchObject({ did: "gone" });
  });

  test("of a type that is not ours is refused with those that are", async () => {
    const { fake, newDriver } = createPoolStage();
    fake.addPool({ name: "glue", path: "/g", type: "gluster" });
    expect(await newDriver().import("glue")).toMatchObject({
      did: "refused",
      problems: [{ path: "id", reason: expect.stringMatching(/type gluster.*it does: dir, fs/) as string }],
    });
  });

  test("of a pool whose secret is named by usage says how to get on", async () => {
    const { fake, newDriver } = createPoolStage();
    await fake.definePool(
      `<pool type="rbd"><name>c</name><source><host name="m"/><name>p</name><auth type="ceph" username="u"><secret usage="x"/></auth></source></pool>`,
    );
    expect(await newDriver().import("c")).toMatchObject({
      did: "refused",
      problems: [{ reason: expect.stringContaining("virsh pool-edit") as string }],
    });
  });

  test("of a pool of ours takes its secret along when it goes", async () => {
    const { pool, fake, newDriver } = createPoolStage();
    await pool.up(ceph);
    const other = newDriver();
    await other.import("images");
    await other.destroy();
    expect(await fake.findSecret(poolSecretUuid("images"))).toBeUndefined();
  });
});
