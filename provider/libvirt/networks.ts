// The port's verbs about libvirt's networks.
import {
  driverFeatures,
  ipAddressTypes,
  networkUpdateCommands,
  networkUpdateFlags,
  networkUpdateSections,
  networkXmlFlags,
} from "node-libvirt";
import type { Network, NetworkDhcpLease } from "node-libvirt";
import { hostErrorCodes } from "./codes";
import type { HostConnection } from "./connection";
import { saysCode, unlessCode } from "./errors";
import type { CallOptions, DhcpLease, Libvirt, NetworkRecord, NetworkUpdate } from "./port";

const { noNetwork, operationInvalid } = hostErrorCodes;

const commands = {
  add: networkUpdateCommands.ADD_LAST,
  delete: networkUpdateCommands.DELETE,
  modify: networkUpdateCommands.MODIFY,
} as const satisfies Record<NetworkUpdate["command"], number>;

const sections = {
  dhcpHost: networkUpdateSections.IP_DHCP_HOST,
  dhcpRange: networkUpdateSections.IP_DHCP_RANGE,
  dnsHost: networkUpdateSections.DNS_HOST,
  dnsSrv: networkUpdateSections.DNS_SRV,
  dnsTxt: networkUpdateSections.DNS_TXT,
  forwardInterface: networkUpdateSections.FORWARD_INTERFACE,
} as const satisfies Record<NetworkUpdate["section"], number>;

const affects = {
  live: networkUpdateFlags.AFFECT_LIVE,
  definition: networkUpdateFlags.AFFECT_CONFIG,
  both: networkUpdateFlags.AFFECT_LIVE | networkUpdateFlags.AFFECT_CONFIG,
} as const satisfies Record<NetworkUpdate["affects"], number>;

/** libvirt looks for the place itself. */
const anyAddress = -1;

const aboutNetwork = (doing: string, name: string, options: CallOptions | undefined) => ({ doing, what: `the network ${name}`, options });

async function lookUp(host: HostConnection, name: string, options: CallOptions | undefined): Promise<Network> {
  return (await host.call("networkLookupByName", { ...aboutNetwork("Looking up", name, options), args: { name } })).net;
}

async function readNetwork(host: HostConnection, net: Network, options: CallOptions | undefined): Promise<NetworkRecord> {
  const about = aboutNetwork("Reading", net.name, options);
  const [{ active }, { persistent }] = await Promise.all([
    host.call("networkIsActive", { ...about, args: { net } }),
    host.call("networkIsPersistent", { ...about, args: { net } }),
  ]);
  const xml = async (flags: number) => (await host.call("networkGetXmlDesc", { ...about, args: { net, flags } })).xml;
  const [live, stored, { autostart }] = await Promise.all([
    active ? xml(0) : undefined,
    persistent ? xml(networkXmlFlags.INACTIVE) : undefined,
    // One without a definition has no autostart to tell of.
    persistent ? host.call("networkGetAutostart", { ...about, args: { net } }) : { autostart: false },
  ]);
  const { name, uuid } = net;
  return {
    name,
    uuid,
    active,
    persistent,
    autostart,
    xml: stored ?? live ?? (await xml(0)),
    ...(live === undefined ? {} : { liveXml: live }),
  };
}

async function listNetworks(host: HostConnection, options: CallOptions | undefined): Promise<readonly NetworkRecord[]> {
  const args = { needResults: true, flags: 0 };
  const { nets } = await host.call("connectListAllNetworks", { doing: "Listing", what: "the host's networks", args, options });
  // A network may go while it is read: then it is not there.
  const records = await Promise.all(nets.map((net) => unlessCode(readNetwork(host, net, options), noNetwork)));
  return records.filter((record) => record !== undefined);
}

/** Daemons before libvirt 7.2 have the two the other way round on the wire, and say so by not having the feature. */
async function orderedArgs(host: HostConnection, { command, section }: NetworkUpdate, about: ReturnType<typeof aboutNetwork>) {
  const feature = driverFeatures.NETWORK_UPDATE_HAS_CORRECT_ORDER;
  const { supported } = await host.call("connectSupportsFeature", { ...about, args: { feature } });
  const [first, second] = [commands[command], sections[section]];
  return supported ? { command: first, section: second } : { command: second, section: first };
}

