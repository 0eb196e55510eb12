// The port's verbs about a running guest's addresses: who knows them, and when it is worth asking again.
import { domainInterfaceAddressesSources } from "node-libvirt";
import type { ResultOf } from "node-libvirt";
import { CancelledError, HostError } from "../errors";
import { Alarm } from "./alarm";
import { hostErrorCodes } from "./codes";
import type { HostConnection } from "./connection";
import { aboutDomain, domainRef } from "./domain-ref";
import { unlessCode } from "./errors";
import type { AddressSource, CallOptions, InterfaceAddresses, Libvirt } from "./port";

/** An agent that does not answer holds libvirt's question for seconds: whoever asks for addresses has others to ask. */
const agentTimeoutMs = 5_000;

const sources = {
  lease: domainInterfaceAddressesSources.LEASE,
  agent: domainInterfaceAddressesSources.AGENT,
  arp: domainInterfaceAddressesSources.ARP,
} as const satisfies Record<AddressSource, number>;

/** How libvirt says that a source is none: no agent, or it is deaf; no such network, or it is not active; the domain does not run. */
const cannotTell = [
  hostErrorCodes.agentUnresponsive,
  hostErrorCodes.argumentUnsupported,
  hostErrorCodes.configUnsupported,
  hostErrorCodes.noNetwork,
  hostErrorCodes.noSupport,
  hostErrorCodes.operationInvalid,
  hostErrorCodes.operationUnsupported,
] as const;

/** libvirt takes the kernel's answer for a broken one where the ARP table is empty, or where its last part ends the list too (virarptable.c). */
const endOfTable = /malformed netlink response|wrong nlmsg len/;

type Iface = ResultOf<"domainInterfaceAddresses">["ifaces"][number];

/** libvirt says 0 for a prefix that it does not know. */
const found = ({ name, hwaddr, addrs }: Iface): InterfaceAddresses => ({
  name,
  ...(hwaddr === null ? {} : { mac: hwaddr.toLowerCase() }),
  addresses: addrs.map(({ addr, prefix }) => ({ address: addr, ...(prefix === 0 ? {} : { prefix }) })),
});

async function askAddresses(
  host: HostConnection,
  uuid: string,
  source: AddressSource,
  options: CallOptions = {},
): Promise<readonly InterfaceAddresses[] | undefined> {
  const timeoutMs = options.timeoutMs ?? (source === "agent" ? agentTimeoutMs : undefined);
  const call = host.call("domainInterfaceAddresses", {
    ...aboutDomain("Asking for the addresses of", uuid, { ...options, timeoutMs }),
    args: { dom: domainRef(uuid), source: sources[source], flags: 0 },
  });
  try {
    return (await unlessCode(call, ...cannotTell))?.ifaces.map(found);
  } catch (error) {
    if (error instanceof HostError && endOfTable.test(error.libvirtMessage)) return [];
    throw error;
  }
}

async function waitForGuestNews(
  host: HostConnection,
  uuid: string,
  { timeoutMs, signal }: CallOptions & { readonly timeoutMs: number },
): Promise<void> {
  const about = aboutDomain("Waiting for", uuid, { signal });
  const alarm = new Alarm();
  const ring = () => alarm.ring();
  const unsubscribe = await host.onGuestNews((event) => {
    if (event === "missed some" || event.dom.uuid === uuid) ring();
  }, about);
  signal?.addEventListener("abort", ring);
  try {
    if (signal?.aborted !== true) await alarm.sleep(timeoutMs);
    if (signal?.aborted === true) throw new CancelledError(about);
  } finally {
    signal?.removeEventListener("abort", ring);
    unsubscribe();
  }
}

export function addressVerbs(host: HostConnection): Pick<Libvirt, "domainInterfaceAddresses" | "waitForGuestNews"> {
  return {
    domainInterfaceAddresses: (uuid, source, options) => askAddresses(host, uuid, source, options),
    waitForGuestNews: (uuid, options) => waitForGuestNews(host, uuid, options),
  };
}
