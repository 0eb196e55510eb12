// Reads what the small test guest (tools/guest/init.sh) wrote to its serial file: which boot it is, how long it runs, what hardware it sees.
import { existsSync, readFileSync } from "node:fs";

/** What the guest saw at its last complete tick. */
export interface GuestView {
  /** Changes with each boot, stays across a save and restore. */
  readonly bootId: string;
  /** Counts from 1 at each boot. */
  readonly tick: number;
  readonly uptimeSeconds: number;
  /** Size in bytes by device name (vda). */
  readonly disks: Readonly<Record<string, number>>;
  /** The write cache that the guest sees, by device name: "back" is a volatile cache, "through" none. */
  readonly caches: Readonly<Record<string, string>>;
  readonly memoryKiB: number;
  readonly cpus: number;
}

const TICK = /^tick (\d+) uptime ([\d.]+)$/;
const SEEN = /^seen disks=(\S*) caches=(\S*) memoryKiB=(\d+) cpus=(\d+)$/;

/** A network card as the guest sees it. */
export interface GuestCard {
  /** "eth0" */
  readonly name: string;
  /** Whether the cable is plugged in. */
  readonly carrier: boolean;
  /** IPv4, once a DHCP server has given one. */
  readonly address?: string | undefined;
}

const CARD = /^card (\S+) mac=(\S+) carrier=([01]) address=(\S*)$/;

/** The network cards at the last complete tick, by MAC. */
export function parseGuestCards(text: string): Readonly<Record<string, GuestCard>> {
  const lines = text.slice(text.lastIndexOf("BOOT_ID ")).split(/\r?\n/);
  const end = lines.findLastIndex((line) => SEEN.test(line));
  const begin = lines.slice(0, Math.max(end, 0)).findLastIndex((line) => TICK.test(line));
  const cards = lines.slice(begin + 1, Math.max(end, 0)).flatMap((line) => {
    const [, name, mac, carrier, address] = CARD.exec(line) ?? [];
    return name === undefined || mac === undefined
      ? []
      : [[mac, { name, carrier: carrier === "1", ...(address ? { address } : {}) }] as const];
  });
  return Object.fromEntries(cards);
}

/** The network cards from the guest's serial file; none while there is no file or no tick. */
export function readGuestCards(file: string): Readonly<Record<string, GuestCard>> {
  return existsSync(file) ? parseGuestCards(readFileSync(file, "utf8")) : {};
}

/** The last complete tick in the serial output, or undefined before the first one of the last boot. */
export function parseGuestLog(text: string): GuestView | undefined {
  const lastBoot = text.slice(text.lastIndexOf("BOOT_ID "));
  const [first = "", ...lines] = lastBoot.split(/\r?\n/);
  if (!first.startsWith("BOOT_ID ")) return undefined;
  const seenAt = lines.findLastIndex((line) => SEEN.test(line));
  const seen = SEEN.exec(lines[seenAt] ?? "");
  const tick = TICK.exec(lines.slice(0, Math.max(seenAt, 0)).findLast((line) => TICK.test(line)) ?? "");
  if (!seen || !tick) return undefined;
  return {
    bootId: first.slice("BOOT_ID ".length).trim(),
    tick: Number(tick[1]),
    uptimeSeconds: Number(tick[2]),
    disks: Object.fromEntries(pairs(seen[1]).map(([name, bytes]) => [name, Number(bytes)])),
    caches: Object.fromEntries(pairs(seen[2])),
    memoryKiB: Number(seen[3]),
    cpus: Number(seen[4]),
  };
}

/** The guest's last tick from its serial file; undefined while there is no file or no tick. */
export function readGuestLog(file: string): GuestView | undefined {
  return existsSync(file) ? parseGuestLog(readFileSync(file, "utf8")) : undefined;
}

function pairs(list = ""): [string, string][] {
  return list
    .split(",")
    .filter((item) => item !== "")
    .map((item) => {
      const [name = "", value = ""] = item.split(":");
      return [name, value];
    });
}