function leaseOf({ ipaddr, prefix, type, mac, hostname, expirytime }: NetworkDhcpLease): DhcpLease {
  return {
    address: ipaddr,
    prefix,
    family: type === ipAddressTypes.IPV6 ? "ipv6" : "ipv4",
    ...(mac === null ? {} : { mac }),
    ...(hostname === null ? {} : { hostname }),
    ...(expirytime > 0n ? { expiresAtSeconds: Number(expirytime) } : {}),
  };
}

type NetworkVerb =
  | "listNetworks"
  | "findNetwork"
  | "findNetworkByUuid"
  | "defineNetwork"
  | "startNetwork"
  | "stopNetwork"
  | "undefineNetwork"
  | "setNetworkAutostart"
  | "updateNetwork"
  | "networkLeases";

export function networkVerbs(host: HostConnection): Pick<Libvirt, NetworkVerb> {
  const act = async <Result>(
    doing: string,
    name: string,
    options: CallOptions | undefined,
    run: (net: Network, about: ReturnType<typeof aboutNetwork>) => Promise<Result>,
  ) => run(await lookUp(host, name, options), aboutNetwork(doing, name, options));

  /** Starts or stops. What another has done meanwhile is done. */
  const setActive = (doing: string, name: string, active: boolean, options: CallOptions | undefined) =>
    act(doing, name, options, async (net, about) => {
      const isSo = async () => (await host.call("networkIsActive", { ...about, args: { net } })).active === active;
      if (await isSo()) return;
      const changing = host.callSlowly(active ? "networkCreate" : "networkDestroy", { ...about, args: { net } });
      await changing.catch(async (error: unknown) => {
        if (!saysCode(error, operationInvalid) || !(await isSo())) throw error;
      });
    });

  return {
    listNetworks: (options) => listNetworks(host, options),
    findNetwork: (name, options) =>
      unlessCode(
        lookUp(host, name, options).then((net) => readNetwork(host, net, options)),
        noNetwork,
      ),
    findNetworkByUuid: (uuid, options) => {
      const found = host.call("networkLookupByUuid", { ...aboutNetwork("Looking up", uuid, options), args: { uuid } });
      return unlessCode(
        found.then(({ net }) => readNetwork(host, net, options)),
        noNetwork,
      );
    },
    defineNetwork: async (xml, options) => {
      const { net } = await host.call("networkDefineXml", { doing: "Defining", what: "a network", args: { xml }, options });
      return { name: net.name, uuid: net.uuid };
    },
    startNetwork: (name, options) => setActive("Starting", name, true, options),
    stopNetwork: (name, options) => setActive("Stopping", name, false, options),
    undefineNetwork: async (name, options) => {
      const undefining = act("Undefining", name, options, (net, about) => host.call("networkUndefine", { ...about, args: { net } }));
      await unlessCode(undefining, noNetwork);
    },
    setNetworkAutostart: async (name, autostart, options) => {
      await act("Setting the autostart of", name, options, (net, about) =>
        host.call("networkSetAutostart", { ...about, args: { net, autostart } }),
      );
    },
    updateNetwork: async (name, update, options) => {
      await act("Changing", name, options, async (net, about) => {
        const { addressIndex: parentIndex = anyAddress, xml } = update;
        const ordered = await orderedArgs(host, update, about);
        return host.callSlowly("networkUpdate", { ...about, args: { net, ...ordered, parentIndex, xml, flags: affects[update.affects] } });
      });
    },
    networkLeases: (name, options) =>
      act("Reading the leases of", name, options, async (net, about) => {
        const args = { net, mac: options?.mac ?? null, needResults: true, flags: 0 };
        return (await host.call("networkGetDhcpLeases", { ...about, args })).leases.map(leaseOf);
      }),
  };
}
