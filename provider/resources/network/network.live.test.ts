// Network on a real libvirt: every kind goes up, stays the same, and goes; entries change live under a running dnsmasq; what waits, waits.
import { describeWithHost, hostExec, virsh } from "../../../tools/lab/lab";
import type { LabHost } from "../../../tools/lab/lab";
import { connectLibvirt } from "../../libvirt/connect";
import type { Libvirt } from "../../libvirt/port";
import { createFakeHostObserver } from "../../testing/fake-host-observer";
import { fullNetwork, leastNetworks, web } from "../../testing/network-stage";
import { createResourceDriver } from "../../testing/resource-driver";
import type { Values } from "../resource";
import { network } from "./network";

const timeoutMs = 30_000;
const prefix = `nl${process.pid % 100_000}`;
const hostBridge = `${prefix}br`;

jest.setTimeout(120_000);

/** An engine, a name for its network, and the connection. */
function stageOn(lab: () => LabHost) {
  let count = 0;
  const connections: Libvirt[] = [];
  const names: string[] = [];
  afterAll(async () => {
    for (const name of names) {
      await virsh(lab(), "net-destroy", name).catch(() => undefined);
      await virsh(lab(), "net-undefine", name).catch(() => undefined);
    }
    await Promise.all(connections.map((libvirt) => libvirt.close()));
  });
  return () => {
    const libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
    connections.push(libvirt);
    const name = `${prefix}-${++count}`;
    names.push(name);
    const newDriver = () => createResourceDriver({ definition: network, libvirt, host: createFakeHostObserver(), name });
    return { libvirt, name, lan: newDriver(), newDriver };
  };
}

const bridgeOf = (lan: ReturnType<typeof createResourceDriver>) => (lan.now.state as { readonly bridge?: string }).bridge ?? "";

/** What every kind of network must do: up, the same, a refresh that changes nothing, an import that changes nothing. */
async function expectSteady({ lan, newDriver, name }: ReturnType<ReturnType<typeof stageOn>>, program: Values): Promise<void> {
  const made = await lan.up(program);
  if (made.error !== undefined) throw made.error;
  expect(made).toMatchObject({ did: "create", initErrors: [], problems: [], state: { pendingChanges: [] } });
  expect(await lan.up(program)).toMatchObject({ did: "same" });
  expect(await lan.up(program, { force: true })).toMatchObject({ did: "update", initErrors: [], state: { pendingChanges: [] } });
  await lan.refresh();
  expect(lan.now.inputs).toMatchObject(program);
  expect(await lan.up(program)).toMatchObject({ did: "same" });
  for (const id of [name, lan.now.id]) {
    expect(await newDriver().import(id)).toMatchObject({ did: "import", problems: [], changes: [] });
    expect(await newDriver().import(id, program)).toMatchObject({ did: "import", problems: [], changes: [] });
  }
}

