// A dynamic resource's methods as Pulumi calls them, over the real resources and a fake host: what they are not told, and what they do about it.
import { HostError } from "../errors";
import { hostErrorCodes } from "../libvirt/codes";
import { functions } from "../resources/functions/functions";
import { registry } from "../resources/registry";
import { kindKey, kinds } from "../rpc/values";
import { createFakeHostObserver, poolFacts, ramfsPoolFacts } from "../testing/fake-host-observer";
import { createFakeImages } from "../testing/fake-images";
import { createFakeLibvirt } from "../testing/fake-libvirt";
import { createDynamicRuntime } from "./dynamic-runtime";
import type { Bag } from "./hidden-properties";

const tokens = { host: "kvm:index:HostDefaults", machine: "kvm:index:VirtualMachine" } as const;
const settings: Readonly<Record<string, string>> = { "kvm:uri": "test:///first" };
const configOf = (values: Readonly<Record<string, string>>) => ({
  config: { get: (key: string) => values[key], require: (key: string) => values[key] ?? "" },
});

function createStage() {
  const libvirt = createFakeLibvirt();
  const host = createFakeHostObserver();
  libvirt.addPool({ name: "fast", path: "/pools/fast" });
  host.setPool("fast", poolFacts("/pools/fast"));
  const asked: string[] = [];
  const runtime = createDynamicRuntime(
    {
      version: "1.2.3",
      loadRegistry: () => registry,
      loadFunctions: () => functions,
      makeServices: (config) => {
        asked.push(config.uri);
        return { config, libvirt, host, images: createFakeImages() };
      },
    },
    { environment: {}, engineAddress: undefined },
  );
  void runtime.resource(tokens.host).configure(configOf(settings));
  return { libvirt, host, asked, runtime, defaults: runtime.resource(tokens.host), machine: runtime.resource(tokens.machine) };
}

/** What the base class makes of a program's arguments. */
const fromProgram = (args: Bag, preview = false): Bag => ({
  ...args,
  __provider: "the stub",
  __kvm: { urn: "urn:pulumi:test::p::pulumi-nodejs:dynamic/kvm:It::web", preview },
});

const web = (extra: Bag = {}) => ({ name: "web", memory: "128MiB", disks: { root: { pool: "fast", size: "1GiB" } }, ...extra });

type Provider = ReturnType<typeof createStage>["machine"];

const checked = async (provider: Provider, args: Bag, olds: Bag = {}, preview = false) => {
  const { inputs, failures } = await provider.check(olds, fromProgram(args, preview));
  if (inputs === undefined) throw new Error(JSON.stringify(failures));
  // As Pulumi does it, which keeps the stub itself.
  return { ...inputs, __provider: "the stub" };
};

/** What comes back from the engine: a provider that does not say it knows secrets gets their values. */
const unwrapped = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const fields = value as Bag;
  if (fields[kindKey] === kinds.secret) return unwrapped(fields["value"]);
  return Object.fromEntries(Object.entries(fields).map(([name, inner]) => [name, unwrapped(inner)]));
};

const made = async (provider: Provider, args: Bag) => {
  const inputs = await checked(provider, args);
  const { id, outs = {} } = await provider.create(inputs);
  return { id, inputs, outs, state: unwrapped(outs) as Bag };
};

/** What was said to the user: without an engine it goes to stderr. */
let said: string[];
beforeEach(() => {
  said = [];
  jest.spyOn(process.stderr, "write").mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
});
afterEach(() => jest.restoreAllMocks());

describe("what the program does not tell", () => {
  test("the inputs of a state come back as they were, and are one secret in it", async () => {
    const { machine } = createStage();
    const { outs } = await made(machine, web({ description: "between us" }));
    expect(outs["__inputs"]).toMatchObject({ [kindKey]: kinds.secret, value: { description: "between us", memory: "128MiB" } });
    expect(outs["__provider"]).toBe("the stub");
  });

  test("an input that was taken out of the program is a change: the old inputs are told from the state", async () => {
    const { machine } = createStage();
    const { id, inputs, state } = await made(machine, web({ description: "first" }));
    expect(await machine.diff(id, state, await checked(machine, web(), inputs))).toMatchObject({ changes: true, replaces: [] });
    expect(await machine.diff(id, state, await checked(machine, web({ description: "first" }), inputs))).toMatchObject({ changes: false });
  });

  test("a resource stays with its host, and another kvm:uri replaces it there", async () => {
    const { asked, machine } = createStage();
    const { id, inputs, state } = await made(machine, web());
    await machine.configure(configOf({ "kvm:uri": "test:///second" }));
    const news = await checked(machine, web(), inputs);
    expect(await machine.diff(id, state, news)).toEqual({ changes: true, replaces: ["kvm:uri"] });
    expect(said.join("")).toMatch(/test:\/\/\/first .* test:\/\/\/second/);
    await machine.delete(id, state);
    expect(asked).toEqual(["test:///first", "test:///second"]);
  });

  test("without kvm:uri the host is that of LIBVIRT_DEFAULT_URI's default", async () => {
    const { asked, machine } = createStage();
    await machine.configure(configOf({}));
    await checked(machine, web());
    expect(asked).toEqual(["qemu:///system"]);
  });
});

