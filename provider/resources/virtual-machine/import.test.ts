// A machine that virsh made: taken over by its name or UUID alone, with nothing to change.
import { createStage, type Stage } from "../../testing/machine-stage";
import { poolFacts } from "../../testing/fake-host-observer";
import { without } from "../values";

const uuid = "11111111-2222-4333-8444-555555555555";
const image = "/pools/fast/legacy.qcow2";
const disk = (driver = "") =>
  `<disk type="file" device="disk"><driver name="qemu" type="qcow2"${driver}/><source file="${image}"/><target dev="vda" bus="virtio"/></disk>`;
const xml = (devices: string, more = "") =>
  `<domain type="kvm"><name>legacy</name><uuid>${uuid}</uuid><memory unit="MiB">1024</memory><vcpu>2</vcpu><os><type>hvm</type></os>${more}<devices>${devices}</devices></domain>`;

async function withLegacy({ fake }: Stage, definition: string, { start = false } = {}): Promise<void> {
  fake.addFile({ path: image });
  await fake.defineDomain(definition);
  if (start) await fake.startDomain(uuid);
  fake.clearLog();
}

const shapes = [
  { because: "no driver settings", definition: xml(disk()) },
  { because: "all driver settings", definition: xml(disk(' cache="none" io="native" discard="unmap" detect_zeroes="unmap"')) },
  { because: "libvirt's word for its own default", definition: xml(disk(' cache="default"')) },
  { because: "no disks", definition: xml("") },
  {
    because: "an empty CD-ROM",
    definition: xml(`${disk()}<disk type="file" device="cdrom"><target dev="sda" bus="sata"/><readonly/></disk>`),
  },
  { because: "SPICE and a video card", definition: xml(`${disk()}<graphics type="spice"/><video><model type="qxl"/></video>`) },
  { because: "VNC", definition: xml(`${disk()}<graphics type="vnc" port="-1"/><video><model type="vga"/></video>`) },
  { because: "a video card that we have no word for", definition: xml(`${disk()}<video><model type="ramfb"/></video>`) },
  { because: "a CPU model", definition: xml(disk(), '<cpu mode="custom"><model>EPYC</model></cpu>') },
  { because: "a description", definition: xml(disk(), "<description>old &amp; good</description>") },
  {
    because: "more memory and CPUs at most",
    definition: xml(disk()).replace("<vcpu>2", '<currentMemory unit="MiB">512</currentMemory><vcpu current="1">2'),
  },
  {
    because: "disks that our inputs cannot say",
    definition: xml(
      `${disk()}<disk type="network" device="disk"><driver name="qemu" type="raw"/><source protocol="nbd"><host name="n"/></source><target dev="vdb" bus="virtio"/></disk><disk type="file" device="floppy"><target dev="fda" bus="fdc"/></disk>`,
    ),
  },
  {
    because: "direct boot and a serial port to a file",
    definition: xml(`${disk()}<serial type="file"><source path="/var/log/x"/></serial>`).replace(
      "</os>",
      "<kernel>/boot/k</kernel><cmdline>quiet</cmdline></os>",
    ),
  },
];

test.each(shapes.flatMap((shape) => (["legacy", uuid] as const).flatMap((id) => [true, false].map((start) => ({ ...shape, id, start })))))(
  "$because, by $id, started $start: its own inputs pass the check and change nothing",
  async ({ definition, id, start }) => {
    const stage = createStage();
    const { fake, web } = stage;
    await withLegacy(stage, definition, { start });
    expect(await web.import(id)).toMatchObject({ did: "import", problems: [], changes: [] });
    expect(web.now.id).toBe(uuid);
    expect(web.now.inputs).toMatchObject({ name: "legacy", power: start ? "running" : "stopped" });
    expect(fake.writes).toEqual([]);
    await web.refresh();
    const inputs = without(web.now.inputs, "effectiveDisks");
    expect(await web.up(inputs)).toMatchObject({ did: "same", problems: [] });
  },
);

