// How a machine is asked to stop, what keeps it from being deleted, what becomes of its snapshots, and what it is restarted with.
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { createStage, program, type Stage } from "../../testing/machine-stage";
import { unknown, type Values } from "../resource";

const verbs = (writes: readonly string[]) => writes.map((write) => write.split(" ")[0]);
const said = (log: readonly { message: string }[]) => log.map(({ message }) => message).join("\n");
const overlay = "/pools/ram/web-root.before";
const volume = "/pools/ram/web-root.qcow2";

async function running(inputs: Values = {}): Promise<Stage> {
  const stage = createStage();
  await stage.web.up(program(inputs));
  stage.fake.clearLog();
  return stage;
}

describe("shutdownMode", () => {
  test.each([
    { because: "libvirt asks the agent first where nobody says how", inputs: {}, by: undefined },
    { because: "the power button alone", inputs: { shutdownMode: "acpi" }, by: "acpi" },
  ])("$because", async ({ inputs, by }) => {
    const { web, fake } = await running(inputs);
    const asked = jest.spyOn(fake, "requestShutdown");
    await web.up(program({ ...inputs, power: "stopped" }));
    expect(asked.mock.calls.map(([, options]) => options?.by)).toEqual([by]);
    expect(verbs(fake.writes)).toEqual(["requestShutdown"]);
  });

  test("agent: a guest without one cannot be asked, and it is said", async () => {
    const { web, fake } = await running({ shutdownMode: "agent" });
    expect(said((await web.destroy()).log)).toContain(
      "could not be asked to stop (argument unsupported: QEMU guest agent is not configured)",
    );
    expect(verbs(fake.writes)).toEqual(["requestShutdown", "destroyDomain", "undefineDomain", "deleteVolume"]);
  });

  test("an agent that does not answer takes no more than the guest's time", async () => {
    const { web, fake } = await running({ shutdownTimeoutSeconds: 1 });
    const hold = fake.holdNext("requestShutdown");
    const destroyed = web.destroy();
    await hold.reached;
    expect(await destroyed).toMatchObject({ did: "delete" });
    hold.release();
  });
});

describe("stopOnDelete: false", () => {
  test.each([
    { because: "it runs", power: "running", saved: false },
    { because: "it is paused", power: "paused", saved: false },
    { because: "it lies saved with a guest's memory", power: "running", saved: true },
  ])("refuses to delete, and touches nothing: $because", async ({ power, saved }) => {
    const { web, fake } = await running({ stopOnDelete: false, power });
    if (saved) await fake.saveDomain(web.now.id);
    fake.clearLog();
    expect(await web.destroy()).toMatchObject({ did: "refused", problems: [{ path: "stopOnDelete" }] });
    expect(fake.writes).toEqual([]);
  });

  test("deletes a machine that is stopped", async () => {
    const { web } = await running({ stopOnDelete: false, power: "stopped" });
    expect(await web.destroy()).toMatchObject({ did: "delete" });
  });

  test("lets go once the program says so, which changes nothing on the host", async () => {
    const { web, fake } = await running({ stopOnDelete: false });
    expect(await web.up(program())).toMatchObject({ did: "same" });
    expect(fake.writes).toEqual([]);
    expect(await web.destroy()).toMatchObject({ did: "delete" });
  });
});

describe("snapshots", () => {
  test("keep a machine from being deleted, and are named", async () => {
    const { web, fake } = await running();
    fake.addSnapshot("web", "before");
    fake.addSnapshot("web", "after");
    const refused = await web.destroy();
    expect(refused).toMatchObject({ did: "refused", problems: [{ path: "snapshotsOnDelete" }] });
    expect(refused.problems[0]?.reason).toContain('"before", "after"');
    expect(fake.writes).toEqual([]);
  });

  test("go with the machine and all that was made for them", async () => {
    const { web, fake } = await running({ snapshotsOnDelete: "delete" });
    fake.addSnapshot("web", "inside");
    fake.addSnapshot("web", "outside", { vda: overlay });
    expect(await web.destroy()).toMatchObject({ did: "delete" });
    expect(verbs(fake.writes)).toEqual(["requestShutdown", "undefineDomain", "deleteVolume", "deleteVolume"]);
    expect([volume, overlay].filter(fake.hasFile)).toEqual([]);
  });

  test("of a disk that is kept are merged into it, the last first", async () => {
    const disks = { root: { pool: "ram", size: "10GiB", keepOnDelete: true } };
    const { web, fake } = await running({ snapshotsOnDelete: "delete", disks });
    fake.addSnapshot("web", "first");
    fake.addSnapshot("web", "second");
    const merged = jest.spyOn(fake, "deleteSnapshot");
    await web.destroy();
    expect(merged.mock.calls.map(([, name]) => name)).toEqual(["second", "first"]);
    expect(fake.hasFile(volume)).toBe(true);
  });

  test("that libvirt cannot merge stay in their files, which are told of", async () => {
    const disks = { root: { pool: "ram", size: "10GiB", keepOnDelete: true } };
    const { web, fake } = await running({ snapshotsOnDelete: "delete", disks });
    fake.addSnapshot("web", "outside", { vda: overlay });
    fake.failNext("deleteSnapshot", new HostError(hostErrorCodes.configUnsupported, "not yet", { doing: "deleting", what: "outside" }));
    const gone = await web.destroy();
    expect(gone).toMatchObject({ did: "delete" });
    expect(said(gone.log)).toContain(`${overlay} is kept`);
    expect([volume, overlay].filter(fake.hasFile)).toEqual([volume, overlay]);
  });

  test("an update that would take a disk back to before an external one is refused, and nothing is written", async () => {
    const { web, fake } = await running();
    fake.addSnapshot("web", "outside", { vda: overlay });
    const refused = await web.up(program({ description: "other" }));
    expect(refused).toMatchObject({ did: "refused", problems: [{ path: "disks.root" }] });
    expect(refused.problems[0]?.reason).toContain(`${overlay}, an overlay over ${volume} (the snapshot "outside")`);
    expect(fake.writes).toEqual([]);
  });

  test("hold the volume of a disk that goes, until they are gone", async () => {
    const disks = { root: { pool: "ram", size: "10GiB" }, data: { pool: "ram", size: "1GiB" } };
    const { web, fake } = await running({ power: "stopped", disks });
    fake.addSnapshot("web", "inside");
    const asked = program({ power: "stopped" });
    const up = await web.up(asked);
    expect(said(up.log)).toContain('web-data.qcow2 stays while the snapshot "inside" needs it');
    expect(fake.hasFile("/pools/ram/web-data.qcow2")).toBe(true);
    await fake.deleteSnapshot(web.now.id, "inside");
    await web.up(asked);
    expect(fake.hasFile("/pools/ram/web-data.qcow2")).toBe(false);
  });
});

