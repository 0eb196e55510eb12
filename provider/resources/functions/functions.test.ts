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

test("getAddresses tells the addresses of a guest, and waits for them", async () => {
  const stage = createStage();
  await stage.fake.defineNetwork("<network><name>lan</name><bridge name='virbr7'/><ip address='192.0.2.1' prefix='24'/></network>");
  await stage.fake.startNetwork("lan");
  const mac = "52:54:00:00:00:01";
  await stage.web.up(program({ networks: { lan: { network: "lan", mac } } }));
  stage.fake.clearLog();
  expect(await ask(stage, "getAddresses", { name: "web" })).toMatchObject({ macAddresses: { lan: mac }, addresses: {} });
  const waiting = ask(stage, "getAddresses", { name: "web", network: "lan", waitSeconds: 20 });
  stage.fake.setAddresses("web", "lease", { [mac]: ["192.0.2.9/24"] });
  expect(await waiting).toMatchObject({ ipAddress: "192.0.2.9", addresses: { lan: [{ address: "192.0.2.9", source: "lease" }] } });
  const { uuid } = await stage.domain();
  stage.fake.guestStops("web");
  expect(await ask(stage, "getAddresses", { uuid, waitSeconds: 20 })).toMatchObject({ name: "web", addresses: {} });
  expect(stage.fake.writes).toEqual([]);
});

test("getNetwork tells a network and its leases", async () => {
  const stage = createStage();
  await stage.fake.defineNetwork(
    "<network><name>lan</name><forward mode='nat'/><bridge name='virbr7'/><domain name='lan.example'/><ip address='192.0.2.1' prefix='24'><dhcp><range start='192.0.2.2' end='192.0.2.99'/></dhcp></ip></network>",
  );
  await stage.fake.startNetwork("lan");
  stage.fake.addLease("lan", { address: "192.0.2.9", prefix: 24, family: "ipv4", mac: "52:54:00:00:00:01", hostname: "web" });
  stage.fake.clearLog();
  const seen = await ask(stage, "getNetwork", { name: "lan" });
  expect(seen).toMatchObject({
    mode: "nat",
    bridge: "virbr7",
    domain: "lan.example",
    addresses: ["192.0.2.1/24"],
    active: true,
    leases: [{ address: "192.0.2.9", mac: "52:54:00:00:00:01", hostname: "web" }],
  });
  expect(stage.fake.writes).toEqual([]);
  await stage.fake.stopNetwork("lan");
  expect(await ask(stage, "getNetwork", { uuid: seen["uuid"] ?? "" })).toMatchObject({ name: "lan", active: false, leases: [] });
});

test.each([
  { because: "a network that is not there", name: "getNetwork", args: { name: "none" }, paths: ["name"] },
  { because: "addresses of a machine that is not there", name: "getAddresses", args: { uuid: "none" }, paths: ["uuid"] },
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