describe("preview", () => {
  test.each([
    { preview: true, known: true, because: "the engine shows a dynamic resource's inputs as its outputs" },
    { preview: false, known: false, because: "a state's inputs are the program's" },
  ])("preview $preview: check adds what creation would give: $known, because $because", async ({ preview, known }) => {
    const { defaults, libvirt } = createStage();
    const inputs = await checked(defaults, { cache: "auto" }, {}, preview);
    expect("settings" in inputs).toBe(known);
    expect(libvirt.writes).toEqual([]);
  });

  test("a change that the update would refuse is refused at preview's diff, and only there", async () => {
    const { machine, libvirt } = createStage();
    const { id, inputs, state } = await made(machine, web({ applyChanges: "refuse" }));
    libvirt.clearLog();
    const change = web({ applyChanges: "refuse", disks: { root: { pool: "fast", size: "1GiB", cache: "writethrough" } } });
    const atPreview = await checked(machine, change, inputs, true);
    await expect(machine.diff(id, state, atPreview)).rejects.toThrow(/disks\.root\.cache/);
    expect(await machine.diff(id, state, await checked(machine, change, inputs))).toMatchObject({ changes: true });
    expect(libvirt.writes).toEqual([]);
  });
});

describe("refresh before update", () => {
  test("facts that are not the host's any more are a change; the same facts are none", async () => {
    const { defaults, host } = createStage();
    const { id, inputs, state } = await made(defaults, {});
    expect(await defaults.diff(id, state, await checked(defaults, {}, inputs))).toMatchObject({ changes: false });
    host.setPool("fast", ramfsPoolFacts("/pools/fast"));
    expect(await defaults.diff(id, state, await checked(defaults, {}, inputs))).toMatchObject({ changes: true, replaces: [] });
    const { outs = {} } = await defaults.update(id, state, inputs);
    expect(outs).toMatchObject({ poolDefaults: { fast: { cache: "writeback" } } });
    expect(await defaults.diff(id, unwrapped(outs) as Bag, await checked(defaults, {}, inputs))).toMatchObject({ changes: false });
  });
});

describe("failures", () => {
  test("a VM that is made and does not start is kept with what the next run needs", async () => {
    const { machine, libvirt } = createStage();
    libvirt.failNext("startDomain", new HostError(hostErrorCodes.internalError, "no kernel", { doing: "Starting", what: "web" }));
    const failure = (await made(machine, web()).catch((error: unknown) => error)) as { id: string; properties: Bag; reasons: string[] };
    expect(failure.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(failure.reasons.join()).toContain("no kernel");
    expect(failure.properties).toMatchObject({ name: "web", __provider: "the stub", __inputs: { value: { name: "web" } } });
  });

  test("Pulumi, which prints a failure and its stack, has a line to print and no stack of ours", async () => {
    const { machine, libvirt } = createStage();
    const { id, state } = await made(machine, web());
    libvirt.failNext("findDomain", new HostError(hostErrorCodes.internalError, "no", { doing: "Looking up", what: "web" }));
    const failure = (await machine.read(id, state).catch((error: unknown) => error)) as Error;
    expect(`${failure}: ${failure.stack ?? ""}`).toBe("kvm: web: failed, as the error says.");
    expect(failure.message).toContain("Looking up web");
  });

  test("wrong inputs are failures of check, by their property", async () => {
    const { machine } = createStage();
    const { failures } = await machine.check({}, fromProgram(web({ memory: "much" })));
    expect(failures).toEqual([{ property: "memory", reason: expect.stringContaining("much") as string }]);
  });
});

test("what is gone from the host has no id after a read", async () => {
  const { machine } = createStage();
  const { id, state } = await made(machine, web());
  await machine.delete(id, state);
  expect(await machine.read(id, state)).toEqual({ id: "" });
});

test("a read without a state, by the id alone, is the resource's get", async () => {
  const { machine } = createStage();
  await made(machine, web());
  const { id = "", props, inputs } = await machine.read("web", fromProgram({}));
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(props).toMatchObject({ name: "web", memory: "128MiB", __provider: "the stub" });
  expect(inputs).toMatchObject({ name: "web" });
});

describe("functions", () => {
  test("answer from the host of the settings", async () => {
    const { runtime, asked, libvirt } = createStage();
    const { hostname } = await libvirt.identify({});
    expect(await runtime.invoke("kvm:index:getHost", {}, { uri: "test:///third" })).toMatchObject({ hostname });
    expect(asked).toEqual(["test:///third"]);
  });

  test("refuse by the argument", async () => {
    const { runtime } = createStage();
    await expect(runtime.invoke("kvm:index:getVirtualMachine", { name: "none" }, {})).rejects.toThrow(/name: .*none/);
  });
});
