// A network's inputs field by field, settled: as libvirt takes them, with its defaults in, so that what means the same compares the same. Pure.
import { ipKey, parseIpInterface } from "../../plan/ip-address";
import { defaultNatPorts } from "../../xml/parse-network";
import { propertyPath } from "../property-path";
import type { Value, Values } from "../resource";
import { unknown } from "../resource";
import { isValues, sameValue } from "../values";

/** One thing that can differ: where it stands, of which field it is, and what it comes to; `undefined` is libvirt's default. */
export interface Cell {
  readonly path: readonly PropertyKey[];
  readonly field: NetworkField;
  readonly value: Value;
}

type Settle = (value: Value) => Value | undefined;

const asIs: Settle = (value) => value;
const orDefault =
  (standard: Value): Settle =>
  (value) =>
    sameValue(value, standard) ? undefined : value;
const lowerCase: Settle = (value) => (typeof value === "string" ? value.toLowerCase() : value);
const ip: Settle = (value) => (typeof value === "string" ? ipKey(value) : value);

const textOf = (value: Value): string => JSON.stringify(value, (_, inner: unknown) => (inner === unknown ? "unknown" : inner));

/** A list in which the order says nothing; without what is in it twice. */
const asSet =
  (settle: Settle = asIs): Settle =>
  (value): Value | undefined => {
    if (!Array.isArray(value)) return value;
    const byText = new Map<string, Value>();
    for (const item of value as readonly Value[]) {
      const settled = settle(item);
      if (settled !== undefined) byText.set(textOf(settled), settled);
    }
    const sorted = [...byText].sort(([one], [other]) => (one < other ? -1 : 1));
    return sorted.length === 0 ? undefined : sorted.map(([, item]): Value => item);
  };

/** Keys come out in order, so that two that say the same have one text. */
const settledObject =
  (fields: Readonly<Record<string, Settle>>): Settle =>
  (value) => {
    if (!isValues(value)) return value;
    const entries = Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([key, inner]) => {
        const settled = (fields[key] ?? asIs)(inner);
        return settled === undefined ? [] : [[key, settled] as const];
      });
    return Object.fromEntries(entries);
  };

const interfaceAddress: Settle = (value) => {
  const parsed = typeof value === "string" ? parseIpInterface(value) : undefined;
  return parsed === undefined ? value : `${parsed.family}:${parsed.value.toString(16)}/${parsed.prefix}`;
};

const range = settledObject({ start: ip, end: ip });
const host = settledObject({ mac: lowerCase, id: lowerCase, ip });
const srv = settledObject({ priority: orDefault(0), weight: orDefault(0) });

/** Where each field stands ("*": every item of a list, every key of a map), and how it is settled. */
export const networkFields = {
  name: { at: ["name"], settle: asIs },
  mode: { at: ["mode"], settle: asIs },
  bridge: { at: ["bridge"], settle: asIs },
  devices: { at: ["devices"], settle: asSet() },
  natPorts: { at: ["nat", "ports"], settle: orDefault(defaultNatPorts) },
  natAddresses: { at: ["nat", "addresses"], settle: range },
  natIpv6: { at: ["nat", "ipv6"], settle: orDefault(false) },
  mac: { at: ["mac"], settle: lowerCase },
  mtu: { at: ["mtu"], settle: asIs },
  domainName: { at: ["domain", "name"], settle: asIs },
  domainLocalOnly: { at: ["domain", "localOnly"], settle: orDefault(false) },
  address: { at: ["addresses", "*", "address"], settle: interfaceAddress },
  dhcpRanges: { at: ["addresses", "*", "dhcp", "ranges"], settle: asSet(range) },
  dhcpHost: { at: ["addresses", "*", "dhcp", "hosts", "*"], settle: host },
  dnsEnabled: { at: ["dns", "enabled"], settle: orDefault(true) },
  forwardPlainNames: { at: ["dns", "forwardPlainNames"], settle: orDefault(true) },
  forwarders: { at: ["dns", "forwarders"], settle: asSet(settledObject({ address: ip })) },
  dnsHost: { at: ["dns", "hosts", "*"], settle: settledObject({ ip }) },
  dnsSrv: { at: ["dns", "srv"], settle: asSet(srv) },
  dnsTxt: { at: ["dns", "txt", "*"], settle: asIs },
  ipv6: { at: ["ipv6"], settle: orDefault(false) },
  autostart: { at: ["autostart"], settle: asIs },
  active: { at: ["active"], settle: asIs },
} as const satisfies Readonly<Record<string, { readonly at: readonly string[]; readonly settle: Settle }>>;

export type NetworkField = keyof typeof networkFields;
const fieldNames = Object.keys(networkFields) as readonly NetworkField[];

/** Places at the pattern, with what stands there; an unknown on the way ends it. */
function placesAt(value: Value | undefined, pattern: readonly string[], path: readonly PropertyKey[] = []): Omit<Cell, "field">[] {
  if (value === undefined || value === null) return [];
  const [next, ...rest] = pattern;
  if (next === undefined || value === unknown) return [{ path, value }];
  if (next === "*" && Array.isArray(value)) {
    return (value as readonly Value[]).flatMap((item, index) => placesAt(item, rest, [...path, index]));
  }
  if (!isValues(value)) return [];
  const keys = next === "*" ? Object.keys(value) : [next];
  return keys.flatMap((key) => placesAt(value[key], rest, [...path, key]));
}

/** Each path once: an unknown part stands for all fields in it. */
export function cellsOf(inputs: Values): readonly Cell[] {
  const cells = new Map<string, Cell>();
  for (const field of fieldNames) {
    const { at, settle } = networkFields[field];
    for (const { path, value } of placesAt(inputs, at)) {
      const settled = value === unknown ? value : settle(value);
      const key = propertyPath(path);
      if (settled !== undefined && !cells.has(key)) cells.set(key, { path, field, value: settled });
    }
  }
  return [...cells.values()];
}

export interface CellChange {
  readonly path: readonly PropertyKey[];
  readonly field: NetworkField;
  readonly before: Value | undefined;
  readonly after: Value | undefined;
}

const isBelow = (path: readonly PropertyKey[], above: readonly PropertyKey[]) =>
  path.length > above.length && above.every((key, index) => path[index] === key);

/** What differs between two settled sides, in the order of the fields. What is unknown in `after` is one change, whatever is in it. */
export function changedCells(before: readonly Cell[], after: readonly Cell[]): CellChange[] {
  const [olds, news] = [before, after].map((cells) => new Map(cells.map((cell) => [propertyPath(cell.path), cell])));
  const unknowns = after.filter(({ value }) => value === unknown).map(({ path }) => path);
  const all = new Map([...(olds ?? []), ...(news ?? [])]);
  return [...all.entries()].flatMap(([key, { path, field }]): CellChange[] => {
    const old: Value | undefined = olds?.get(key)?.value;
    const young: Value | undefined = news?.get(key)?.value;
    if (sameValue(old, young) || unknowns.some((above) => isBelow(path, above))) return [];
    return [{ path, field, before: old, after: young }];
  });
}
