// A network as libvirt holds it -> inputs: all of them for an import; for a refresh the old ones, with what differs as it is now. Pure.
import type { NetworkRecord } from "../../libvirt/port";
import { ipKey } from "../../plan/ip-address";
import type { DhcpHost, DnsHost } from "../../xml/network-entries";
import type { NetworkAddress, NetworkDns } from "../../xml/network-xml";
import { parseNetwork } from "../../xml/parse-network";
import type { ObservedNetwork } from "../../xml/parse-network";
import { asValues, defined, sameValue } from "../values";
import type { CheckedInputs } from "./contract";
import { fieldEffects } from "./field-effects";
import { cellsOf } from "./network-fields";
import type { NetworkField } from "./network-fields";
import type { NetworkMode } from "./network-modes";
import { modeOf } from "./network-modes";
import { withoutHosts, type IsOfVm } from "./vm-hosts";

type Addresses = NonNullable<CheckedInputs["addresses"]>;
type Dhcp = NonNullable<Addresses[number]["dhcp"]>;
type Dns = NonNullable<CheckedInputs["dns"]>;

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;
/** The object or list, or nothing in the place of an empty one. */
const some = <T extends object>(value: T): T | undefined => (isEmpty(value) ? undefined : value);

/** Entries under the keys that the old ones have for them; others get one of their own. */
function keyed<Entry>(
  entries: readonly Entry[],
  olds: Readonly<Record<string, Entry>>,
  isOf: (entry: Entry, old: Entry) => boolean,
  nameOf: (entry: Entry) => string,
): Record<string, Entry> | undefined {
  const named: Record<string, Entry> = {};
  for (const entry of entries) {
    const held = Object.entries(olds).find(([key, old]) => !(key in named) && isOf(entry, old))?.[0];
    const name = nameOf(entry);
    const free = [name, ...entries.map((_, index) => `${name}-${index + 2}`)].find((key) => !(key in named) && !(key in olds)) ?? name;
    named[held ?? free] = entry;
  }
  return some(named);
}

const sameText = (left: string | undefined, right: string | undefined) => left !== undefined && left.toLowerCase() === right?.toLowerCase();

/** A host is the same while its MAC, DUID, address or name is; the entry that is the very same comes first. */
const isOfHost = (entry: DhcpHost, old: DhcpHost) =>
  sameText(entry.mac, old.mac) || sameText(entry.id, old.id) || ipKey(entry.ip) === ipKey(old.ip) || sameText(entry.name, old.name);

function dhcpOf({ ranges, hosts }: NetworkAddress, old: Dhcp | undefined): Dhcp | undefined {
  return some(
    defined({
      ranges: some([...ranges]),
      hosts: keyed(hosts, (old?.hosts ?? {}) as Record<string, DhcpHost>, isOfHost, ({ name, mac, id, ip }) => name ?? mac ?? id ?? ip),
    }) as Dhcp,
  );
}

function addressesOf(addresses: readonly NetworkAddress[], olds: Addresses): Addresses {
  return addresses.map((address, index) => ({ address: address.address, ...defined({ dhcp: dhcpOf(address, olds[index]?.dhcp) }) }));
}

function dnsOf({ enabled, forwardPlainNames, forwarders, txt, srv, hosts }: NetworkDns, old: Dns): Dns | undefined {
  const isOf = (entry: DnsHost, held: DnsHost) => ipKey(entry.ip) === ipKey(held.ip);
  return some(
    defined({
      enabled: enabled ? undefined : false,
      forwardPlainNames: forwardPlainNames ? undefined : false,
      forwarders: some([...forwarders]),
      hosts: keyed(hosts, (old.hosts ?? {}) as Record<string, DnsHost>, isOf, ({ hostnames, ip }) => hostnames[0] ?? ip),
      srv: some([...srv]),
      txt: some(Object.fromEntries(txt.map(({ name, value }) => [name, value]))),
    }) as unknown as Dns,
  );
}

