// Fixed addresses of network cards: entries in the DHCP server of a libvirt network. What a machine has of them stands in its notes. Plans, then converges the host.
import type { Problem } from "../../errors";
import { HostError, RefusedError } from "../../errors";
import type { NetworkRecord, NetworkUpdate } from "../../libvirt/port";
import type { ManagedMetadata, ObservedDomain } from "../../plan/domain";
import { isInNetwork, parseIp, parseIpInterface, sameIp } from "../../plan/ip-address";
import { entryXml } from "../../xml/network-entries";
import type { ObservedNetwork } from "../../xml/parse-network";
import { parseNetwork } from "../../xml/parse-network";
import { fewAtATime } from "../few-at-a-time";
import { propertyPath } from "../property-path";
import type { Call } from "../resource";
import { without } from "../values";
import type { NetworksInputs } from "./network-contract";

/** A card's fixed address in a network. */
export interface StaticEntry {
  readonly key: string;
  readonly network: string;
  readonly mac: string;
  readonly ip: string;
}

/** The entries that a machine's notes say are its own. */
export const entriesOf = (metadata: Pick<ManagedMetadata, "interfaces"> | undefined): StaticEntry[] =>
  (metadata?.interfaces ?? []).flatMap(({ key, mac, network, address }) =>
    network === undefined || address === undefined ? [] : [{ key, network, mac, ip: address }],
  );

interface Step extends StaticEntry {
  readonly update: NetworkUpdate;
}

export interface StaticPlan {
  readonly steps: readonly Step[];
}

const isSame = (left: string, right: string): boolean => {
  const [one, other] = [parseIp(left), parseIp(right)];
  return one !== undefined && other !== undefined && sameIp(one, other);
};

const isOf = (mac: string) => (host: { readonly mac?: string | undefined }) => host.mac?.toLowerCase() === mac;

const isSameEntry = (left: StaticEntry) => (right: StaticEntry) =>
  left.network === right.network && left.mac === right.mac && isSame(left.ip, right.ip);

/** What runs counts; a network that is not active has its definition alone. */
const viewOf = ({ xml, liveXml }: NetworkRecord): ObservedNetwork => parseNetwork(liveXml ?? xml);

const affects = ({ active, persistent }: NetworkRecord): NetworkUpdate["affects"] =>
  active ? (persistent ? "both" : "live") : "definition";

/** The place of the address whose network the entry is in; -1: none. */
const placeOf = ({ addresses }: ObservedNetwork, ip: string): number =>
  addresses.findIndex(({ address }) => {
    const [network, own] = [parseIpInterface(address), parseIp(ip)];
    return network !== undefined && own !== undefined && isInNetwork(own, network);
  });

function stepOf(record: NetworkRecord, command: NetworkUpdate["command"], addressIndex: number, entry: StaticEntry): Step {
  const xml = entryXml("dhcpHost", { mac: entry.mac, ip: entry.ip }, command === "delete");
  return { ...entry, update: { section: "dhcpHost", command, xml, addressIndex, affects: affects(record) } };
}

/** Entries of the machine's that it is not to have any more, as far as they are there. */
function goingSteps(record: NetworkRecord, gone: readonly StaticEntry[]): Step[] {
  const network = viewOf(record);
  return gone.flatMap((entry) => {
    const place = network.addresses.findIndex(({ hosts }) => hosts.some((host) => isOf(entry.mac)(host) && isSame(host.ip, entry.ip)));
    return place < 0 ? [] : [stepOf(record, "delete", place, entry)];
  });
}