describeWithHost("networks on the private host", (lab) => {
  const stage = stageOn(lab);
  const exists = async (name: string) => (await virsh(lab(), "net-list", "--all", "--name")).split("\n").includes(name);
  const dnsmasqs = async (name: string) =>
    (await hostExec(lab(), "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")).split(`/dnsmasq/${name}.conf`).length - 1;

  beforeAll(async () => {
    await hostExec(lab(), "ip", "link", "add", hostBridge, "type", "bridge");
  });
  afterAll(async () => {
    await hostExec(lab(), "ip", "link", "delete", hostBridge);
  });

  const kinds: Readonly<Record<string, Values>> = {
    ...leastNetworks,
    nat: { ...leastNetworks.nat, addresses: [{ address: "10.97.1.1/24" }] },
    route: { ...leastNetworks.route, addresses: [{ address: "fd00:97:2::1/64" }] },
    open: { ...leastNetworks.open, addresses: [{ address: "10.97.3.1/24" }] },
    bridge: { ...leastNetworks.bridge, bridge: hostBridge },
    ovs: { ...leastNetworks.ovs, bridge: hostBridge },
    macvtap: { ...leastNetworks.macvtap, devices: [hostBridge] },
    full: { ...fullNetwork, bridge: `${prefix}l`, devices: [hostBridge] },
  };

  test.each(Object.entries(kinds))("%s goes up, stays, is taken over, and goes", async (_, kind) => {
    const at = stage();
    const { lan, name } = at;
    await expectSteady(at, { ...kind, name });
    expect((await dnsmasqs(name)) > 0).toBe(kind["addresses"] !== undefined);
    expect(await lan.destroy()).toMatchObject({ did: "delete" });
    expect([await exists(name), await dnsmasqs(name)]).toEqual([false, 0]);
  });

  const program = (name: string, net: string, dhcp: Values = {}, more: Values = {}): Values => ({
    name,
    mode: "isolated",
    addresses: [{ address: `${net}.1/24`, dhcp: { ranges: [{ start: `${net}.10`, end: `${net}.20` }], ...dhcp } }],
    ...more,
  });

  test("DHCP and DNS entries come, change and go; bridge and uptime of the network stay", async () => {
    const { lan, name } = stage();
    const net = "10.97.10";
    await lan.up(program(name, net));
    const bridge = bridgeOf(lan);
    const indexOf = async () => hostExec(lab(), "cat", `/sys/class/net/${bridge}/ifindex`);
    const index = await indexOf();
    const live = async () => virsh(lab(), "net-dumpxml", name);
    const stored = async () => virsh(lab(), "net-dumpxml", name, "--inactive");
    const hosts = { web: { ...web, ip: `${net}.11` }, db: { mac: "52:54:00:00:00:02", ip: `${net}.12` } };
    const names = {
      hosts: { gate: { ip: `${net}.5`, hostnames: ["gate", "gate.lan"] } },
      srv: [{ service: "ldap", protocol: "tcp", domain: "lan", target: "gate.lan", port: 389 }],
      txt: { "about.lan": "some text" },
    };
    const steps: readonly Values[] = [
      program(name, net, { hosts }),
      program(name, net, { hosts: { web: { ...hosts.web, ip: `${net}.12` }, db: { ...hosts.db, ip: `${net}.11` } } }),
      program(name, net, { hosts, ranges: [{ start: `${net}.30`, end: `${net}.40` }] }, { dns: names }),
      program(name, net, {}, { dns: { ...names, txt: { "about.lan": "other text" } } }),
      program(name, net),
    ];
    for (const news of steps) {
      const step = await lan.up(news);
      if (step.error !== undefined) throw step.error;
      expect(step).toMatchObject({ did: "update", state: { pendingChanges: [] } });
      await lan.refresh();
      expect(await lan.up(news)).toMatchObject({ did: "same" });
      const dhcp = (news["addresses"] as Values[])[0]?.["dhcp"] as Values;
      for (const text of [await live(), await stored()]) {
        expect(text.match(/<host mac=/g) ?? []).toHaveLength(Object.keys((dhcp["hosts"] ?? {}) as Values).length);
        expect(text.includes("gate.lan")).toBe(news["dns"] !== undefined);
      }
    }
    expect(await indexOf()).toBe(index);
    await lan.destroy();
  });

  test("what needs a start takes one where nobody is on the network, and waits where a VM is; others' hands are seen", async () => {
    const { lan, name } = stage();
    const net = "10.97.11";
    await lan.up(program(name, net));
    const started = await lan.up(program(name, net, {}, { mtu: 1400 }));
    expect(started).toMatchObject({ did: "update", changes: ["mtu"], state: { pendingChanges: [] } });
    expect((await hostExec(lab(), "cat", `/sys/class/net/${bridgeOf(lan)}/mtu`)).trim()).toBe("1400");

    const guest = `${prefix}-guest`;
    const xml = `<domain type='qemu'><name>${guest}</name><memory unit='MiB'>32</memory><os><type>hvm</type></os><devices><interface type='network'><source network='${name}'/></interface></devices></domain>`;
    const file = `${lab().storageDir}/${guest}.xml`;
    await hostExec(lab(), "sh", "-c", `cat > ${file} <<'END'\n${xml}\nEND`);
    await virsh(lab(), "create", file, "--paused");
    const later = program(name, net, { hosts: { web: { ...web, ip: `${net}.11` } } }, { mtu: 1400, domain: { name: "later.lan" } });
    const step = await lan.up(later);
    expect(step).toMatchObject({ did: "update", state: { pendingChanges: ["domain.name"] } });
    expect(step.log).toContainEqual({ level: "warn", message: expect.stringContaining(`cut off: ${guest}.`) as string });
    expect(await virsh(lab(), "net-dumpxml", name)).toMatch(/<host mac/);
    await lan.refresh();
    expect(await lan.up(later)).toMatchObject({ did: "same" });
    expect(await lan.destroy()).toMatchObject({ did: "refused" });
    expect(await lan.preview(program(name, net, {}, { active: false }))).toMatchObject({ did: "refused" });

    await virsh(lab(), "net-update", name, "delete", "ip-dhcp-host", `<host mac='${web.mac}'/>`, "--live");
    await lan.refresh();
    expect(await lan.up(later)).toMatchObject({ did: "update", changes: ["addresses[0].dhcp.hosts.web"] });
    expect(await virsh(lab(), "net-dumpxml", name)).toMatch(/<host mac/);

    await virsh(lab(), "destroy", guest);
    expect(await lan.up(later, { force: true })).toMatchObject({ state: { pendingChanges: [] } });
    expect(await virsh(lab(), "net-dumpxml", name)).toContain("later.lan");
    expect(await lan.destroy()).toMatchObject({ did: "delete" });
  });

  test.each([
    { because: "another network's addresses", more: {}, said: /already in use by interface.*The network .*has addresses that overlap/ },
    {
      because: "another network's bridge",
      more: { addresses: [], bridge: `${prefix}x` },
      said: /already in use.*The network .* has the bridge/,
    },
    {
      because: "a bridge of the host",
      more: { addresses: [], bridge: hostBridge },
      said: /File exists.*no interface of the host is named/,
    },
  ])("fails with the way out, and leaves nothing: $because", async ({ more, said }) => {
    const { lan, name } = stage();
    const other = stage();
    await lan.up(program(name, "10.97.12", {}, { bridge: `${prefix}x` }));
    const { did, error } = await other.lan.up(program(other.name, "10.97.12", {}, more));
    expect([did, error?.message]).toEqual(["failed", expect.stringMatching(said)]);
    expect(await exists(other.name)).toBe(false);
    await lan.destroy();
  });

  test("one that virsh made is taken over by name as it is, and mended by the next run when it was stopped", async () => {
    const { lan, name } = stage();
    const file = `${lab().storageDir}/${name}.xml`;
    const xml = `<network><name>${name}</name><forward mode='nat'/><ip address='10.97.13.1' netmask='255.255.255.0'><dhcp><range start='10.97.13.2' end='10.97.13.254'/></dhcp></ip></network>`;
    await hostExec(lab(), "sh", "-c", `cat > ${file} <<'END'\n${xml}\nEND`);
    await virsh(lab(), "net-define", file);
    await virsh(lab(), "net-start", name);
    const least: Values = {
      name,
      mode: "nat",
      autostart: false,
      addresses: [{ address: "10.97.13.1/24", dhcp: { ranges: [{ start: "10.97.13.2", end: "10.97.13.254" }] } }],
    };
    expect(await lan.import(name, least)).toMatchObject({ did: "import", problems: [], changes: [] });
    await virsh(lab(), "net-destroy", name);
    await lan.refresh();
    expect(await lan.up(least)).toMatchObject({ did: "update", changes: ["active"] });
    expect(await virsh(lab(), "net-info", name)).toMatch(/Active:\s+yes/);
    await lan.destroy();
    expect(await exists(name)).toBe(false);
  });
});
