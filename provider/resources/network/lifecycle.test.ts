// Lifecycle scripts of Network on the fake host.
import { HostConnectionError, HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { cardOn, createNetworkStage, fullNetwork, isolated, leastNetworks, web } from "../../testing/network-stage";
import type { Values } from "../resource";

const lost = new HostConnectionError("test:///fake", "gone", { doing: "calling", what: "the fake" });
const refused = new HostError(hostErrorCodes.internalError, "no", { doing: "calling", what: "the fake" });

const verbsOf = (writes: readonly string[]) => writes.map((write) => write.split(" ")[0]);

describe.each(Object.entries({ ...leastNetworks, full: fullNetwork }))("%s", (_, program: Values) => {
  test("goes up, stays the same, is read as it is, taken over, and goes", async () => {
    const { lan, fake, newDriver } = createNetworkStage();
    expect(await lan.preview(program)).toMatchObject({ did: "create", problems: [] });
    expect(fake.writes).toEqual([]);
    expect(await lan.up(program)).toMatchObject({ did: "create", initErrors: [], state: { pendingChanges: [] } });
    const record = await fake.findNetwork("lan");
    expect(record).toMatchObject({ active: true, autostart: true });
    expect(lan.now).toMatchObject({ id: record?.uuid, state: { uuid: record?.uuid } });
    fake.clearLog();

    expect(await lan.up(program)).toMatchObject({ did: "same" });
    expect(await lan.up(program, { force: true })).toMatchObject({ did: "update" });
    await lan.refresh();
    expect(lan.now.inputs).toMatchObject(program);
    expect(await lan.up(program)).toMatchObject({ did: "same" });
    for (const id of ["lan", record?.uuid ?? ""]) {
      const other = newDriver();
      expect(await other.import(id)).toMatchObject({ did: "import", problems: [], changes: [] });
      expect(other.now.id).toBe(record?.uuid);
      expect(await newDriver().import(id, program)).toMatchObject({
        problems: [],
        changes: [],
      });
    }
    expect(fake.writes).toEqual([]);

    expect(await lan.destroy()).toMatchObject({ did: "delete" });
    expect(await fake.findNetwork("lan")).toBeUndefined();
    expect(await lan.destroy()).toMatchObject({ did: "delete" });
  });
});

describe("outputs", () => {
  test("the bridge is libvirt's choice, the program's, the host's, or none", async () => {
    const bridgeOf = async (program: Values) => (await createNetworkStage().lan.up(program)).state?.["bridge"];
    expect(await bridgeOf(leastNetworks.nat)).toBe("virbr0");
    expect(await bridgeOf(fullNetwork)).toBe("lanbr");
    expect(await bridgeOf(leastNetworks.bridge)).toBe("br0");
    expect(await bridgeOf(leastNetworks.macvtap)).toBeUndefined();
  });

  test("what is not known yet is unknown at preview", async () => {
    const { lan } = createNetworkStage();
    const { state } = await lan.preview(leastNetworks.nat);
    expect(Object.keys(state ?? {})).toEqual(expect.arrayContaining(["uuid", "bridge"]));
    expect(typeof state?.["bridge"]).toBe("symbol");
    expect((await lan.preview(fullNetwork)).state).toMatchObject({ bridge: "lanbr" });
  });

  test("a name is made where none is given", async () => {
    const { lan } = createNetworkStage();
    await lan.up({ mode: "isolated" });
    expect(lan.now.inputs["name"]).toMatch(/^lan-[0-9a-f]{7}$/);
    expect(await lan.up({ mode: "isolated" })).toMatchObject({ did: "same" });
  });
});

describe("create", () => {
  test("a name that is taken is refused, with the import that takes it over", async () => {
    const { lan, fake } = createNetworkStage();
    await fake.defineNetwork("<network><name>lan</name></network>");
    fake.clearLog();
    expect(await lan.up(isolated())).toMatchObject({
      did: "refused",
      problems: [{ path: "name", reason: expect.stringContaining("pulumi import kvm:index:Network … lan") as string }],
    });
    expect(fake.writes).toEqual([]);
  });

  test.each([
    {
      because: "another network has the addresses",
      program: isolated({ name: "two" }),
      said: /already in use by interface virbr0.*The network lan has addresses that overlap with 192\.168\.100\.1\/24: give this one other `addresses`/,
    },
    {
      because: "the host has the addresses",
      program: { name: "two", mode: "isolated", addresses: [{ address: "192.168.1.1/24" }] },
      said: /already in use by interface eth0.*no interface or route of the host is in the networks of 192\.168\.1\.1\/24 \(`ip address`/,
    },
    {
      because: "another network has the bridge",
      program: { name: "two", mode: "isolated", bridge: "virbr0" },
      said: /bridge name 'virbr0' already in use.*The network lan has the bridge virbr0: give this one another/,
    },
    {
      because: "the host has the bridge",
      program: { name: "two", mode: "isolated", bridge: "eth0" },
      said: /File exists.*no interface of the host is named eth0.*dnsmasq is installed/,
    },
  ])("fails with the way out, and leaves nothing: $because", async ({ program, said }) => {
    const { lan, newDriver, fake } = createNetworkStage();
    await lan.up(isolated());
    const { did, error } = await newDriver().up(program);
    expect([did, error?.message]).toEqual(["failed", expect.stringMatching(said)]);
    expect(await fake.listNetworks()).toHaveLength(1);
  });

  test.each(["defineNetwork", "startNetwork", "setNetworkAutostart"] as const)("a %s that fails leaves nothing", async (verb) => {
    for (const when of ["before", "after"] as const) {
      const { lan, fake } = createNetworkStage();
      fake.failNext(verb, lost, when);
      expect(await lan.up(isolated())).toMatchObject({ did: "failed" });
      expect([lan.resource, await fake.listNetworks()]).toEqual([undefined, []]);
      expect(await lan.up(isolated())).toMatchObject({ did: "create" });
    }
  });

  test("what cannot be cleared away is kept, and the next run goes on with it", async () => {
    const { lan, fake } = createNetworkStage();
    fake.failNext("startNetwork", refused);
    fake.failNext("undefineNetwork", lost);
    const { did, initErrors } = await lan.up(isolated());
    expect([did, initErrors]).toEqual(["create", [expect.stringContaining("no"), expect.stringContaining("could not be cleared away")]]);
    expect(await lan.up(isolated())).toMatchObject({ did: "update", initErrors: [] });
    expect(await fake.findNetwork("lan")).toMatchObject({ active: true, autostart: true });
  });

  test("a cancelled create clears away what it made", async () => {
    const { lan, fake } = createNetworkStage();
    const abort = new AbortController();
    const hold = fake.holdNext("startNetwork");
    const going = lan.up(isolated(), { signal: abort.signal, skipPreview: true });
    await hold.reached;
    abort.abort();
    expect(await going).toMatchObject({ did: "failed", error: { name: "CancelledError" } });
    expect(await fake.listNetworks()).toEqual([]);
  });
});

describe("entries change while the network runs, with a VM on it", () => {
  const rangesFrom = (start: string) => ({ ranges: [{ start, end: "192.168.100.20" }] });
  test.each([
    { because: "a DHCP host", news: isolated({}, { hosts: { web } }), changes: ["addresses[0].dhcp.hosts.web"], updates: 1 },
    {
      because: "a DHCP range that begins elsewhere",
      news: isolated({}, rangesFrom("192.168.100.5")),
      changes: ["addresses[0].dhcp.ranges"],
      updates: 2,
    },
    {
      because: "names of an address",
      news: isolated({ dns: { hosts: { gate: { ip: "192.168.100.5", hostnames: ["gate"] } } } }),
      changes: ["dns.hosts.gate"],
      updates: 1,
    },
    {
      because: "a service and a text",
      news: isolated({ dns: { srv: [{ service: "ldap", protocol: "tcp", target: "db.lan", port: 389 }], txt: { about: "x" } } }),
      changes: ["dns.srv", "dns.txt.about"],
      updates: 2,
    },
  ])("$because", async ({ news, changes, updates }) => {
    const { lan, fake, plugIn } = createNetworkStage();
    await lan.up(isolated());
    await plugIn("guest", cardOn("lan"));
    const before = await fake.findNetwork("lan");
    fake.clearLog();
    const step = await lan.up(news);
    expect(step).toMatchObject({ did: "update", changes, state: { pendingChanges: [] } });
    expect(step.log.filter(({ level }) => level === "warn")).toEqual([]);
    expect(verbsOf(fake.writes)).toEqual(["defineNetwork", ...Array.from({ length: updates }, () => "updateNetwork")]);
    const after = await fake.findNetwork("lan");
    expect(after?.liveXml).not.toBe(before?.liveXml);
    fake.clearLog();
    expect(await lan.up(news, { force: true })).toMatchObject({ did: "update", changes: [] });
    await lan.refresh();
    expect(await lan.up(news)).toMatchObject({ did: "same" });
    expect(fake.writes).toEqual([]);
    await lan.up(isolated());
    expect((await fake.findNetwork("lan"))?.liveXml?.replace(/\s/g, "")).toBe(before?.liveXml?.replace(/\s/g, ""));
  });

  test("addresses that two guests swap", async () => {
    const { lan, fake, plugIn } = createNetworkStage();
    const other = { mac: "52:54:00:00:00:02", ip: "192.168.100.12" };
    await lan.up(isolated({}, { hosts: { web, other } }));
    await plugIn("guest", cardOn("lan"));
    const swapped = { web: { ...web, ip: other.ip }, other: { ...other, ip: web.ip } };
    expect(await lan.up(isolated({}, { hosts: swapped }))).toMatchObject({
      did: "update",
      changes: ["addresses[0].dhcp.hosts.web", "addresses[0].dhcp.hosts.other"],
    });
    await lan.refresh();
    expect(lan.now.inputs).toMatchObject(isolated({}, { hosts: swapped }));
    expect((await fake.findNetwork("lan"))?.liveXml).toMatch(/00:01" name="web" ip="192.168.100.12"/);
  });

  test("a key that is another one is no change on the host", async () => {
    const { lan, fake } = createNetworkStage();
    await lan.up(isolated({}, { hosts: { web } }));
    fake.clearLog();
    await lan.up(isolated({}, { hosts: { www: web } }));
    expect(fake.writes).toEqual([]);
  });

  test("devices of a macvtap network", async () => {
    const { lan, fake, plugIn } = createNetworkStage();
    await lan.up(leastNetworks.macvtap);
    await plugIn("guest", cardOn("lan"));
    expect(await lan.up({ ...leastNetworks.macvtap, devices: ["eth0", "eth1"] })).toMatchObject({
      did: "update",
      changes: ["devices"],
      state: { pendingChanges: [] },
    });
    expect((await fake.findNetwork("lan"))?.liveXml).toContain('<interface dev="eth1"');
  });
});

/** Each field that waits for a start of the network: no VM on it, it is started anew; one on it, it waits. */
const waiting: readonly { because: string; program?: Values; news: Values; changes: readonly string[] }[] = [
  { because: "mode", news: isolated({ mode: "nat" }), changes: ["mode"] },
  { because: "bridge", news: isolated({ bridge: "lanbr" }), changes: ["bridge"] },
  { because: "mac", news: isolated({ mac: "52:54:00:12:34:56" }), changes: ["mac"] },
  { because: "mtu", news: isolated({ mtu: 1400 }), changes: ["mtu"] },
  { because: "domain", news: isolated({ domain: { name: "lan", localOnly: true } }), changes: ["domain.name", "domain.localOnly"] },
  {
    because: "an address that moves, with its DHCP",
    news: isolated({ addresses: [{ address: "10.0.0.1/24", dhcp: { ranges: [{ start: "10.0.0.2", end: "10.0.0.9" }] } }] }),
    changes: ["addresses[0].address", "addresses[0].dhcp.ranges"],
  },
  {
    because: "a second address",
    news: isolated({ addresses: [...(isolated()["addresses"] as Values[]), { address: "fd00::1/64" }] }),
    changes: ["addresses[1].address"],
  },
  { because: "no names", news: isolated({ dns: { enabled: false } }), changes: ["dns.enabled"] },
  { because: "plain names", news: isolated({ dns: { forwardPlainNames: false } }), changes: ["dns.forwardPlainNames"] },
  { because: "forwarders", news: isolated({ dns: { forwarders: [{ address: "1.1.1.1" }] } }), changes: ["dns.forwarders"] },
  { because: "ipv6", news: isolated({ ipv6: true }), changes: ["ipv6"] },
  { because: "a device to leave by", program: leastNetworks.nat, news: { ...leastNetworks.nat, devices: ["eth0"] }, changes: ["devices"] },
  {
    because: "ports",
    program: leastNetworks.nat,
    news: { ...leastNetworks.nat, nat: { ports: { start: 2000, end: 3000 } } },
    changes: ["nat.ports"],
  },
  {
    because: "another bridge of the host",
    program: leastNetworks.bridge,
    news: { ...leastNetworks.bridge, bridge: "br1" },
    changes: ["bridge"],
  },
];

describe.each(waiting)("$because", ({ program = isolated(), news, changes }) => {
  test("takes effect at once where no running VM is on the network, which the preview says", async () => {
    const { lan, fake } = createNetworkStage();
    await lan.up(program);
    const { id } = lan.now;
    const preview = await lan.preview(news);
    expect(preview).toMatchObject({ did: "update", changes });
    expect(preview.log).toContainEqual({
      level: "info",
      message: expect.stringMatching(/takes effect at once, by a stop and a start/) as string,
    });
    fake.clearLog();
    const step = await lan.up(news);
    expect(step).toMatchObject({ did: "update", changes, state: { pendingChanges: [] } });
    expect(verbsOf(fake.writes)).toEqual(["defineNetwork", "stopNetwork", "startNetwork"]);
    expect([lan.now.id, (await fake.findNetwork("lan"))?.active]).toEqual([id, true]);
    await lan.refresh();
    expect(await lan.up(news)).toMatchObject({ did: "same" });
  });

  test("waits where one is, which preview and state say, and is there after the next start", async () => {
    const { lan, fake, plugIn } = createNetworkStage();
    await lan.up(program);
    const uuid = await plugIn("guest", cardOn("lan"));
    const said = { level: "warn", message: expect.stringMatching(/takes effect at the next start.*cut off: guest\./) as string };
    expect((await lan.preview(news)).log).toContainEqual(said);
    fake.clearLog();
    const step = await lan.up(news);
    expect(step.log).toContainEqual(said);
    expect(step.state?.["pendingChanges"]).toEqual(expect.arrayContaining([...changes]));
    expect(verbsOf(fake.writes)).toEqual(["defineNetwork"]);
    fake.clearLog();
    await lan.refresh();
    expect(await lan.up(news)).toMatchObject({ did: "same" });
    await lan.up(news, { force: true });
    expect(fake.writes).toEqual([]);
    await fake.destroyDomain(uuid);
    expect(await lan.up(news, { force: true })).toMatchObject({ state: { pendingChanges: [] } });
    expect(verbsOf(fake.writes)).toEqual(["destroyDomain", "stopNetwork", "startNetwork"]);
  });
});

describe("update", () => {
  test.each([
    { because: "autostart", news: { autostart: false }, changes: ["autostart"], writes: ["setNetworkAutostart"] },
    { because: "not started", news: { active: false }, changes: ["active"], writes: ["stopNetwork"] },
    { because: "libvirt's defaults, said", news: { ipv6: false, dns: { enabled: true, forwarders: [] } }, changes: [], writes: [] },
    { because: "a bridge that is no longer named stays", news: {}, changes: [], writes: [] },
  ])("$because: in place, and twice is nothing", async ({ news, changes, writes }) => {
    const { lan, fake } = createNetworkStage();
    await lan.up(isolated({ bridge: "lanbr" }));
    fake.clearLog();
    expect(await lan.up(isolated(news as Values))).toMatchObject({ changes });
    expect(verbsOf(fake.writes)).toEqual(writes);
    fake.clearLog();
    expect(await lan.up(isolated(news as Values), { force: true })).toMatchObject({ did: "update", changes: [] });
    expect(fake.writes).toEqual([]);
  });

  test("one that is not active is only defined anew", async () => {
    const { lan, fake } = createNetworkStage();
    await lan.up(isolated({ active: false }));
    fake.clearLog();
    await lan.up(isolated({ active: false, mtu: 1400 }, { hosts: { web } }));
    expect(verbsOf(fake.writes)).toEqual(["defineNetwork"]);
  });

  test("a definition that libvirt refuses changes nothing", async () => {
    const { lan, fake } = createNetworkStage();
    await lan.up(isolated());
    const before = await fake.findNetwork("lan");
    fake.failNext("defineNetwork", refused);
    expect(await lan.up(isolated({ mtu: 1400 }))).toMatchObject({ did: "failed" });
    expect(await fake.findNetwork("lan")).toEqual(before);
  });

  test("an entry that failed is made up for by the next run", async () => {
    const { lan, fake } = createNetworkStage();
    await lan.up(isolated());
    fake.failNext("updateNetwork", lost);
    const news = isolated({}, { hosts: { web } });
    expect(await lan.up(news)).toMatchObject({ did: "failed" });
    expect(await lan.up(news)).toMatchObject({ did: "update", state: { pendingChanges: [] } });
    expect((await fake.findNetwork("lan"))?.liveXml).toContain(web.mac);
  });

  test("a new name replaces the network, the new one first where they fit side by side", async () => {
    const { lan, fake } = createNetworkStage();
    await lan.up(leastNetworks.isolated);
    fake.clearLog();
    const step = await lan.up({ ...leastNetworks.isolated, name: "other" });
    expect(step).toMatchObject({ did: "replace", changes: ["name"] });
    expect(step.log).toContainEqual({
      level: "warn",
      message: expect.stringMatching(/cannot rename a network; VMs .* move over/) as string,
    });
    expect(verbsOf(fake.writes)).toEqual(["defineNetwork", "startNetwork", "setNetworkAutostart", "stopNetwork", "undefineNetwork"]);
  });

  test.each([
    { because: "the bridge", program: { name: "lan", mode: "isolated", bridge: "lanbr" } },
    { because: "the addresses", program: leastNetworks.nat },
  ])("a new name replaces the network, the old one first where both would have $because", async ({ program }) => {
    const { lan, fake } = createNetworkStage();
    await lan.up(program);
    fake.clearLog();
    expect(await lan.up({ ...program, name: "other" })).toMatchObject({ did: "replace" });
    expect(verbsOf(fake.writes).slice(0, 2)).toEqual(["stopNetwork", "undefineNetwork"]);
    expect((await fake.listNetworks()).map(({ name }) => name)).toEqual(["other"]);
  });
});

describe("running VMs are not cut off", () => {
  test("by active: false, refused at preview already", async () => {
    const { lan, fake, plugIn } = createNetworkStage();
    await lan.up(isolated());
    await plugIn("guest", cardOn("lan"));
    fake.clearLog();
    expect(await lan.preview(isolated({ active: false }))).toMatchObject({
      did: "refused",
      problems: [{ path: "active", reason: expect.stringMatching(/cut off: guest\. Stop them/) as string }],
    });
    expect(await lan.up(isolated({ active: false }))).toMatchObject({ did: "refused" });
    expect(fake.writes).toEqual([]);
  });

  test("by a deletion, whether they name the network or its bridge; once they are gone, it goes", async () => {
    const { lan, fake, plugIn } = createNetworkStage();
    await lan.up(isolated({ bridge: "lanbr" }));
    const uuids = [
      await plugIn("one", cardOn("lan")),
      await plugIn("two", '<interface type="bridge"><source bridge="lanbr"/></interface>'),
    ];
    await plugIn("three", cardOn("elsewhere"));
    expect(await lan.destroy()).toMatchObject({
      did: "refused",
      problems: [{ reason: expect.stringMatching(/cut off: one, two\./) as string }],
    });
    expect(await fake.findNetwork("lan")).toMatchObject({ active: true });
    for (const uuid of uuids) await fake.destroyDomain(uuid);
    expect(await lan.destroy()).toMatchObject({ did: "delete" });
    expect(await fake.listNetworks()).toEqual([]);
  });

  test("one that others stopped already is deleted", async () => {
    const { lan, fake, plugIn } = createNetworkStage();
    await lan.up(isolated());
    await plugIn("guest", cardOn("lan"));
    await fake.stopNetwork("lan");
    expect(await lan.destroy()).toMatchObject({ did: "delete" });
  });
});
