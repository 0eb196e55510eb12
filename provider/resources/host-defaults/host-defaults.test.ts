// The policy with the facts of the host beside it: what each verb shows, and when facts are fresh.
import { createFakeImages } from "../../testing/fake-images";
import { createFakeHostObserver, poolFacts, ramfsPoolFacts } from "../../testing/fake-host-observer";
import { createFakeLibvirt } from "../../testing/fake-libvirt";
import { createResourceDriver } from "../../testing/resource-driver";
import { probeIsDue } from "../../host/observer";
import { HostConnectionError } from "../../errors";
import type { Values } from "../resource";
import { unknown } from "../resource";
import { virtualMachine } from "../virtual-machine/virtual-machine";
import { outputs } from "./contract";
import { hostDefaults } from "./host-defaults";

function createStage() {
  const libvirt = createFakeLibvirt();
  const host = createFakeHostObserver();
  host.setPool("fast", poolFacts("/pools/fast"));
  host.setPool("ram", ramfsPoolFacts("/pools/ram"));
  return { libvirt, host, defaults: createResourceDriver({ definition: hostDefaults, libvirt, host, name: "host" }) };
}

const warnings = (log: readonly { level: string; message: string }[]) =>
  log.filter(({ level }) => level === "warn").map(({ message }) => message);

test("create shows policy, facts and what follows from them, already at preview, and writes nothing", async () => {
  const { defaults, libvirt } = createStage();
  const program = { cache: "auto", applyChanges: "suspend" };
  const preview = await defaults.preview(program);
  expect(preview.did).toBe("create");
  const up = await defaults.up(program);
  expect(up).toMatchObject({
    did: "create",
    state: {
      cache: "auto",
      settings: { policy: program, facts: { libvirtVersion: "9.0.0", pools: { fast: { directIo: "yes" }, ram: { directIo: "no" } } } },
      poolDefaults: {
        fast: { cache: "none", reason: expect.stringContaining("ext4") as string },
        ram: { cache: "writeback", reason: expect.stringContaining("ramfs") as string },
      },
    },
  });
  expect(preview.state).toEqual(up.state);
  expect(defaults.now.id).toBe("fake");
  expect(libvirt.writes).toEqual([]);
});

test("the same policy is no change, and a refresh keeps it so", async () => {
  const { defaults } = createStage();
  await defaults.up({ cache: "none" });
  expect(await defaults.up({ cache: "none" })).toMatchObject({ did: "same" });
  await defaults.refresh();
  expect(await defaults.up({ cache: "none" })).toMatchObject({ did: "same" });
});

test("the engine is asked to refresh before each update", async () => {
  const { libvirt, host } = createStage();
  const call = {
    urn: "urn:pulumi:s::p::kvm:index:HostDefaults::host",
    signal: new AbortController().signal,
    log: { info: () => undefined, warn: () => undefined, status: () => undefined },
    services: { config: { uri: libvirt.uri, timeoutMs: 1 }, libvirt, host, images: createFakeImages() },
  };
  const { create, read, update } = hostDefaults.lifecycle;
  const change = { id: "fake", oldInputs: {}, oldState: {}, news: {}, ignoreChanges: [] };
  expect(await create({ inputs: {}, preview: false }, call)).toMatchObject({ refreshBeforeUpdate: true });
  expect(await read({ id: "fake", oldInputs: {}, oldState: {} }, call)).toMatchObject({ refreshBeforeUpdate: true });
  expect(await update({ ...change, preview: false }, call)).toMatchObject({ refreshBeforeUpdate: true });
});

test("each changed part of the policy is a change of its own", async () => {
  const { defaults } = createStage();
  await defaults.up({ cache: "auto", io: "threads" });
  expect(await defaults.up({ cache: "none", discard: "unmap" })).toMatchObject({ did: "update", changes: ["cache", "discard", "io"] });
  expect(defaults.now.state).toMatchObject({ settings: { policy: { cache: "none", discard: "unmap" } } });
  expect(defaults.now.state).not.toHaveProperty("io");
});

test("facts that change are seen by a refresh, and are a change of no input", async () => {
  const { defaults, host } = createStage();
  await defaults.up({});
  host.setPool("ram", poolFacts("/pools/ram"));
  host.setPool("new", poolFacts("/pools/new"));
  await defaults.refresh();
  expect(defaults.now.state).toMatchObject({
    settings: { facts: { pools: { ram: { directIo: "yes" }, new: { directIo: "yes" } } } },
    poolDefaults: { ram: { cache: "none" } },
  });
  expect(await defaults.up({})).toMatchObject({ did: "same" });
});

test("a rule for a pool that is not there warns, and waits for it", async () => {
  const { defaults } = createStage();
  const up = await defaults.up({ pools: { later: { cache: "writethrough" } } });
  expect(warnings(up.log).join()).toContain("pools.later");
  expect(up).toMatchObject({ did: "create", problems: [] });
});

test("a policy that refuses shows why in place of a mode, in the shape that is documented", async () => {
  const { defaults } = createStage();
  const up = await defaults.up({ whenDirectIoMissing: "refuse" });
  const { ram } = up.state?.["poolDefaults"] as { ram: Values };
  expect(ram).toEqual({ reason: expect.stringContaining("ramfs") as string });
  expect(outputs.safeParse({ settings: up.state?.["settings"], poolDefaults: up.state?.["poolDefaults"] }).error).toBeUndefined();
});

