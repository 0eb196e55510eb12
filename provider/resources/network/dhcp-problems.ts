// What can be wrong with DHCP: ranges and hosts outside their network, overlaps, two guests for one address. Pure.
import type { Problem } from "../../errors";
import { ipKey, isInNetwork, parseIpInterface, sameIp } from "../../plan/ip-address";
import type { IpAddress, IpInterface } from "../../plan/ip-address";
import { propertyPath } from "../property-path";
import type { Value, Values } from "../resource";
import { isValues } from "../values";
import { doubles, fieldsOf, ipAt, itemsOf, problem, shown } from "./problem-helpers";
import type { Path } from "./problem-helpers";

interface Served {
  readonly path: Path;
  readonly network: IpInterface;
  readonly dhcp: Values;
}

/** dnsmasq's limit of one range, which libvirt holds to. */
const mostAddresses = 65_535n;

const familyNames = { ipv4: "IPv4", ipv6: "IPv6" } as const;

function isIn(ip: IpAddress | undefined, path: Path, network: IpInterface, text: Value | undefined, problems: Problem[]): ip is IpAddress {
  if (ip === undefined) return false;
  if (isInNetwork(ip, network)) return true;
  problems.push(
    problem(
      path,
      `is ${shown(text)}, which is not in the network of ${propertyPath([...path.slice(0, 2), "address"])}: correct one of them.`,
    ),
  );
  return false;
}

interface Range {
  readonly path: Path;
  readonly first: bigint;
  readonly last: bigint;
}

function rangeProblems({ path, network, dhcp }: Served): Problem[] {
  const problems: Problem[] = [];
  const ranges: Range[] = [];
  for (const [index, item] of itemsOf(dhcp["ranges"]).entries()) {
    const at = [...path, "dhcp", "ranges", index];
    const { start, end } = fieldsOf(item);
    const [first, last] = [ipAt(start, [...at, "start"], problems), ipAt(end, [...at, "end"], problems)];
    const areIn = [isIn(first, [...at, "start"], network, start, problems), isIn(last, [...at, "end"], network, end, problems)];
    if (first === undefined || last === undefined || areIn.includes(false)) continue;
    if (first.value > last.value) {
      problems.push(problem(at, `begins at ${shown(start)} and ends at ${shown(end)}: the first may not be above the last.`));
      continue;
    }
    if (last.value - first.value >= mostAddresses) {
      problems.push(problem(at, `has more than ${mostAddresses} addresses, which is libvirt's limit: make it shorter.`));
    }
    const other = ranges.find((range) => range.first <= last.value && first.value <= range.last);
    if (other !== undefined) problems.push(problem(at, `overlaps with ${propertyPath(other.path)}: give each address once.`));
    if (network.value >= first.value && network.value <= last.value) {
      const own = propertyPath([...path, "address"]);
      problems.push(problem(at, `holds the host's own address (${own}), which would be given away: leave it out of the range.`));
    }
    ranges.push({ path: at, first: first.value, last: last.value });
  }
  return problems;
}

/** How a guest is known, by family. */
const knownBy = {
  ipv4: { fields: ["mac", "name"], other: "id", otherIs: "a DUID, which IPv6 guests have" },
  ipv6: { fields: ["id", "name"], other: "mac", otherIs: "a MAC, which IPv4 guests are known by" },
} as const;

function hostProblems({ path, network, dhcp }: Served): Problem[] {
  const problems: Problem[] = [];
  const { fields, other, otherIs } = knownBy[network.family];
  const hosts = Object.entries(fieldsOf(dhcp["hosts"])).filter((entry): entry is [string, Values] => isValues(entry[1]));
  for (const [key, host] of hosts) {
    const at = [...path, "dhcp", "hosts", key];
    const ip = ipAt(host["ip"], [...at, "ip"], problems);
    if (isIn(ip, [...at, "ip"], network, host["ip"], problems) && sameIp(ip, network)) {
      problems.push(problem([...at, "ip"], "is the host's own address: give the guest another."));
    }
    if (host[other] !== undefined) {
      const family = familyNames[network.family];
      problems.push(problem([...at, other], `is ${otherIs}, but this is an ${family} network: leave it out, and give \`${fields[0]}\`.`));
    } else if (fields.every((field) => host[field] === undefined)) {
      problems.push(problem(at, `does not say whose address it is: give \`${fields[0]}\` or \`name\`.`));
    }
  }
  const placed = (field: string, keyOf: (text: string) => string) =>
    hosts.map(([key, host]) => {
      const value = host[field];
      return { path: [...path, "dhcp", "hosts", key, field], key: typeof value === "string" ? keyOf(value) : undefined };
    });
  return [
    ...problems,
    ...doubles(placed("ip", ipKey), "address"),
    ...doubles(
      placed("mac", (text) => text.toLowerCase()),
      "MAC",
    ),
    ...doubles(
      placed("id", (text) => text.toLowerCase()),
      "DUID",
    ),
    ...doubles(
      placed("name", (text) => text),
      "name",
    ),
  ];
}

const hasEntries = ({ dhcp }: Served) => itemsOf(dhcp["ranges"]).length + Object.keys(fieldsOf(dhcp["hosts"])).length > 0;

export function dhcpProblems(inputs: Values): Problem[] {
  const served = itemsOf(inputs["addresses"]).flatMap((item, index): Served[] => {
    const { address, dhcp } = fieldsOf(item);
    const network = typeof address === "string" ? parseIpInterface(address) : undefined;
    return network === undefined || !isValues(dhcp) ? [] : [{ path: ["addresses", index], network, dhcp }];
  });
  const families = served.filter(hasEntries).map((each) => ({ path: [...each.path, "dhcp"], family: each.network.family }));
  const second = families.flatMap(({ path, family }, index) => {
    const first = families.findIndex((other) => other.family === family);
    if (first === index) return [];
    const reason = `is the second one for ${familyNames[family]}: libvirt serves DHCP on one ${familyNames[family]} address of a network. Make another network for it.`;
    return [problem(path, reason)];
  });
  return [...second, ...served.flatMap((each) => [...rangeProblems(each), ...hostProblems(each)])];
}