test.each([true, false])("a program that says the least matches: with a host that has direct I/O: %s", async (directIo) => {
  const stage = createStage();
  const { web, host, fake } = stage;
  if (!directIo) host.setPool("fast", { ...poolFacts("/pools/fast"), directIo: "no" });
  await withLegacy(stage, xml(disk()), { start: true });
  const program = {
    name: "legacy",
    memory: "1GiB",
    cpus: 2,
    disks: { vda: { file: image, format: "qcow2", cache: "writeback", io: "threads", discard: "ignore", detectZeroes: "off" } },
  };
  expect(await web.import("legacy", program)).toMatchObject({ did: "import", problems: [], changes: [] });
  expect(await web.up(program)).toMatchObject({ did: "same" });
  expect(fake.writes).toEqual([]);
});

test("a program that asks for something else shows what it would change", async () => {
  const stage = createStage();
  await withLegacy(stage, xml(disk()));
  const program = { name: "legacy", memory: "2GiB", cpus: 2, power: "stopped", disks: { vda: { file: image } } };
  const { changes } = await stage.web.import("legacy", program);
  expect(changes).toContain("memory");
  expect(changes).toContain("effectiveDisks.vda.cache");
});

test("the first update keeps what the definition holds beside, and is none the second time", async () => {
  const stage = createStage();
  const { web, domain, fake } = stage;
  await withLegacy(stage, xml(`${disk()}<graphics type="spice"/><interface type="user"><mac address="52:54:00:00:00:01"/></interface>`), {
    start: true,
  });
  await web.import("legacy");
  const inputs = without(web.now.inputs, "effectiveDisks");
  const { id } = await domain("legacy");
  const next = { ...inputs, description: "ours" };
  expect(await web.up(next)).toMatchObject({ did: "update", changes: ["description"], initErrors: [] });
  expect((await domain("legacy")).inactiveXml).toMatch(/spice[^]*52:54:00:00:00:01|52:54:00:00:00:01[^]*spice/);
  expect((await domain("legacy")).id).toBe(id);
  expect(web.now.state).toMatchObject({ restartPending: false });
  fake.clearLog();
  expect(await web.up(next, { force: true })).toMatchObject({ did: "update" });
  expect(fake.writes).toEqual([]);
  await web.refresh();
  expect(await web.up(next)).toMatchObject({ did: "same" });
  await web.destroy();
  expect(fake.hasFile(image)).toBe(true);
});

test("another key for the same image is no second disk", async () => {
  const stage = createStage();
  const { web, domain } = stage;
  await withLegacy(stage, xml(disk()), { start: true });
  await web.import("legacy");
  const { disks, ...inputs } = without(web.now.inputs, "effectiveDisks");
  const renamed = { ...inputs, disks: { root: (disks as { vda: object }).vda as never } };
  expect(await web.up(renamed)).toMatchObject({ did: "update", initErrors: [] });
  expect((await domain("legacy")).defined.disks).toMatchObject([{ key: "root", target: "vda", path: image }]);
  expect(web.now.state).toMatchObject({ restartPending: false });
});

test.each([
  { because: "no such name", id: "nobody" },
  { because: "no such UUID", id: "99999999-2222-4333-8444-555555555555" },
])("$because is gone, not an error", async ({ id }) => {
  const stage = createStage();
  await withLegacy(stage, xml(disk()));
  expect(await stage.web.import(id)).toMatchObject({ did: "gone" });
});

test("a transient machine is refused with what to do", async () => {
  const stage = createStage();
  await withLegacy(stage, xml(disk()), { start: true });
  await stage.fake.undefineDomain(uuid);
  expect(await stage.web.import("legacy")).toMatchObject({
    did: "refused",
    problems: [{ reason: expect.stringContaining("virsh define") as string }],
  });
});

test("a program that says graphics none takes SPICE away, once and for all", async () => {
  const stage = createStage();
  const { web, domain } = stage;
  await withLegacy(stage, xml(`${disk()}<graphics type="spice"/>`));
  await web.import("legacy");
  const inputs = without(web.now.inputs, "effectiveDisks");
  await web.up({ ...inputs, graphics: "none" });
  expect((await domain("legacy")).inactiveXml).not.toContain("spice");
  await web.refresh();
  expect(await web.up({ ...inputs, graphics: "none" })).toMatchObject({ did: "same" });
});
