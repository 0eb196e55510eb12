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