describe("restartTriggers", () => {
  const triggers = { restartTriggers: { config: "1" } };

  test.each([
    { because: "one is another", before: triggers, after: { restartTriggers: { config: "2" } } },
    { because: "one comes", before: {}, after: triggers },
    { because: "one goes", before: triggers, after: {} },
    {
      because: "the way of other changes is refuse",
      before: triggers,
      after: { restartTriggers: { config: "2" }, applyChanges: "refuse" },
    },
  ])("restart the machine at once, which is announced: $because", async ({ before, after }) => {
    const { web, fake, domain } = await running(before);
    const { id } = await domain();
    expect(said((await web.preview(program(after))).log)).toContain("restartTriggers.config: as it was => another: at once, by a restart");
    expect(await web.up(program(after))).toMatchObject({ did: "update", changes: ["restartTriggers.config"], initErrors: [] });
    expect(verbs(fake.writes)).toEqual(["requestShutdown", "startDomain"]);
    expect((await domain()).id).not.toBe(id);
    expect(await web.up(program(after))).toMatchObject({ did: "same" });
    await web.refresh();
    expect(await web.up(program(after))).toMatchObject({ did: "same" });
  });

  test("take what waits along", async () => {
    const { web } = await running(triggers);
    await web.up(program({ ...triggers, cache: "writethrough" }));
    expect(web.now.state).toMatchObject({ restartPending: true });
    await web.up(program({ restartTriggers: { config: "2" }, cache: "writethrough" }));
    expect(web.now.state).toMatchObject({ restartPending: false });
  });

  test("start nothing that is stopped", async () => {
    const { web, fake } = await running({ ...triggers, power: "stopped" });
    await web.up(program({ restartTriggers: { config: "2" }, power: "stopped" }));
    expect(fake.writes).toEqual([]);
  });

  test("that are known at apply are announced as such", async () => {
    const { web } = await running(triggers);
    const preview = await web.preview(program({ restartTriggers: { config: unknown } }));
    expect(said(preview.log)).toContain("restartTriggers.config: known at apply");
  });
});

describe("onPoweroff, onReboot and onCrash", () => {
  const actions = { onPoweroff: "restart", onReboot: "restart", onCrash: "preserve" };

  test("change while the machine runs, in an order that libvirt takes", async () => {
    const { web, fake, domain } = await running({ onReboot: "destroy" });
    const { id } = await domain();
    expect(said((await web.preview(program(actions))).log)).toContain("onCrash: none => preserve: live");
    expect(await web.up(program(actions))).toMatchObject({ did: "update", initErrors: [] });
    expect(verbs(fake.writes)).toEqual(["defineDomain", "setLiveLifecycleAction", "setLiveLifecycleAction", "setLiveLifecycleAction"]);
    expect(await domain()).toMatchObject({ id, defined: { platform: actions }, running: { platform: actions } });
    expect(web.now.state).toMatchObject({ restartPending: false });
    expect(await web.up(program(actions))).toMatchObject({ did: "same" });
  });

  test("two that QEMU cannot tell apart are refused", async () => {
    const { web } = createStage();
    expect(await web.up(program({ onPoweroff: "restart", onReboot: "destroy" }))).toMatchObject({
      did: "refused",
      problems: [{ path: "onReboot" }],
    });
  });
});
