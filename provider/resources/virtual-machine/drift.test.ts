// What other hands do to a machine: seen by read, in its inputs, and mended by the next up.
import { HostConnectionError, HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { createStage, program, withCache, type Stage } from "../../testing/machine-stage";
import type { Values } from "../resource";

const root = { pool: "fast", size: "10GiB" };
const data = { pool: "fast", size: "1GiB" };
const dataPath = "/pools/fast/web-data.qcow2";
const two = program({ cpus: 2, disks: { root, data } });
const three = (await_: string) =>
  `<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="${await_}"/><target dev="vdx" bus="virtio"/></disk>`;
const dataDisk = /<disk [^>]*>(?:(?!<\/disk>)[^])*web-data\.qcow2(?:(?!<\/disk>)[^])*<\/disk>/;

interface Case {
  readonly because: string;
  readonly inputs?: Values;
  readonly hands: (stage: Stage) => Promise<void> | void;
  /** What Read's inputs show. */
  readonly seen: object;
  /** What the next up changes. */
  readonly changes: readonly string[];
}

const uuid = async ({ domain }: Stage) => (await domain()).uuid;

const cases: readonly Case[] = [
  {
    because: "the cache mode was edited",
    hands: ({ edit }) => edit((xml) => xml.replace(/(<driver [^>]*)cache="none"/, '$1cache="unsafe"')),
    inputs: withCache("none"),
    seen: {
      effectiveDisks: { root: { cache: "unsafe", reason: expect.stringContaining("found in the definition") as string } },
      disks: { root: { cache: "none" } },
    },
    changes: ["effectiveDisks.root.cache", "effectiveDisks.root.reason"],
  },
  {
    because: "the cache mode was edited out",
    hands: ({ edit }) => edit((xml) => xml.replace(/(<driver [^>]*) cache="none"/, "$1")),
    inputs: withCache("none"),
    seen: { effectiveDisks: { root: { cache: "writeback" } } },
    changes: ["effectiveDisks.root.cache", "effectiveDisks.root.reason"],
  },
  { because: "the guest stopped", hands: ({ fake }) => fake.guestStops("web"), seen: { power: "stopped" }, changes: ["power"] },
  {
    because: "it was paused",
    hands: async (stage) => stage.fake.pauseDomain(await uuid(stage)),
    seen: { power: "paused" },
    changes: ["power"],
  },
  {
    because: "it was saved",
    hands: async (stage) => stage.fake.saveDomain(await uuid(stage)),
    seen: { power: "stopped" },
    changes: ["power"],
  },
  {
    because: "it was started",
    inputs: program({ power: "stopped" }),
    hands: async (stage) => stage.fake.startDomain(await uuid(stage)),
    seen: { power: "running" },
    changes: ["power"],
  },
  {
    because: "a disk was taken out of the definition",
    hands: ({ edit }) => edit((xml) => xml.replace(dataDisk, "")),
    seen: { disks: { root: expect.anything() as unknown } },
    changes: ["disks.data"],
  },
  {
    because: "a volume was deleted",
    hands: async ({ fake }) => fake.deleteVolume({ path: dataPath }),
    seen: { disks: { root: expect.anything() as unknown } },
    changes: ["disks.data"],
  },
  {
    because: "a disk was put in",
    hands: async ({ edit, fake }) => {
      fake.addFile({ path: "/pools/fast/theirs.img", format: "raw" });
      await edit((xml) => xml.replace("</devices>", `${three("/pools/fast/theirs.img")}</devices>`));
    },
    seen: { disks: { vdx: { file: "/pools/fast/theirs.img", format: "raw", cache: "writeback" } } },
    changes: ["disks.vdx"],
  },
  {
    because: "a disk's file was changed",
    hands: async ({ edit, fake }) => {
      fake.addFile({ path: "/pools/fast/other.qcow2" });
      await edit((xml) => xml.replace(`file="${dataPath}"`, 'file="/pools/fast/other.qcow2"'));
    },
    seen: { disks: { data: { file: "/pools/fast/other.qcow2" } } },
    changes: ["disks.data.file", "disks.data.pool", "disks.data.size"],
  },
  {
    because: "a disk was made read-only",
    hands: ({ edit }) => edit((xml) => xml.replace(dataDisk, (disk) => disk.replace("</disk>", "<readonly/></disk>"))),
    seen: { disks: { data: { readonly: true } } },
    changes: ["disks.data.readonly"],
  },
  {
    because: "autostart was turned on",
    hands: async (stage) => stage.fake.setAutostart(await uuid(stage), true),
    seen: { autostart: true },
    changes: ["autostart"],
  },
  {
    because: "the memory was changed",
    hands: ({ edit }) => edit((xml) => xml.replaceAll(">1048576<", ">524288<")),
    seen: { memory: "512MiB" },
    changes: ["memory"],
  },
  {
    because: "the most memory was changed",
    hands: ({ edit }) => edit((xml) => xml.replace(/(<memory [^>]*>)1048576</, "$12097152<")),
    seen: { memory: "1GiB", maxMemory: "2GiB" },
    changes: ["maxMemory"],
  },
  {
    because: "the CPUs were changed",
    hands: ({ edit }) => edit((xml) => xml.replace(/<vcpu[^>]*>2</, "<vcpu>3<")),
    seen: { cpus: 3 },
    changes: ["cpus"],
  },
  {
    because: "the CPU slots were changed",
    hands: ({ edit }) => edit((xml) => xml.replace(/<vcpu[^>]*>2</, '<vcpu current="2">8<')),
    seen: { cpus: 2, maxCpus: 8 },
    changes: ["maxCpus"],
  },
  {
    because: "a description was written",
    hands: ({ edit }) => edit((xml) => xml.replace("</name>", "</name><description>theirs</description>")),
    seen: { description: "theirs" },
    changes: ["description"],
  },
  {
    because: "the machine type that the program names was changed",
    inputs: program({ machine: "q35" }),
    hands: ({ edit }) => edit((xml) => xml.replace("pc-q35-7.2", "pc-i440fx-7.2")),
    seen: { machine: "pc-i440fx-7.2" },
    changes: ["machine"],
  },
  {
    because: "the serial port was given another file",
    inputs: program({ serial: { file: "/var/log/web" } }),
    hands: ({ edit }) => edit((xml) => xml.replaceAll("/var/log/web", "/var/log/other")),
    seen: { serial: { file: "/var/log/other" } },
    changes: ["serial"],
  },
  {
    because: "direct boot was edited",
    inputs: program({ directBoot: { kernel: "/boot/a", cmdline: "quiet" } }),
    hands: ({ edit }) => edit((xml) => xml.replace("/boot/a", "/boot/b")),
    seen: { directBoot: { kernel: "/boot/b", cmdline: "quiet" } },
    changes: ["directBoot"],
  },
];

test.each(cases)("$because: read sees it, up mends it", async ({ inputs = two, hands, seen, changes }) => {
  const stage = createStage();
  const { web, fake } = stage;
  await web.up(inputs);
  const { id } = web.now;
  await hands(stage);
  fake.clearLog();
  expect(await web.refresh()).toMatchObject({ did: "refresh" });
  expect(fake.writes).toEqual([]);
  expect(web.now.inputs).toMatchObject(seen);
  if ("disks" in seen && !("effectiveDisks" in seen))
    expect(Object.keys(web.now.inputs["disks"] as object)).toEqual(expect.arrayContaining(Object.keys(seen.disks as object)));
  expect(web.now.id).toBe(id);

  expect(await web.up(inputs)).toMatchObject({ did: "update", changes, problems: [], initErrors: [] });
  expect(web.now.id).toBe(id);
  await web.refresh();
  expect(await web.up(inputs)).toMatchObject({ did: "same" });
  fake.clearLog();
  expect(await web.up(inputs, { force: true })).toMatchObject({ did: "update", initErrors: [] });
  expect(fake.writes).toEqual([]);
});

test.each(cases)("$because: a forced update mends it without a refresh", async ({ because, inputs = two, hands }) => {
  const stage = createStage();
  const { web, fake } = stage;
  await web.up(inputs);
  await hands(stage);
  expect(await web.up(inputs, { force: true })).toMatchObject({ did: "update", initErrors: [] });
  await web.refresh();
  expect({ because, ...(await web.up(inputs)) }).toMatchObject({ because, did: "same" });
  expect(fake.hasFile("/pools/fast/theirs.img")).toBe(because === "a disk was put in");
});

test("a machine that was undefined is gone, and made again by the next up", async () => {
  const { web, fake, domain } = createStage();
  await web.up(two);
  const { id } = web.now;
  fake.guestStops("web");
  await fake.undefineDomain(id);
  expect(await web.refresh()).toMatchObject({ did: "gone" });
  expect(await web.up(two)).toMatchObject({ did: "create", initErrors: [] });
  expect((await domain()).uuid).not.toBe(id);
  expect(await domain()).toMatchObject({ state: "running" });
});

test("a machine that was undefined while it runs is gone for a definition, but told: it would be in the way", async () => {
  const { web, fake } = createStage();
  await web.up(two);
  await fake.undefineDomain(web.now.id);
  expect(await web.refresh()).toMatchObject({ did: "refused", problems: [{ reason: expect.stringContaining("transient") as string }] });
});

describe("what cannot be told is an error, and removes nothing", () => {
  const unreachable = () => new HostConnectionError("test:///fake", "connection refused", { doing: "looking up", what: "web" });

  test("a daemon that does not answer", async () => {
    const { web, fake } = createStage();
    await web.up(two);
    const before = web.now;
    fake.failNext("findDomain", unreachable());
    expect(await web.refresh()).toMatchObject({ did: "failed", error: { name: "HostConnectionError" } });
    expect(web.now).toBe(before);
    expect(await web.refresh()).toMatchObject({ did: "refresh" });
    expect(await web.up(two)).toMatchObject({ did: "same" });
  });

  test("a daemon that goes in the middle", async () => {
    const { web, fake } = createStage();
    await web.up(two);
    fake.failNext("findVolume", unreachable());
    expect(await web.refresh()).toMatchObject({ did: "failed", error: { name: "HostConnectionError" } });
    expect(web.now.inputs["disks"]).toHaveProperty("data");
  });

  test("a lookup that libvirt refuses", async () => {
    const { web, fake } = createStage();
    await web.up(two);
    fake.failNext("findDomain", new HostError(hostErrorCodes.accessDenied, "no", { doing: "looking up", what: "web" }));
    expect(await web.refresh()).toMatchObject({ did: "failed", error: { name: "HostError" } });
  });

  test("a pool that is stopped: its volumes are not taken for deleted", async () => {
    const { web, fake } = createStage();
    await web.up(two);
    fake.setPoolActive("fast", false);
    await web.refresh();
    expect(web.now.inputs["disks"]).toMatchObject({ root, data });
    fake.setPoolActive("fast", true);
    expect(await web.refresh()).toMatchObject({ did: "refresh" });
    expect(await web.up(two)).toMatchObject({ did: "same" });
  });
});

test("a volume that grew under other hands shows its size", async () => {
  const { web, fake } = createStage();
  await web.up(two);
  await fake.growVolume({ path: dataPath }, 2 * 2 ** 30);
  await web.refresh();
  expect(web.now.inputs["disks"]).toMatchObject({ data: { size: "2GiB" } });
  expect(await web.up(program({ cpus: 2, disks: { root, data: { ...data, size: "2GiB" } } }))).toMatchObject({ did: "same" });
});

test("what the program does not speak of stays as other hands made it, through an update too", async () => {
  const stage = createStage();
  const { web, domain, edit } = stage;
  await web.up(two);
  await edit((xml) => xml.replace("</devices>", '<interface type="user"><mac address="52:54:00:00:00:01"/></interface></devices>'));
  await web.refresh();
  expect(await web.up({ ...two, description: "x" })).toMatchObject({ did: "update", changes: ["description"] });
  expect((await domain()).inactiveXml).toContain("52:54:00:00:00:01");
});
