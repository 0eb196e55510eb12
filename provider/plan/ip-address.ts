// IP addresses as numbers: what lies in which network, and which texts mean the same address. Pure.
import { isIP, isIPv4 } from "node:net";

export type IpFamily = "ipv4" | "ipv6";

export interface IpAddress {
  readonly family: IpFamily;
  readonly value: bigint;
}

/** An address of an interface with its network's length: "192.168.1.1/24". */
export interface IpInterface extends IpAddress {
  readonly prefix: number;
}

export const ipBits = { ipv4: 32, ipv6: 128 } as const satisfies Record<IpFamily, number>;

const octetBits = 8n;
const groupBits = 16n;
const groupCount = 8;

const ipv4Value = (text: string): bigint => text.split(".").reduce((value, octet) => (value << octetBits) | BigInt(octet), 0n);

/** Groups of four hexadecimal digits; an IPv4 address at the end stands for two. */
function groupsOf(text: string): bigint[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!isIPv4(group)) return [BigInt(`0x${group}`)];
    const value = ipv4Value(group);
    return [value >> groupBits, value & 0xffffn];
  });
}

function ipv6Value(text: string): bigint {
  const [head = "", tail] = text.split("::");
  const [before, after] = [groupsOf(head), groupsOf(tail ?? "")];
  const zeroes = tail === undefined ? [] : Array.from({ length: groupCount - before.length - after.length }, () => 0n);
  return [...before, ...zeroes, ...after].reduce((value, group) => (value << groupBits) | group, 0n);
}

/** undefined where the text is no address; zones ("fe80::1%eth0") are none here. */
export function parseIp(text: string): IpAddress | undefined {
  if (isIP(text) === 0 || text.includes("%")) return undefined;
  return isIPv4(text) ? { family: "ipv4", value: ipv4Value(text) } : { family: "ipv6", value: ipv6Value(text) };
}

/** "192.168.1.1/24" or "fd00::1/64"; undefined where it is none. */
export function parseIpInterface(text: string): IpInterface | undefined {
  const [, address = "", digits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const ip = parseIp(address);
  const prefix = Number(digits);
  return ip === undefined || digits === "" || prefix > ipBits[ip.family] ? undefined : { ...ip, prefix };
}

/** 24 of "255.255.255.0"; undefined where the ones are not all before the zeroes. */
export function prefixOfNetmask(netmask: string): number | undefined {
  const mask = parseIp(netmask);
  if (mask?.family !== "ipv4") return undefined;
  const [, ones] = /^(1*)0*$/.exec(mask.value.toString(2).padStart(ipBits.ipv4, "0")) ?? [];
  return ones?.length;
}

export const sameIp = (left: IpAddress, right: IpAddress): boolean => left.family === right.family && left.value === right.value;

/** The first and the last address of the network that the interface is in. */
export function networkOf({ family, value, prefix }: IpInterface): { readonly first: bigint; readonly last: bigint } {
  const hostBits = BigInt(ipBits[family] - prefix);
  const first = (value >> hostBits) << hostBits;
  return { first, last: first + (1n << hostBits) - 1n };
}

export function isInNetwork(ip: IpAddress, network: IpInterface): boolean {
  const { first, last } = networkOf(network);
  return ip.family === network.family && ip.value >= first && ip.value <= last;
}

export function networksOverlap(left: IpInterface, right: IpInterface): boolean {
  if (left.family !== right.family) return false;
  const [one, other] = [networkOf(left), networkOf(right)];
  return one.first <= other.last && other.first <= one.last;
}

/** One text for all ways to write an address, to compare by; what is no address stands for itself. */
export function ipKey(text: string): string {
  const ip = parseIp(text);
  return ip === undefined ? text : `${ip.family}:${ip.value.toString(16)}`;
}