/** What libvirt holds, as inputs that say all of it; keys of maps are those of `old` where they are the same entries. */
export function inputsOf(
  mode: NetworkMode,
  network: ObservedNetwork,
  old: Partial<CheckedInputs> = {},
): Omit<CheckedInputs, "autostart" | "active"> {
  const { name, forward, bridge, mac, mtu, domain, ipv6, addresses, dns } = network;
  return {
    name,
    mode,
    ...(defined({
      bridge,
      devices: some([...(forward?.devices ?? [])]),
      nat: forward?.nat,
      mac,
      mtu,
      domain: domain && (domain.localOnly ? domain : { name: domain.name }),
      addresses: some(addressesOf(addresses, old.addresses ?? [])),
      dns: dnsOf(dns, old.dns ?? {}),
      ipv6: ipv6 ? true : undefined,
    }) as Partial<CheckedInputs>),
  };
}

/** Bridge and MAC come along, whoever chose them: a program that does not name them leaves them as they are. */
export function importedInputs(mode: NetworkMode, { xml, autostart, active }: NetworkRecord, isOfVm: IsOfVm): CheckedInputs {
  return { ...inputsOf(mode, withoutHosts(parseNetwork(xml), isOfVm)), autostart, active };
}

const liveFields = new Set<NetworkField>(
  (Object.keys(fieldEffects) as NetworkField[]).filter((field) => fieldEffects[field].effect === "live"),
);

/** The settled cells of one field, by path. */
const cellsWithin = (inputs: Partial<CheckedInputs>, fields: (field: NetworkField) => boolean) =>
  cellsOf(asValues(inputs))
    .filter(({ field }) => fields(field))
    .map(({ path, value }) => [path.join("\n"), value] as const);

const saysTheSame = (left: Partial<CheckedInputs>, right: Partial<CheckedInputs>, fields: (field: NetworkField) => boolean = () => true) =>
  sameValue(Object.fromEntries(cellsWithin(left, fields)), Object.fromEntries(cellsWithin(right, fields)));

const inputNames = ["name", "mode", "bridge", "devices", "nat", "mac", "mtu", "domain", "addresses", "dns", "ipv6"] as const;
/** Absent means "as it is". */
const keptNames: readonly string[] = ["bridge", "mac"];

/** Each top-level input as the program wrote it where that is how it is, else as it is. */
function drifted(
  old: CheckedInputs,
  seen: Omit<CheckedInputs, "autostart" | "active">,
  isLooked: (field: NetworkField) => boolean = () => true,
) {
  const changed = inputNames.filter((name) => {
    if (old[name] === undefined && keptNames.includes(name)) return false;
    return !saysTheSame({ [name]: old[name] }, { [name]: seen[name] }, isLooked);
  });
  const now = Object.fromEntries(changed.map((name) => [name, seen[name]]));
  return { isSame: changed.length === 0, inputs: defined({ ...old, ...now }) as CheckedInputs };
}

/**
 * What is stored counts; where it is as asked, what runs counts too for entries that change live (others' hands may have changed them there alone),
 * on addresses that the network has already.
 */
export function driftedInputs(old: CheckedInputs, record: NetworkRecord, isOfVm: IsOfVm): CheckedInputs {
  const { xml, liveXml, autostart, active } = record;
  const stored = withoutHosts(parseNetwork(xml), isOfVm);
  const mode = modeOf(stored) ?? old.mode;
  const first = drifted(old, inputsOf(mode, stored, old));
  if (!first.isSame || liveXml === undefined) return { ...first.inputs, autostart, active };
  const live = withoutHosts(parseNetwork(liveXml), isOfVm);
  const hasAddresses = saysTheSame(inputsOf(mode, stored), inputsOf(mode, live), (field) => field === "address");
  const { hosts, srv, txt } = live.dns;
  const addresses = hasAddresses ? live.addresses : stored.addresses;
  const seen = inputsOf(mode, { ...stored, addresses, dns: { ...stored.dns, hosts, srv, txt } }, old);
  return { ...drifted(old, seen, (field) => liveFields.has(field)).inputs, autostart, active };
}
