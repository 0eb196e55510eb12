// A fake host with one interface, and an engine that drives one Network on it: the stage of its lifecycle scripts.
import { createFakeHostObserver } from "./fake-host-observer";
import { createFakeLibvirt } from "./fake-libvirt";
import { createResourceDriver } from "./resource-driver";
import { network } from "../resources/network/network";
import type { Values } from "../resources/resource";

export function createNetworkStage() {
  const fake = createFakeLibvirt();
  const host = createFakeHostObserver();
  fake.addInterface("eth0", "192.168.1.7/24");
  const newDriver = () => createResourceDriver({ definition: network, libvirt: fake, host, name: "lan" });
  /** A running VM on the network (or on the bridge). */
  const plugIn = async (name: string, source: string) => {
    const { uuid } = await fake.defineDomain(
      `<domain type="qemu"><name>${name}</name><memory>65536</memory><os><type>hvm</type></os><devices>${source}</devices></domain>`,
    );
    await fake.startDomain(uuid);
    return uuid;
  };
  return { fake, host, lan: newDriver(), newDriver, plugIn };
}

export const cardOn = (network: string) => `<interface type="network"><source network="${network}"/></interface>`;

export const web = { mac: "52:54:00:00:00:01", name: "web", ip: "192.168.100.11" };

/** An isolated network with DHCP. */
export const isolated = (more: Values = {}, dhcp: Values = {}): Values => ({
  name: "lan",
  mode: "isolated",
  addresses: [{ address: "192.168.100.1/24", dhcp: { ranges: [{ start: "192.168.100.10", end: "192.168.100.20" }], ...dhcp } }],
  ...more,
});

/** A program for each mode: the least that it needs. */
export const leastNetworks = {
  nat: { name: "lan", mode: "nat", addresses: [{ address: "192.168.100.1/24" }] },
  route: { name: "lan", mode: "route", addresses: [{ address: "fd00:100::1/64" }] },
  open: { name: "lan", mode: "open", addresses: [{ address: "192.168.100.1/24" }] },
  isolated: { name: "lan", mode: "isolated" },
  bridge: { name: "lan", mode: "bridge", bridge: "br0" },
  ovs: { name: "lan", mode: "ovs", bridge: "ovsbr0" },
  macvtap: { name: "lan", mode: "macvtap", devices: ["eth0"] },
  private: { name: "lan", mode: "private", devices: ["eth0"] },
  vepa: { name: "lan", mode: "vepa", devices: ["eth0"] },
  passthrough: { name: "lan", mode: "passthrough", devices: ["eth0", "eth1"] },
} as const satisfies Record<string, Values>;

/** Everything that a network of libvirt's own can be asked for. */
export const fullNetwork: Values = {
  name: "lan",
  mode: "nat",
  bridge: "lanbr",
  devices: ["eth0"],
  nat: { ports: { start: 2000, end: 3000 }, addresses: { start: "10.1.0.1", end: "10.1.0.2" }, ipv6: true },
  mac: "52:54:00:AB:CD:EE",
  mtu: 1400,
  domain: { name: "lan", localOnly: true },
  addresses: [
    {
      address: "192.168.100.1/24",
      dhcp: { ranges: [{ start: "192.168.100.10", end: "192.168.100.20" }], hosts: { web, db: { name: "db", ip: "192.168.100.12" } } },
    },
    { address: "FD00:100:0::1/64", dhcp: { hosts: { six: { name: "six", id: "00:03:00:01:52:54:00:00:00:01", ip: "fd00:100:0::a" } } } },
  ],
  dns: {
    forwardPlainNames: false,
    forwarders: [{ address: "1.1.1.1" }, { domain: "corp.example", address: "10.0.0.53" }],
    hosts: { gate: { ip: "192.168.100.5", hostnames: ["gate", "gate.lan"] } },
    srv: [{ service: "sip", protocol: "tcp", domain: "lan", target: "db.lan", port: 5060, priority: 1, weight: 0 }],
    txt: { "about.lan": "some text" },
  },
  ipv6: true,
};
