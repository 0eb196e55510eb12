// The addresses of a running guest: asked of whoever knows them, and waited for where the program says so. I/O through the port.
import { HostError } from "../../errors";
import type { AddressSource, InterfaceAddresses } from "../../libvirt/port";
import { parseIp } from "../../plan/ip-address";
import { matchInterfaces } from "../../xml/match-interfaces";
import type { Call } from "../resource";
import { defined } from "../values";
import type { CheckedInputs } from "./contract";
import type { AddressOutputs, GuestAddress } from "./network-contract";
import { defaultAddressTimeoutSeconds } from "./network-contract";
import { macAddressesOf, sayableCards } from "./network-observed";
import { observeMachine } from "./observe-machine";
import type { ObservedMachine } from "./state";

/** What asking takes. */
type Ask = Pick<Call, "services" | "signal">;

type Addresses = Readonly<Record<string, GuestAddress[]>>;

/** Loopback, link-local and "no address": of no use to anybody who wants to reach the guest. */
const unreachable = /^(127\.|169\.254\.|0\.0\.0\.0$|::1?$|fe[89ab][0-9a-f]:)/i;
const isReachable = ({ address }: Pick<GuestAddress, "address">) => !unreachable.test(address);

/** The key of each running card by its MAC. */
function keysByMac({ defined: definition, running }: ObservedMachine): Map<string, string> {
  const cards = running === undefined ? [] : sayableCards(running);
  const keys = new Map([...matchInterfaces(sayableCards(definition), cards)].map(([{ key }, card]) => [card, key]));
  return new Map(cards.map((card) => [card.mac, keys.get(card) ?? card.key]));
}

async function ask(uuid: string, source: AddressSource, { services, signal }: Ask): Promise<readonly InterfaceAddresses[]> {
  try {
    return (await services.libvirt.domainInterfaceAddresses(uuid, source, { signal })) ?? [];
  } catch (error) {
    // Addresses are a note beside the machine: a source that fails is one that does not know.
    if (error instanceof HostError) return [];
    throw error;
  }
}

function toldBy(source: AddressSource, told: readonly InterfaceAddresses[], keys: ReadonlyMap<string, string>): Addresses {
  const byKey: Record<string, GuestAddress[]> = {};
  for (const { mac, addresses } of told) {
    const key = mac === undefined ? undefined : keys.get(mac);
    if (key === undefined) continue;
    const known = (byKey[key] ??= []);
    for (const { address, prefix } of addresses) {
      const family = parseIp(address)?.family;
      if (family === undefined || known.some((each) => each.address === address)) continue;
      known.push({ address, ...defined({ prefix }), family, source });
    }
  }
  return byKey;
}

/**
 * Each card's addresses by the best source that has some a guest can be reached at: the agent sees what the guest has, a lease may be an old one, the
 * host's ARP table knows only whom the host has spoken to. Later sources are asked only while a card has none.
 */
async function collect(machine: ObservedMachine, call: Ask): Promise<Addresses> {
  const keys = keysByMac(machine);
  const sources: readonly AddressSource[] = [...(machine.running?.agentConnected === true ? (["agent"] as const) : []), "lease", "arp"];
  let found: Addresses = {};
  for (const source of sources) {
    const open = [...keys.values()].filter((key) => !(found[key] ?? []).some(isReachable));
    if (open.length === 0) break;
    const told = toldBy(source, await ask(machine.record.uuid, source, call), keys);
    const more = open.flatMap((key): [string, GuestAddress[]][] => {
      const before = found[key] ?? [];
      const news = (told[key] ?? []).filter(({ address }) => !before.some((each) => each.address === address));
      return before.length + news.length === 0 ? [] : [[key, [...before, ...news]]];
    });
    found = { ...found, ...Object.fromEntries(more) };
  }
  return found;
}

const inKeyOrder = (addresses: Addresses) =>
  Object.keys(addresses)
    .sort()
    .flatMap((key) => addresses[key] ?? []);

/** The address by which the guest is best reached. */
export function bestAddress(addresses: Addresses): string | undefined {
  const reachable = inKeyOrder(addresses).filter(isReachable);
  return (reachable.find(({ family }) => family === "ipv4") ?? reachable[0])?.address;
}

const isUp = ({ record }: ObservedMachine) => record.liveXml !== undefined;

/** What is known of the addresses now. */
export async function observeAddresses(machine: ObservedMachine, call: Ask): Promise<AddressOutputs> {
  const hasCards = machine.running !== undefined && sayableCards(machine.running).length > 0;
  const addresses = isUp(machine) && hasCards ? await collect(machine, call) : {};
  return { macAddresses: macAddressesOf(machine.defined), addresses, ...defined({ ipAddress: bestAddress(addresses) }) };
}

const firstPauseMs = 250;
const longestPauseMs = 2_000;
const msPerSecond = 1_000;

interface WaitedFor {
  /** The key of the card; any when absent. */
  readonly network?: string | undefined;
  readonly seconds: number;
}

/** Waits for an address that the guest can be reached at; by its news, and with a short back-off. `late`: the time is over; `stopped`: it does not run. */
export async function waitUntilReachable(
  uuid: string,
  { network, seconds }: WaitedFor,
  call: Ask,
): Promise<"reachable" | "late" | "stopped"> {
  const endsAt = performance.now() + seconds * msPerSecond;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const machine = await observeMachine({ uuid }, call);
    if (machine === undefined || !isUp(machine)) return "stopped";
    const { addresses } = await observeAddresses(machine, call);
    const wanted = network === undefined ? inKeyOrder(addresses) : (addresses[network] ?? []);
    if (wanted.some(isReachable)) return "reachable";
    const leftMs = endsAt - performance.now();
    if (leftMs <= 0) return "late";
    await call.services.libvirt.waitForGuestNews(uuid, { signal: call.signal, timeoutMs: Math.min(pauseMs, leftMs) });
  }
}

/** Waits for an address as the program asks for it. Without one in time it warns, and the machine is kept as it is. */
export async function awaitAddress(uuid: string, inputs: CheckedInputs, call: Call): Promise<void> {
  const { waitForAddress: wait, name } = inputs;
  if (wait === undefined || inputs.power !== "running") return;
  const seconds = wait.timeoutSeconds ?? defaultAddressTimeoutSeconds;
  const whose = wait.network === undefined ? name : `${name} on networks.${wait.network}`;
  call.log.status(`waiting up to ${seconds} s for an address of ${whose}`);
  const outcome = await waitUntilReachable(uuid, { network: wait.network, seconds }, call);
  if (outcome === "stopped") call.log.warn(`${name} stopped while its address was waited for.`);
  if (outcome !== "late") return;
  call.log.warn(
    `${whose} has no address that is known after ${seconds} s (waitForAddress.timeoutSeconds). The VM runs and is kept; \`pulumi refresh\` fills in \`ipAddress\` once the guest has one. libvirt knows the leases of its own networks; elsewhere the guest agent tells.`,
  );
}
