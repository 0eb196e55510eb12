// Changes a running network entry by entry: what libvirt can change live is made to be what is asked for, the rest waits for a start.
import type { NetworkUpdate } from "../../libvirt/port";
import { parseIpInterface, sameIp } from "../../plan/ip-address";
import { entryDelta, entryXml } from "../../xml/network-entries";
import type { NetworkEntries } from "../../xml/network-entries";
import type { NetworkAddress, NetworkRequest } from "../../xml/network-xml";
import type { ObservedNetwork } from "../../xml/parse-network";
import type { Call } from "../resource";

type Section = NetworkUpdate["section"];

function changesOf<Kind extends Section>(
  section: Kind,
  held: readonly NetworkEntries[Kind][],
  wanted: readonly NetworkEntries[Kind][],
  addressIndex?: number,
): NetworkUpdate[] {
  const { gone, come } = entryDelta(section, held, wanted);
  const at = { section, affects: "live", ...(addressIndex === undefined ? {} : { addressIndex }) } as const;
  return [
    ...gone.map((entry) => ({ ...at, command: "delete", xml: entryXml(section, entry, true) }) as const),
    ...come.map((entry) => ({ ...at, command: "add", xml: entryXml(section, entry) }) as const),
  ];
}

/** The same address with the same prefix, however written. */
export const isAt = (left: NetworkAddress, right: NetworkAddress): boolean => {
  const [one, other] = [parseIpInterface(left.address), parseIpInterface(right.address)];
  return one !== undefined && other !== undefined && sameIp(one, other) && one.prefix === other.prefix;
};

/** DHCP on the addresses that the running network has; one address has it, so what goes goes before what comes. */
function dhcpChanges(live: ObservedNetwork, { addresses }: NetworkRequest): NetworkUpdate[] {
  const changes = live.addresses.flatMap((held, index) => {
    const wanted = addresses.find((address) => isAt(address, held));
    if (wanted === undefined) return [];
    return [...changesOf("dhcpRange", held.ranges, wanted.ranges, index), ...changesOf("dhcpHost", held.hosts, wanted.hosts, index)];
  });
  return [...changes.filter(({ command }) => command === "delete"), ...changes.filter(({ command }) => command === "add")];
}

/** What makes the running network say what the request does, as far as it goes live. In order: what goes before what comes. */
export function liveChanges(live: ObservedNetwork, request: NetworkRequest, hasOwnBridge: boolean): readonly NetworkUpdate[] {
  if (!hasOwnBridge) return changesOf("forwardInterface", live.forward?.devices ?? [], request.forward?.devices ?? []);
  return [
    ...dhcpChanges(live, request),
    ...changesOf("dnsHost", live.dns.hosts, request.dns.hosts),
    ...changesOf("dnsSrv", live.dns.srv, request.dns.srv),
    ...changesOf("dnsTxt", live.dns.txt, request.dns.txt),
  ];
}

export async function applyLive(name: string, changes: readonly NetworkUpdate[], { services, signal, log }: Call): Promise<void> {
  for (const [index, change] of changes.entries()) {
    log.status(`changing network ${name}: entry ${index + 1} of ${changes.length}`);
    await services.libvirt.updateNetwork(name, change, { signal });
  }
}
