// Fixed addresses of network cards: entries in a libvirt network that come and go with the card; on the fake host.
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { createStage, program, type Stage } from "../../testing/machine-stage";
import { parseNetwork } from "../../xml/parse-network";
import type { Values } from "../resource";

const mac = "52:54:00:00:00:01";
const verbs = (writes: readonly string[]) => writes.map((write) => write.split(" ")[0]);
const asked = (card: Values = {}, more: Values = {}) =>
  program({ networks: { lan: { network: "lab", mac, staticAddress: "192.0.2.10", ...card } }, ...more });
const without = (more: Values = {}) => program({ networks: { lan: { network: "lab", mac } }, ...more });

async function stageWithNetworks(hosts = "", start = true): Promise<Stage> {
  const stage = createStage();
  const network = (name: string, subnet: string, inner: string) =>
    `<network><name>${name}</name><ip address='${subnet}.1' netmask='255.255.255.0'><dhcp><range start='${subnet}.100' end='${subnet}.200'/>${inner}</dhcp></ip></network>`;
  await stage.fake.defineNetwork(network("lab", "192.0.2", hosts));
  await stage.fake.defineNetwork(network("other", "198.51.100", ""));
  for (const name of start ? ["lab", "other"] : []) await stage.fake.startNetwork(name);
  stage.fake.clearLog();
  return stage;
}

async function hostsOf({ fake }: Stage, name = "lab") {
  const record = await fake.findNetwork(name);
  const hosts = (xml: string | undefined) => (xml === undefined ? [] : parseNetwork(xml).addresses.flatMap((address) => address.hosts));
  return { stored: hosts(record?.xml), live: hosts(record?.liveXml) };
}

test("an entry is there before the machine starts, and goes with the machine", async () => {
  const stage = await stageWithNetworks();
  const { web, fake } = stage;
  expect(await web.up(asked())).toMatchObject({ did: "create", initErrors: [] });
  const writes = verbs(fake.writes);
  expect(writes.indexOf("updateNetwork")).toBeLessThan(writes.indexOf("startDomain"));
  expect(await hostsOf(stage)).toEqual({ stored: [{ mac, ip: "192.0.2.10" }], live: [{ mac, ip: "192.0.2.10" }] });
  expect(await web.up(asked())).toMatchObject({ did: "same" });
  await web.refresh();
  expect(await web.up(asked())).toMatchObject({ did: "same" });
  fake.clearLog();
  expect(await web.up(asked(), { force: true })).toMatchObject({ did: "update", initErrors: [] });
  expect(fake.writes).toEqual([]);
  await web.destroy();
  expect(await hostsOf(stage)).toEqual({ stored: [], live: [] });
});

test.each([
  { because: "another address", next: asked({ staticAddress: "192.0.2.11" }), lab: ["192.0.2.11"], other: [] },
  { because: "no address", next: without(), lab: [], other: [] },
  { because: "another network", next: asked({ network: "other", staticAddress: "198.51.100.10" }), lab: [], other: ["198.51.100.10"] },
  { because: "no card", next: program({ networks: {} }), lab: [], other: [] },
])("an entry follows its card while the machine runs: $because", async ({ next, lab, other }) => {
  const stage = await stageWithNetworks();
  const { web, domain } = stage;
  await web.up(asked());
  const { id } = await domain();
  expect(await web.up({ ...next, applyChanges: "refuse" })).toMatchObject({ did: "update", initErrors: [] });
  expect((await domain()).id).toBe(id);
  expect((await hostsOf(stage)).live.map(({ ip }) => ip)).toEqual(lab);
  expect((await hostsOf(stage, "other")).live.map(({ ip }) => ip)).toEqual(other);
  await web.refresh();
  expect(await web.up(next)).toMatchObject({ did: "same" });
});

