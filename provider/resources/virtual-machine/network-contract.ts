// The documented contract of a VirtualMachine's network cards and addresses: a part of contract.ts.
import { z } from "zod";
import { directModes, linkStates, vhostUserModes } from "../../plan/domain";
import { hostPath, sizeField } from "../volume-fields";

const direct = z
  .strictObject({
    device: z.string().min(1).describe('The host\'s network device: "eth0".'),
    mode: z
      .enum(directModes)
      .meta({ id: "DirectMode" })
      .optional()
      .describe("How macvtap ties the card to the device, in libvirt's words. Default: `bridge`."),
  })
  .describe("A device of the host, shared by macvtap: the guest is in the device's network; the host itself does not reach it.")
  .meta({ id: "DirectNetwork" });

const vhostUser = z
  .strictObject({
    socket: hostPath.describe("The unix socket on the host."),
    mode: z.enum(vhostUserModes).meta({ id: "VhostUserMode" }).optional().describe("Who listens on it: `client`: QEMU connects (default)."),
  })
  .describe("A vhost-user switch (OVS-DPDK, VPP), which shares the guest's memory.")
  .meta({ id: "VhostUserNetwork" });

const limit = z
  .strictObject({
    average: sizeField.describe('What may pass in a second: "10MiB". Whole KiB.'),
    peak: sizeField.optional().describe("What may pass in a second for a while. Default: `average`."),
    burst: sizeField.optional().describe("How much may pass at peak speed. Default: libvirt's."),
  })
  .describe("A limit of one direction, in libvirt's words (<bandwidth>).")
  .meta({ id: "TrafficLimit" });

const bandwidth = z
  .strictObject({
    inbound: limit.optional().describe("What the guest receives."),
    outbound: limit.optional().describe("What the guest sends."),
  })
  .describe("Limits of a network card's traffic. Changes are live.")
  .meta({ id: "Bandwidth" });

/** Least that IPv4 takes, most that a frame's length can say. */
const mtuBytes = { min: 68, max: 65_535 };
/** 0 and 4095 are reserved. */
const vlanTag = { min: 1, max: 4094 };
const mostQueues = 256;

export const networkCard = z
  .strictObject({
    network: z
      .string()
      .min(1)
      .optional()
      .describe("A libvirt network, by name: a Network's `name`. Changes are live where both lead to a bridge."),
    portgroup: z.string().min(1).optional().describe("The port group of `network`. Default: the network's own."),
    bridge: z.string().min(1).optional().describe("A bridge of the host, by name. Changes are live."),
    openvswitch: z.boolean().optional().describe("Whether `bridge` is one of Open vSwitch. Default: false."),
    direct: direct.optional().describe("A device of the host, by macvtap."),
    user: z
      .boolean()
      .optional()
      .describe("QEMU's own user-mode network: the guest reaches out, nobody reaches in, and the host needs nothing for it."),
    vhostUser: vhostUser.optional().describe("A vhost-user switch."),
    model: z
      .string()
      .regex(/^[A-Za-z0-9_.-]+$/, { error: "must be the name of a card." })
      .optional()
      .describe("The card that the guest sees: `virtio` (default), `e1000e` for guests without virtio, or another of libvirt's words."),
    mac: z
      .string()
      .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, { error: 'must be a MAC address in lower case: "52:54:00:12:34:56".' })
      .optional()
      .describe("The card's address. Default: one is made, once, that no other VM of the host has (see `macAddresses`)."),
    mtu: z
      .int()
      .min(mtuBytes.min)
      .max(mtuBytes.max)
      .optional()
      .describe("MTU of the host's side, which a virtio guest takes over. Default: the network's."),
    vlan: z
      .int()
      .min(vlanTag.min)
      .max(vlanTag.max)
      .optional()
      .describe("VLAN tag, on an Open vSwitch bridge or a `direct` device in mode `passthrough`. Default: none."),
    bandwidth: bandwidth.optional().describe("Limits of the traffic. Default: none."),
    linkState: z
      .enum(linkStates)
      .meta({ id: "LinkState" })
      .optional()
      .describe("Whether the cable is plugged in: `up` (default) or `down`. Changes are live."),
    staticAddress: z
      .ipv4({ error: 'must be an IPv4 address: "192.168.122.10".' })
      .optional()
      .describe(
        "The address that the DHCP server of `network` always gives this card: an entry is put into the network, and goes with the card. The network must be one that libvirt gives addresses on. Where a Network of this program is used, say it there (`addresses[].dhcp.hosts`, with this card's `mac`) instead.",
      ),
    bootOrder: z.int().min(1).optional().describe("Place in the boot order, 1 first. Default: not booted from."),
    queues: z.int().min(1).max(mostQueues).optional().describe("Queue pairs of this `virtio` card. Default: one."),
  })
  .describe("A network card of a virtual machine: on one of `network`, `bridge`, `direct`, `user` and `vhostUser`.")
  .meta({ id: "NetworkCard" });

export const networks = z.record(
  z.string().regex(/^[A-Za-z0-9_-]+$/, { error: "a network's key may hold letters, digits, _ and - only." }),
  networkCard,
);

export const waitForAddress = z
  .strictObject({
    network: z.string().min(1).optional().describe("The key of the network whose address is waited for. Default: any."),
    timeoutSeconds: z
      .int()
      .min(1)
      .max(86_400)
      .optional()
      .describe("Seconds to wait. When they are over, the VM is kept with a warning, and a refresh fills the address in. Default: 120."),
  })
  .describe("Wait until the guest has an address.")
  .meta({ id: "WaitForAddress" });

/** Default of `waitForAddress.timeoutSeconds`: a cloud image has its lease after half a minute on a slow host. */
export const defaultAddressTimeoutSeconds = 120;

export const addressSources = ["agent", "lease", "arp"] as const;

export const guestAddress = z
  .strictObject({
    address: z.string().describe("The address."),
    prefix: z.int().optional().describe("Length of the network's prefix, where it is known."),
    family: z.enum(["ipv4", "ipv6"]).meta({ id: "AddressFamily" }).describe("`ipv4` or `ipv6`."),
    source: z
      .enum(addressSources)
      .meta({ id: "AddressSource" })
      .describe("Who told: the guest `agent`, the `lease` of libvirt's DHCP server, or the host's `arp` table."),
  })
  .describe("An address of a guest.")
  .meta({ id: "GuestAddress" });

export const addressOutputs = {
  macAddresses: z.record(z.string(), z.string()).describe("The MAC address of each network card."),
  addresses: z
    .record(z.string(), z.array(guestAddress))
    .describe("The addresses of each network card, as far as they are known; empty while the VM is stopped."),
  ipAddress: z
    .string()
    .optional()
    .describe(
      "The first IPv4 address of the networks, in the order of their keys, that is neither loopback nor link-local; else such an IPv6 address. Absent while none is known.",
    ),
};

export type NetworkCardInputs = z.infer<typeof networkCard>;
export type NetworksInputs = z.infer<typeof networks>;
export type GuestAddress = z.infer<typeof guestAddress>;
export interface AddressOutputs {
  readonly macAddresses: Readonly<Record<string, string>>;
  readonly addresses: Readonly<Record<string, GuestAddress[]>>;
  readonly ipAddress?: string | undefined;
}