test("problems of the policy come all at once", async () => {
  const { defaults } = createStage();
  const up = await defaults.up({ cache: "fast", pools: { fast: { io: "slow" } }, colour: "red" });
  expect(up.problems.map(({ path }) => path).sort()).toEqual(["cache", "colour", "pools.fast.io"]);
});

test("a policy that is not known yet leaves the outputs open at preview, at create and update", async () => {
  const { defaults } = createStage();
  expect(typeof (await defaults.preview({ cache: unknown })).state?.["settings"]).toBe("symbol");
  await defaults.up({});
  const preview = await defaults.preview({ cache: unknown });
  expect(preview.did).toBe("update");
  expect(typeof preview.state?.["settings"]).toBe("symbol");
});

describe("a pool of which only a probe can tell", () => {
  test("is left open at preview beside the others, and is asked at create", async () => {
    const { defaults, host } = createStage();
    host.hideFromLook("ram");
    const { state } = await defaults.preview({});
    expect(state).toMatchObject({ settings: { facts: { pools: { fast: { directIo: "yes" }, ram: { why: probeIsDue } } } } });
    expect(state).toMatchObject({ poolDefaults: { fast: { cache: "none" }, ram: unknown } });
    expect(await defaults.up({})).toMatchObject({ did: "create", state: { settings: { facts: { pools: { ram: { directIo: "no" } } } } } });
  });

  test("keeps its answer at refresh and at the preview of an update", async () => {
    const { defaults, host } = createStage();
    host.hideFromLook("ram");
    await defaults.up({});
    await defaults.refresh();
    expect(defaults.now.state).toMatchObject({ settings: { facts: { pools: { ram: { directIo: "no" } } } } });
    expect(await defaults.preview({ cache: "auto" })).toMatchObject({ did: "update", state: { settings: { policy: { cache: "auto" } } } });
  });

  test("that came since: a refresh keeps what is known, never stores an unknown, and the next update asks", async () => {
    const { defaults, host } = createStage();
    await defaults.up({});
    host.hideFromLook("new");
    host.setPool("new", poolFacts("/pools/new"));
    expect(await defaults.refresh()).toMatchObject({ did: "refresh" });
    expect(defaults.now.state).toMatchObject({
      settings: { facts: { pools: { fast: { directIo: "yes" }, new: { directIo: "unknown", source: "not asked" } } } },
    });
    expect(await defaults.up({})).toMatchObject({ did: "update", changes: ["settings"] });
    expect(defaults.now.state).toMatchObject({ settings: { facts: { pools: { new: { directIo: "yes" } } } } });
    await defaults.refresh();
    expect(await defaults.up({})).toMatchObject({ did: "same" });
  });

  test("is left open by an import, and asked by the next update", async () => {
    const { defaults, host } = createStage();
    host.hideFromLook("ram");
    const imported = await defaults.import("fake");
    expect(imported).toMatchObject({
      did: "import",
      problems: [],
      state: { settings: { facts: { pools: { ram: { directIo: "unknown" } } } } },
    });
    expect(await defaults.up({})).toMatchObject({ did: "update", changes: ["settings"] });
    expect(defaults.now.state).toMatchObject({ settings: { facts: { pools: { ram: { directIo: "no" } } } } });
  });
});

test("a host that does not answer is an error at refresh, and removes nothing", async () => {
  const { defaults, host } = createStage();
  await defaults.up({});
  const before = defaults.now;
  host.observeHost = () => Promise.reject(new HostConnectionError("test:///fake", "refused", { doing: "looking at", what: "the host" }));
  expect(await defaults.refresh()).toMatchObject({ did: "failed", error: { name: "HostConnectionError" } });
  expect(defaults.now).toBe(before);
});

test("delete touches nothing", async () => {
  const { defaults, libvirt } = createStage();
  await defaults.up({});
  expect(await defaults.destroy()).toMatchObject({ did: "delete" });
  expect(libvirt.writes).toEqual([]);
});

test("its settings, over the wire, are what a VirtualMachine takes; swapped storage shows there at preview", async () => {
  const { defaults, libvirt, host } = createStage();
  libvirt.addPool({ name: "ram", path: "/pools/ram", directIo: false });
  await defaults.up({ applyChanges: "suspend" });
  const web = createResourceDriver({ definition: virtualMachine, libvirt, host });
  const program = (): Values => ({
    host: defaults.now.state["settings"]!,
    name: "web",
    memory: "1GiB",
    disks: { root: { pool: "ram", size: "1GiB" } },
  });
  expect(await web.up(program())).toMatchObject({ did: "create", problems: [], initErrors: [] });
  host.setPool("ram", poolFacts("/pools/ram"));
  libvirt.setDirectIo("/pools/ram", true);
  await defaults.refresh();
  expect(await web.up(program())).toMatchObject({
    did: "update",
    changes: ["effectiveDisks.root.cache", "effectiveDisks.root.reason"],
    initErrors: [],
  });
  expect(web.now.state).toMatchObject({ runningDisks: { root: { cache: "none" } }, restartPending: false });
});
