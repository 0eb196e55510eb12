// The documented contract of Network: the source of its schema, its docs and its types.
import { z } from "zod";
import { networkModes } from "./network-modes";

export const description =
  "A libvirt network on a host, which VMs name in their `networks`: one of libvirt's own, with a bridge, DHCP and DNS (`nat`, `route`, `open`, `isolated`), or one that VMs reach through what the host has (`bridge`, `ovs`, `macvtap` and its kin). " +
  "DHCP and DNS entries change while the network runs; the rest takes effect at once where no running VM is on it, else at its next start, as the preview says. " +
  "Import by name or UUID: `pulumi import kvm:index:Network lan default`.";

const macPattern = /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i;
const mac = z.string().regex(macPattern, { error: 'must be a MAC address of one machine, such as "52:54:00:12:34:56".' });

/** Linux lets the name of an interface have 15 characters. */
const interfaceName = (what: string) =>
  z.string().regex(/^[^\s/:%]{1,15}$/, {
    error: `must be the name of ${what}: at most 15 characters, which is Linux' limit, without blanks, slashes, colons and percent signs.`,
  });

const hostName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, { error: "must be a host name: letters, digits, dots, hyphens and underscores." });
const dnsName = z.string().regex(/^[A-Za-z0-9_*][A-Za-z0-9._*-]*$/, { error: "must be a DNS name." });

const dhcpRange = z
  .strictObject({ start: z.string().describe("First address."), end: z.string().describe("Last address.") })
  .describe("Addresses that DHCP gives to whoever asks.")
  .meta({ id: "DhcpRange" });

const dhcpHost = z
  .strictObject({
    mac: mac.optional().describe("IPv4: the guest's MAC."),
    id: z
      .string()
      .regex(/^[0-9a-f]{1,2}(:[0-9a-f]{1,2})+$/i, { error: 'must be a DUID, such as "00:03:00:01:52:54:00:12:34:56".' })
      .optional()
      .describe("IPv6: the guest's DUID."),
    name: hostName.optional().describe("The guest's host name: given to it with the address, and known to the network's DNS."),
    ip: z.string().describe("The address, in the network of the one that it stands under."),
  })
  .describe("An address that is always the same guest's, known by MAC (IPv4), DUID (IPv6) or the name that it asks with.")
  .meta({ id: "DhcpHost" });

const dhcp = z
  .strictObject({
    ranges: z.array(dhcpRange).optional().describe("Addresses for whoever asks. Changed while the network runs."),
    hosts: z.record(z.string(), dhcpHost).optional().describe("Fixed addresses, by a key of your choice. Changed while the network runs."),
  })
  .describe("DHCP on one address of a network; one IPv4 and one IPv6 address can have it.")
  .meta({ id: "NetworkDhcp" });

const address = z
  .strictObject({
    address: z.string().describe('The host\'s address in the network, with the prefix: "192.168.100.1/24", "fd00:100::1/64".'),
    dhcp: dhcp.optional().describe("DHCP for its network. Default: none."),
  })
  .describe("An address of the host in a network of libvirt's own.")
  .meta({ id: "NetworkAddress" });

const port = z.int().min(1).max(65_535);

const nat = z
  .strictObject({
    ports: z
      .strictObject({ start: port.describe("First port."), end: port.describe("Last port.") })
      .meta({ id: "PortRange" })
      .describe("A range of ports.")
      .optional()
      .describe("Ports that are translated to. Default: 1024 to 65535."),
    addresses: z
      .strictObject({ start: z.string().describe("First address."), end: z.string().describe("Last address.") })
      .meta({ id: "AddressRange" })
      .describe("A range of IPv4 addresses.")
      .optional()
      .describe("IPv4 addresses that are translated to. Default: that of the host's interface."),
    ipv6: z.boolean().optional().describe("IPv6 is translated too. Default: false, it is routed."),
  })
  .describe("What `nat` translates to.")
  .meta({ id: "NetworkNat" });

const dnsHost = z
  .strictObject({ ip: z.string().describe("The address."), hostnames: z.array(dnsName).min(1).describe("Its names.") })
  .describe("Names of an address.")
  .meta({ id: "DnsHost" });

const short = z.int().min(0).max(65_535);
const dnsSrv = z
  .strictObject({
    service: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,63}$/, { error: 'must be a service, such as "ldap".' })
      .describe('The service: "ldap".'),
    protocol: z
      .string()
      .regex(/^[A-Za-z0-9_-]+$/, { error: 'must be a protocol, such as "tcp".' })
      .describe('The protocol: "tcp".'),
    domain: dnsName.optional().describe("The domain. Default: the network's."),
    target: dnsName.optional().describe("The host that serves. Default: there is none, and the answer says so."),
    port: port.optional().describe("Its port."),
    priority: short.optional().describe("Lower ones first. Default: 0."),
    weight: short.optional().describe("Share among those of one priority. Default: 0."),
  })
  .describe("Where a service is.")
  .meta({ id: "DnsSrv" });

