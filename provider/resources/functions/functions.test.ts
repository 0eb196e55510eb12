// The functions on a fake host: they find what is there, say by which argument they do not, and write nothing.
import { RefusedError } from "../../errors";
import { createStage, program } from "../../testing/machine-stage";
import type { Stage } from "../../testing/machine-stage";
import type { Services, Values } from "../resource";
import { functions } from "./functions";

const ask = ({ fake, host }: Stage, name: string, args: Values) => {
  const services = { libvirt: fake, host, config: { uri: fake.uri, timeoutMs: 1000 } } as unknown as Services;
  const definition = functions[`kvm:index:${name}`];
  if (definition === undefined) throw new Error(`no function ${name}`);
  return definition.run(args, { services, signal: new AbortController().signal });
};

const problemsOf = async (answer: Promise<Values>) => {
  const error = await answer.then(() => undefined).catch((each: unknown) => each);
  return error instanceof RefusedError ? error.problems.map(({ path }) => path) : error;
};

async function stageWithMachine(): Promise<Stage> {
  const stage = createStage();
  await stage.web.up(program());
  stage.fake.clearLog();
  return stage;
}

test("getHost tells what the host's storage can do", async () => {
  const stage = await stageWithMachine();
  expect(await ask(stage, "getHost", {})).toMatchObject({
    hostname: "fake",
    facts: { libvirtVersion: "9.0.0", pools: { fast: { directIo: "yes" }, ram: { directIo: "no" } } },
  });
  expect(stage.fake.writes).toEqual([]);
});

test("getPool tells a pool and its volumes", async () => {
  const stage = await stageWithMachine();
  expect(await ask(stage, "getPool", { name: "ram" })).toMatchObject({
    type: "dir",
    path: "/pools/ram",
    active: true,
    volumes: ["web-root.qcow2"],
  });
  stage.fake.setPoolActive("ram", false);
  expect(await ask(stage, "getPool", { name: "ram" })).toMatchObject({ active: false, volumes: [] });
});

test("getVolume finds a volume by its path, or by pool and name", async () => {
  const stage = await stageWithMachine();
  const volume = { path: "/pools/ram/web-root.qcow2", pool: "ram", name: "web-root.qcow2", format: "qcow2", capacity: "10GiB" };
  expect(await ask(stage, "getVolume", { path: volume.path })).toMatchObject(volume);
  expect(await ask(stage, "getVolume", { pool: "ram", name: "web-root.qcow2" })).toMatchObject(volume);
});

test("getVirtualMachine tells definition and run apart", async () => {
  const stage = await stageWithMachine();
  await stage.web.up(program({ cache: "writethrough" }));
  expect(await ask(stage, "getVirtualMachine", { name: "web" })).toMatchObject({
    state: "running",
    memory: "1GiB",
    managed: true,
    disks: { root: { cache: "writethrough" } },
    runningDisks: { root: { cache: "writeback" } },
  });
  const { uuid } = await stage.domain();
  stage.fake.guestStops("web");
  expect(await ask(stage, "getVirtualMachine", { uuid })).toMatchObject({ name: "web", state: "stopped", runningDisks: {} });
});

test.each([
  { because: "a pool that is not there", name: "getPool", args: { name: "none" }, paths: ["name"] },
  { because: "an argument that there is not", name: "getPool", args: { name: "ram", uuid: "x" }, paths: ["uuid"] },
  { because: "an argument that is missing", name: "getPool", args: {}, paths: ["name"] },
  { because: "a volume that is not there", name: "getVolume", args: { path: "/nowhere" }, paths: ["path"] },
  { because: "a volume of half a name", name: "getVolume", args: { pool: "ram" }, paths: ["path"] },
  { because: "two ways at once", name: "getVolume", args: { path: "/a", pool: "ram", name: "b" }, paths: ["path"] },
  { because: "a machine that is not there", name: "getVirtualMachine", args: { name: "none" }, paths: ["name"] },
  { because: "a machine without a name", name: "getVirtualMachine", args: {}, paths: ["name"] },
])("$because is refused by its argument", async ({ name, args, paths }) => {
  expect(await problemsOf(ask(await stageWithMachine(), name, args))).toEqual(paths);
});