function comingStep(record: NetworkRecord, entry: StaticEntry, gone: readonly StaticEntry[]): Step | string | undefined {
  const network = viewOf(record);
  const place = placeOf(network, entry.ip);
  const served = network.addresses[place];
  if (served === undefined) {
    const own = network.addresses.map(({ address }) => address).join(", ");
    return `is ${entry.ip}, which is in no network that libvirt gives addresses of on ${entry.network}${own === "" ? "" : ` (${own})`}. Give one that is, or leave it out and set the address in the guest.`;
  }
  if (isSame(served.address.split("/")[0] ?? "", entry.ip))
    return `is ${entry.ip}, which is the host's own on the network ${entry.network}.`;
  const remains = served.hosts.filter((host) => !gone.some((old) => isOf(old.mac)(host) && isSame(host.ip, old.ip)));
  const own = remains.find(isOf(entry.mac));
  if (own !== undefined && isSame(own.ip, entry.ip)) return undefined;
  if (own !== undefined)
    return `is ${entry.ip}, but the network ${entry.network} gives this card (${entry.mac}) ${own.ip} by an entry of other hands.`;
  const other = remains.find(({ ip }) => isSame(ip, entry.ip));
  if (other !== undefined)
    return `is ${entry.ip}, which the network ${entry.network} gives to ${other.mac ?? other.name ?? "another guest"} already.`;
  return stepOf(record, "add", place, entry);
}

/** What is to be done about the entries. Refuses what the networks cannot give; touches nothing. */
export async function planStatic(wanted: readonly StaticEntry[], held: readonly StaticEntry[], call: Call): Promise<StaticPlan> {
  const gone = held.filter((old) => !wanted.some(isSameEntry(old)));
  const names = [...new Set([...wanted, ...gone].map(({ network }) => network))];
  const problems: Problem[] = [];
  const steps = await fewAtATime(names, async (name): Promise<Step[]> => {
    const record = await call.services.libvirt.findNetwork(name, { signal: call.signal });
    const coming = wanted.filter(({ network }) => network === name);
    const going = gone.filter(({ network }) => network === name);
    const at = ({ key }: StaticEntry) => propertyPath(["networks", key, "staticAddress"]);
    if (record === undefined) {
      problems.push(...coming.map((entry) => ({ path: at(entry), reason: `is in the network ${name}, which the host does not have.` })));
      return [];
    }
    const come = coming.flatMap((entry) => {
      const step = comingStep(record, entry, going);
      if (typeof step === "string") problems.push({ path: at(entry), reason: step });
      return step === undefined || typeof step === "string" ? [] : [step];
    });
    return [...goingSteps(record, going), ...come];
  });
  if (problems.length > 0) throw new RefusedError(problems);
  return { steps: steps.flat() };
}

/** Brings the entries there, and away. One that cannot be taken away holds nothing up: it is said. */
export async function applyStatic({ steps }: StaticPlan, { services, signal, log }: Call): Promise<void> {
  for (const { network, mac, ip, update } of steps) {
    try {
      await services.libvirt.updateNetwork(network, update, { signal });
    } catch (error) {
      if (!(error instanceof HostError) || update.command !== "delete") throw error;
      log.warn(
        `the network ${network} still gives ${ip} to ${mac}, as the entry could not be taken away: ${error.libvirtMessage} (virsh net-update ${network} delete ip-dhcp-host)`,
      );
    }
  }
}

/** The networks as read, with the fixed addresses that the host's networks give; one that is not there any more is left out. */
export async function withStaticAddresses(
  networks: NetworksInputs | undefined,
  { metadata, interfaces }: Pick<ObservedDomain, "metadata" | "interfaces">,
  { services, signal }: Call,
): Promise<NetworksInputs | undefined> {
  if (networks === undefined) return undefined;
  const noted = new Map(entriesOf(metadata).map((entry) => [entry.key, entry.ip]));
  const cards = await fewAtATime(Object.entries(networks), async ([key, card]) => {
    const asked = card.staticAddress ?? noted.get(key);
    const mac = interfaces.find((each) => each.key === key)?.mac ?? card.mac;
    if (asked === undefined || card.network === undefined || mac === undefined) return [key, without(card, "staticAddress")] as const;
    const record = await services.libvirt.findNetwork(card.network, { signal });
    const hosts = record === undefined ? [] : viewOf(record).addresses.flatMap((address) => address.hosts);
    const found = hosts.find(isOf(mac))?.ip;
    if (found === undefined) return [key, without(card, "staticAddress")] as const;
    return [key, { ...card, staticAddress: isSame(found, asked) ? asked : found }] as const;
  });
  return Object.fromEntries(cards);
}