test.each([
  { card: { staticAddress: "198.51.100.10" }, words: "192.0.2.1/24", because: "it is outside the network" },
  { card: { staticAddress: "192.0.2.1" }, words: "the host's own", because: "the host has it" },
  { card: { staticAddress: "192.0.2.20" }, words: "52:54:00:00:00:02", because: "another guest has it" },
  { card: { network: "nowhere" }, words: "does not have", because: "there is no such network" },
])("$card is refused before anything is made, because $because", async ({ card, words }) => {
  const stage = await stageWithNetworks("<host mac='52:54:00:00:00:02' ip='192.0.2.20'/>");
  const { web, fake } = stage;
  const up = await web.up(asked(card));
  const reason = expect.stringContaining(words) as string;
  expect(up).toMatchObject({ did: "refused", problems: [{ path: "networks.lan.staticAddress", reason }] });
  expect(verbs(fake.writes)).not.toContain("defineDomain");
});

test("an entry of other hands for this card is not written over", async () => {
  const stage = await stageWithNetworks(`<host mac='${mac}' ip='192.0.2.30'/>`);
  const up = await stage.web.up(asked());
  const reason = expect.stringContaining("192.0.2.30 by an entry of other hands") as string;
  expect(up).toMatchObject({ did: "refused", problems: [{ reason }] });
});

test("an entry that other hands took away is put back", async () => {
  const stage = await stageWithNetworks();
  const { web, fake } = stage;
  await web.up(asked());
  const xml = `<host mac='${mac}' ip='192.0.2.10'/>`;
  await fake.updateNetwork("lab", { section: "dhcpHost", command: "delete", xml, addressIndex: 0, affects: "both" });
  await web.refresh();
  expect(await web.up(asked())).toMatchObject({ did: "update", changes: ["networks.lan.staticAddress"], initErrors: [] });
  expect((await hostsOf(stage)).live).toHaveLength(1);
});

test("a network that is not active gets it into its definition", async () => {
  const stage = await stageWithNetworks("", false);
  await stage.web.up(asked({}, { power: "stopped" }));
  expect(await hostsOf(stage)).toEqual({ stored: [{ mac, ip: "192.0.2.10" }], live: [] });
});

test("neither an entry that does not go nor a network that is gone holds up the machine's removal", async () => {
  const stage = await stageWithNetworks();
  const { web, fake, newDriver } = stage;
  await web.up(asked());
  const refusal = new HostError(hostErrorCodes.operationFailed, "no way", { doing: "changing", what: "lab" });
  fake.failNext("updateNetwork", refusal);
  const gone = await web.destroy();
  expect(gone.did).toBe("delete");
  expect(gone.log.map(({ message }) => message).join()).toContain("still gives 192.0.2.10");
  const second = newDriver({ name: "again" });
  await second.up(program({ name: "again", networks: { lan: { network: "other", mac, staticAddress: "198.51.100.10" } } }));
  await fake.stopNetwork("other");
  await fake.undefineNetwork("other");
  expect((await second.destroy()).did).toBe("delete");
});

test("it comes in with an import of a machine of ours", async () => {
  const stage = await stageWithNetworks();
  await stage.web.up(asked());
  const again = stage.newDriver({ name: "again" });
  expect(await again.import("web")).toMatchObject({ did: "import", changes: [] });
  expect(again.now.inputs).toMatchObject({ networks: { lan: { network: "lab", staticAddress: "192.0.2.10" } } });
});

test.each([
  {
    networks: { lan: { bridge: "br0", staticAddress: "192.0.2.10" } },
    path: "networks.lan.staticAddress",
    because: "libvirt runs no DHCP there",
  },
  {
    networks: { lan: { network: "lab", staticAddress: "fd00::1" } },
    path: "networks.lan.staticAddress",
    because: "libvirt ties no IPv6 to a MAC",
  },
  {
    networks: { a: { network: "lab", staticAddress: "192.0.2.10" }, b: { network: "lab", staticAddress: "192.0.2.10" } },
    path: "networks.b.staticAddress",
    because: "two cards of one address",
  },
])("$networks is refused at check: $because", async ({ networks, path }) => {
  const { web } = await stageWithNetworks();
  expect((await web.up(program({ networks: networks as unknown as Values }))).problems).toMatchObject([{ path }]);
});