const dnsForwarder = z
  .strictObject({
    domain: dnsName.optional().describe("Names that it is asked for: this domain's. Default: all."),
    address: z.string().optional().describe("The server's address. Default: nobody is asked for the domain's names."),
  })
  .describe("Who is asked for names that the network's DNS does not know.")
  .meta({ id: "DnsForwarder" });

const dns = z
  .strictObject({
    enabled: z.boolean().optional().describe("Names are served. Default: true."),
    forwardPlainNames: z.boolean().optional().describe("Names without a dot go to other servers too. Default: true."),
    forwarders: z.array(dnsForwarder).optional().describe("Servers to ask. Default: the host's."),
    hosts: z
      .record(z.string(), dnsHost)
      .optional()
      .describe("Names of addresses, by a key of your choice. Changed while the network runs."),
    srv: z.array(dnsSrv).optional().describe("Service records. Changed while the network runs."),
    txt: z.record(dnsName, z.string()).optional().describe("Text records, by name. Changed while the network runs."),
  })
  .describe("The DNS server of a network of libvirt's own.")
  .meta({ id: "NetworkDns" });

export const inputs = z.strictObject({
  name: z
    .string()
    .regex(/^[^/\n]+$/, { error: "may not be empty and may not hold a slash or a line end." })
    .max(200)
    .optional()
    .meta({ replace: true })
    .describe("Name of the network. Default: the resource's name and a random suffix. A change replaces the network."),
  mode: z
    .enum(networkModes)
    .meta({ id: "NetworkMode" })
    .describe(
      "How guests get out, in libvirt's forward modes where it has one. Networks of libvirt's own: `nat`, `route`, `open` (libvirt sets no firewall rules), `isolated` (no forward mode). `bridge`: a bridge of the host; `ovs`: one of Open vSwitch. macvtap on a device of the host: `macvtap` (libvirt's `bridge` without a bridge), `private`, `vepa`, `passthrough`.",
    ),
  bridge: interfaceName("a bridge")
    .optional()
    .describe(
      "`bridge`, `ovs`: the host's bridge. Networks of libvirt's own: the name of the bridge that is made; default: libvirt's choice (virbr0, virbr1, …).",
    ),
  devices: z
    .array(interfaceName("a device"))
    .optional()
    .describe(
      "`macvtap` and its kin: the devices that guests are spread over (changed while the network runs). `nat`, `route`: the one device that traffic leaves by; default: wherever the routes go.",
    ),
  nat: nat.optional().describe("`nat`: what is translated to."),
  mac: mac.optional().describe("MAC of the host's side of the bridge. Default: libvirt's choice."),
  mtu: z.int().min(68).max(65_535).optional().describe("MTU of the bridge and of the guests on it. Default: 1500."),
  domain: z
    .strictObject({
      name: dnsName.describe("The domain's name."),
      localOnly: z.boolean().optional().describe("Names of the domain are not asked for elsewhere. Default: false."),
    })
    .describe("The DNS domain of a network, given to guests by DHCP.")
    .meta({ id: "NetworkDomain" })
    .optional()
    .describe("The DNS domain. Default: none."),
  addresses: z
    .array(address)
    .optional()
    .describe(
      "The host's addresses in the network, with DHCP. `nat`, `route` and `open` need one; without any an isolated network has neither DHCP nor DNS.",
    ),
  dns: dns.optional().describe("The network's DNS server."),
  ipv6: z
    .boolean()
    .optional()
    .describe("Guests may reach each other by IPv6 though the host has no IPv6 address in the network. Default: false."),
  autostart: z.boolean().optional().describe("The network is started with the host. Default: true."),
  active: z.boolean().optional().describe("The network is kept started. Default: true."),
});

export const outputs = z.strictObject({
  uuid: z.string().describe("UUID of the network; also the resource's ID."),
  bridge: z.string().optional().describe("The bridge that guests are plugged into; none for `macvtap` and its kin."),
  pendingChanges: z
    .array(z.string())
    .describe("What the network is to be and is not yet, because running VMs are on it: property paths. It will be at its next start."),
});

export const defaults = { autostart: true, active: true } as const;

type Inputs = z.infer<typeof inputs>;
/** Inputs after check: the name and the defaults are filled in. */
export type CheckedInputs = Omit<Inputs, "name" | keyof typeof defaults> & {
  readonly name: string;
  readonly autostart: boolean;
  readonly active: boolean;
};
export type NetworkOutputs = z.infer<typeof outputs>;
