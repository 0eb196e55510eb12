// What can be wrong with a network before the host is asked: what its mode needs, may not have, and what does not fit together. All problems at once; pure.
import type { Problem } from "../../errors";
import { ipKey, networkOf, networksOverlap, parseIpInterface } from "../../plan/ip-address";
import type { IpInterface } from "../../plan/ip-address";
import { xmlTextProblem } from "../../xml/xml-text";
import { propertyPath } from "../property-path";
import type { Value, Values } from "../resource";
import { unknown } from "../resource";
import { isValues } from "../values";
import { dhcpProblems } from "./dhcp-problems";
import type { ModeRules, NetworkMode } from "./network-modes";
import { isNetworkMode, partMeanings, partNames, rulesOf } from "./network-modes";
import type { Path } from "./problem-helpers";
import { doubles, fieldsOf, ipAt, itemsOf, problem, shown } from "./problem-helpers";

function partProblems(inputs: Values, mode: NetworkMode, { required, optional, otherwise, bridgeIs }: ModeRules): Problem[] {
  return partNames.flatMap((part) => {
    const value = inputs[part];
    if (value === unknown) return [];
    const isThere = value !== undefined && !(Array.isArray(value) && value.length === 0);
    const meaning = part === "bridge" ? (bridgeIs ?? partMeanings.bridge) : partMeanings[part];
    if (required.includes(part)) return isThere ? [] : [problem([part], `is required for a network of mode ${mode}: give ${meaning}.`)];
    if (!isThere || optional.includes(part)) return [];
    return [problem([part], `(${meaning}) is not for a network of mode ${mode}: ${otherwise}.`)];
  });
}

function deviceProblems(inputs: Values, mode: NetworkMode, { mostDevices }: ModeRules): Problem[] {
  const devices = itemsOf(inputs["devices"]);
  const repeated = doubles(
    devices.map((device, index) => ({ path: ["devices", index], key: typeof device === "string" ? device : undefined })),
    "device",
  );
  if (mostDevices !== 1 || devices.length <= 1) return repeated;
  return [
    problem(["devices"], `has ${devices.length} entries, but traffic of a network of mode ${mode} leaves by one: give one, or none.`),
    ...repeated,
  ];
}

interface PlacedInterface {
  readonly path: Path;
  readonly ip: IpInterface;
}

const isHost = ({ value, prefix, family }: IpInterface): boolean => {
  const { first, last } = networkOf({ value, prefix, family });
  return last - first < 2n || (value !== first && (family === "ipv6" || value !== last));
};

function addressProblems(inputs: Values): Problem[] {
  const problems: Problem[] = [];
  const placed: PlacedInterface[] = [];
  for (const [index, item] of itemsOf(inputs["addresses"]).entries()) {
    const text = fieldsOf(item)["address"];
    const path = ["addresses", index, "address"];
    if (typeof text !== "string") continue;
    const ip = parseIpInterface(text);
    if (ip === undefined || ip.prefix === 0) {
      const example = text.includes(":") ? "fd00:100::1/64" : "192.168.100.1/24";
      problems.push(problem(path, `is ${JSON.stringify(text)}, but must be an address with its prefix, such as "${example}".`));
      continue;
    }
    if (!isHost(ip)) {
      problems.push(
        problem(
          path,
          `is ${JSON.stringify(text)}, which names the network itself or all in it: give the host's address in it, such as the first one.`,
        ),
      );
    }
    const other = placed.find((each) => networksOverlap(each.ip, ip));
    if (other !== undefined)
      problems.push(problem(path, `overlaps with ${propertyPath(other.path)}: give each network addresses of its own.`));
    placed.push({ path, ip });
  }
  return problems;
}

function natProblems(inputs: Values): Problem[] {
  const problems: Problem[] = [];
  const { ports, addresses } = fieldsOf(inputs["nat"]);
  const { start, end } = fieldsOf(ports);
  if (typeof start === "number" && typeof end === "number" && start > end) {
    problems.push(problem(["nat", "ports"], `begins at ${start} and ends at ${end}: the first may not be above the last.`));
  }
  const range = fieldsOf(addresses);
  const [first, last] = ["start", "end"].map((name) => {
    const path = ["nat", "addresses", name];
    const ip = ipAt(range[name], path, problems);
    if (ip?.family === "ipv6") problems.push(problem(path, "must be an IPv4 address: IPv6 is translated to that of the host's interface."));
    return ip;
  });
  if (first?.family === "ipv4" && last?.family === "ipv4" && first.value > last.value) {
    problems.push(problem(["nat", "addresses"], "has a first address above its last: swap them."));
  }
  return problems;
}

