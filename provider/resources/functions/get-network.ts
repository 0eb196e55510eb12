// getNetwork: a libvirt network of the host, whoever made it, and the addresses that its DHCP server gave.
import { z } from "zod";
import { parseNetwork } from "../../xml/parse-network";
import { modeOf } from "../network/network-modes";
import { defined } from "../values";
import { defineFunction } from "./define-function";
import { nameOrUuid, notThere } from "./find-machine";

const inputs = z.strictObject({
  name: z.string().min(1).optional().describe("Name of the network; or give `uuid`."),
  uuid: z.string().min(1).optional().describe("UUID of the network; or give `name`."),
});

const lease = z
  .strictObject({
    address: z.string().describe("The address."),
    mac: z.string().optional().describe("MAC of the card that has it."),
    hostname: z.string().optional().describe("The name that the guest gave itself."),
  })
  .describe("An address that a network's DHCP server gave.")
  .meta({ id: "NetworkLease" });

export const getNetwork = defineFunction({
  token: "kvm:index:getNetwork",
  description: "A network of libvirt's on the host, whoever made it.",
  inputs,
  outputs: z.strictObject({
    name: z.string().describe("Name of the network."),
    uuid: z.string().describe("UUID of the network."),
    mode: z.string().describe("How guests get out: a `mode` of the Network resource, or else libvirt's own word."),
    bridge: z.string().optional().describe("The bridge that guests are plugged into; none for macvtap and its kin."),
    devices: z.array(z.string()).describe("The host's devices that traffic leaves by, where the network names some."),
    domain: z.string().optional().describe("The DNS domain."),
    addresses: z.array(z.string()).describe('The host\'s addresses in the network: "192.168.122.1/24".'),
    mtu: z.int().optional().describe("MTU, where it is set."),
    active: z.boolean().describe("Whether it is started."),
    autostart: z.boolean().describe("Whether it is started with the host."),
    leases: z.array(lease).describe("Addresses that its DHCP server gave, in order; none while the network is not active."),
  }),
  run: async (args, { services: { libvirt }, signal }) => {
    const ref = nameOrUuid(args);
    const record = "name" in ref ? await libvirt.findNetwork(ref.name, { signal }) : await libvirt.findNetworkByUuid(ref.uuid, { signal });
    if (record === undefined) throw notThere(ref, "network", "net-list --all");
    const { name, uuid, active, autostart } = record;
    const network = parseNetwork(record.liveXml ?? record.xml);
    const leases = active ? await libvirt.networkLeases(name, { signal }) : [];
    return {
      name,
      uuid,
      mode: modeOf(network) ?? network.forward?.mode ?? "isolated",
      ...defined({ bridge: network.bridge, domain: network.domain?.name, mtu: network.mtu }),
      devices: [...(network.forward?.devices ?? [])],
      addresses: network.addresses.map(({ address }) => address),
      active,
      autostart,
      leases: leases
        .map(({ address, mac, hostname }) => ({ address, ...defined({ mac, hostname }) }))
        .sort((one, other) => one.address.localeCompare(other.address)),
    };
  },
});
