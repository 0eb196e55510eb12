// The DHCP hosts that VMs brought into a network by their `staticAddress`: theirs, and none of the Network's. Reads the host.
import type { NetworkRecord } from "../../libvirt/port";
import type { DhcpHost } from "../../xml/network-entries";
import type { NetworkRequest } from "../../xml/network-xml";
import { parseDomain } from "../../xml/parse-domain";
import { parseNetwork } from "../../xml/parse-network";
import type { ObservedNetwork } from "../../xml/parse-network";
import { fewAtATime } from "../few-at-a-time";
import type { Call } from "../resource";
import { entriesOf } from "../virtual-machine/static-addresses";
import type { CheckedInputs } from "./contract";
import { isAt } from "./live-entries";

export type IsOfVm = (host: DhcpHost) => boolean;

const macOf = ({ mac }: DhcpHost) => mac?.toLowerCase() ?? "";

const hostsOf = (xml: string | undefined): readonly DhcpHost[] =>
  xml === undefined ? [] : parseNetwork(xml).addresses.flatMap(({ hosts }) => hosts);

/** Which of the network's hosts are VMs'. One that the program names (`inputs`) is the program's. No VM is looked at where all are named. */
export async function hostsOfVms(
  { name, xml, liveXml }: NetworkRecord,
  inputs: Pick<CheckedInputs, "addresses"> | undefined,
  { services: { libvirt }, signal }: Call,
): Promise<IsOfVm> {
  const named = new Set((inputs?.addresses ?? []).flatMap(({ dhcp }) => Object.values(dhcp?.hosts ?? {}).map(macOf)));
  const others = new Set([...hostsOf(xml), ...hostsOf(liveXml)].map(macOf).filter((mac) => mac !== "" && !named.has(mac)));
  if (others.size === 0) return () => false;
  const noted = await fewAtATime(await libvirt.listDomains({ signal }), async ({ uuid }) => {
    const domain = await libvirt.findDomain({ uuid }, { signal });
    const entries = domain === undefined ? [] : entriesOf(parseDomain(domain.inactiveXml).metadata);
    return entries.filter(({ network }) => network === name).map(({ mac }) => mac.toLowerCase());
  });
  const theirs = new Set(noted.flat().filter((mac) => others.has(mac)));
  return (host) => theirs.has(macOf(host));
}

export const withoutHosts = (network: ObservedNetwork, isOfVm: IsOfVm): ObservedNetwork => ({
  ...network,
  addresses: network.addresses.map((address) => ({ ...address, hosts: address.hosts.filter((host) => !isOfVm(host)) })),
});

/** The request with the VMs' hosts that the network has, at the addresses where they are. */
export function keepingHosts(request: NetworkRequest, held: ObservedNetwork, isOfVm: IsOfVm): NetworkRequest {
  const addresses = request.addresses.map((wanted) => {
    const there = held.addresses.find((each) => isAt(each, wanted))?.hosts ?? [];
    return { ...wanted, hosts: [...wanted.hosts, ...there.filter(isOfVm)] };
  });
  return { ...request, addresses };
}