/** libvirt tells service records apart by these, and takes one that leaves some out for all that have the others. */
const srvWords = ["service", "protocol", "domain", "target"] as const;

function srvProblems(list: readonly Value[]): Problem[] {
  const covers = (one: Values, other: Values) =>
    srvWords.every((word) => one[word] === undefined || (one[word] !== unknown && one[word] === other[word]));
  return list.flatMap((item, index) => {
    const record = fieldsOf(item);
    const path = ["dns", "srv", index];
    const hasPlace = ["port", "priority", "weight"].filter((word) => record[word] !== undefined);
    const problems =
      record["target"] === undefined && hasPlace.length > 0
        ? [problem(path, `has ${hasPlace.join(" and ")}, which mean something with a target only: give \`target\`, or leave them out.`)]
        : [];
    const double = list.findIndex(
      (other, at) => at !== index && isValues(other) && covers(record, other) && (at < index || !covers(other, record)),
    );
    if (double >= 0) {
      const reason = `is taken by libvirt for the same record as ${propertyPath(["dns", "srv", double])}: let them differ in service, protocol, domain or target, and say all four in each.`;
      problems.push(problem(path, reason));
    }
    return problems;
  });
}

function dnsProblems(inputs: Values): Problem[] {
  const dns = fieldsOf(inputs["dns"]);
  const problems: Problem[] = [];
  const hosts = Object.entries(fieldsOf(dns["hosts"])).map(([key, host]) => {
    const path = ["dns", "hosts", key, "ip"];
    const { ip } = fieldsOf(host);
    return { path, key: ipAt(ip, path, problems) && ipKey(shown(ip)) };
  });
  problems.push(...doubles(hosts, "address"));
  for (const [index, item] of itemsOf(dns["forwarders"]).entries()) {
    const { address, domain } = fieldsOf(item);
    ipAt(address, ["dns", "forwarders", index, "address"], problems);
    if (isValues(item) && address === undefined && domain === undefined) {
      problems.push(problem(["dns", "forwarders", index], "says nothing: give an `address`, a `domain`, or both."));
    }
  }
  return [...problems, ...srvProblems(itemsOf(dns["srv"]))];
}

/** Text that XML cannot hold (control characters), wherever it goes into a definition. */
function textProblems(value: Value | undefined, path: Path = []): Problem[] {
  if (typeof value === "string") {
    const reason = xmlTextProblem(value);
    return reason === undefined ? [] : [problem(path, `${reason}.`)];
  }
  if (Array.isArray(value)) return (value as readonly Value[]).flatMap((item, index) => textProblems(item, [...path, index]));
  return isValues(value) ? Object.entries(value).flatMap(([key, inner]) => textProblems(inner, [...path, key])) : [];
}

/** Without an address of the host in it, a network has no dnsmasq. */
function servedProblems(inputs: Values): Problem[] {
  const { addresses } = inputs;
  if (addresses !== undefined && !(Array.isArray(addresses) && addresses.length === 0)) return [];
  const { hosts, srv, txt } = fieldsOf(inputs["dns"]);
  const records = Object.entries({ hosts, srv, txt }).filter(([, value]) => value !== undefined && value !== unknown);
  return records.map(([name]) => problem(["dns", name], "has nobody to serve it: give the host an address in the network (`addresses`)."));
}

/** Problems across fields; where the mode is not known yet, those that depend on it wait. */
export function networkProblems(inputs: Values): Problem[] {
  const mode = inputs["mode"];
  const always = [
    ...addressProblems(inputs),
    ...dhcpProblems(inputs),
    ...natProblems(inputs),
    ...dnsProblems(inputs),
    ...textProblems(inputs),
  ];
  if (!isNetworkMode(mode)) return always;
  const rules = rulesOf(mode);
  const served = rules.ownBridge ? servedProblems(inputs) : [];
  return [...partProblems(inputs, mode, rules), ...deviceProblems(inputs, mode, rules), ...served, ...always];
}
