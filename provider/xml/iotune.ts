// A disk's traffic limits <-> libvirt's <iotune>, and the same words for its live call.
import type { DiskThrottle } from "../plan/domain";
import { addChild, childOf, childrenOf, removeChildren, setText, textOf, type XmlElement } from "./document";
import { ensureChild } from "./child-order";
import { integerOf } from "./size";

type Limit = Exclude<keyof DiskThrottle, "group">;

/** libvirt's words (virDomainSetBlockIoTune and <iotune> have the same). */
const words = {
  totalBytesPerSecond: "total_bytes_sec",
  readBytesPerSecond: "read_bytes_sec",
  writeBytesPerSecond: "write_bytes_sec",
  totalIops: "total_iops_sec",
  readIops: "read_iops_sec",
  writeIops: "write_iops_sec",
  maxTotalBytesPerSecond: "total_bytes_sec_max",
  maxReadBytesPerSecond: "read_bytes_sec_max",
  maxWriteBytesPerSecond: "write_bytes_sec_max",
  maxTotalIops: "total_iops_sec_max",
  maxReadIops: "read_iops_sec_max",
  maxWriteIops: "write_iops_sec_max",
} as const satisfies Record<Limit, string>;

const limits = Object.entries(words) as readonly (readonly [Limit, string])[];
const groupWord = "group_name";

/** All limits for the live call: 0, no limit, where none is asked for. */
export const blockIoTuneOf = (throttle: DiskThrottle | undefined): Record<string, number> =>
  Object.fromEntries(limits.map(([limit, word]) => [word, throttle?.[limit] ?? 0]));

/** undefined: the disk has no limits. libvirt's 0 is none. */
export function parseIoTune(disk: XmlElement): DiskThrottle | undefined {
  const iotune = childOf(disk, "iotune");
  if (iotune === undefined) return undefined;
  const found = limits.flatMap(([limit, word]) => {
    const value = integerOf(textOf(childOf(iotune, word)));
    return value === undefined || value === 0 ? [] : [[limit, value] as const];
  });
  const group = textOf(childOf(iotune, groupWord));
  const throttle = { ...Object.fromEntries(found), ...(group === undefined ? {} : { group }) };
  return Object.keys(throttle).length === 0 ? undefined : throttle;
}

/** Lengths of bursts and sizes of requests, of which a plan does not speak, stay. */
export function writeIoTune(disk: XmlElement, throttle: DiskThrottle | undefined): void {
  const present = childOf(disk, "iotune");
  if (throttle === undefined && present === undefined) return;
  const iotune = present ?? ensureChild(disk, "iotune");
  const put = (word: string, value: string | number | undefined) => {
    const element = childOf(iotune, word);
    if (value === undefined) removeChildren(iotune, word);
    else setText(element ?? addChild(iotune, word), value);
    // A burst's length is refused without the burst.
    if (value === undefined && word.endsWith("_max")) removeChildren(iotune, `${word}_length`);
  };
  // 0 says no limit, as libvirt does by saying nothing.
  for (const [limit, word] of limits) put(word, throttle?.[limit] === 0 ? undefined : throttle?.[limit]);
  put(groupWord, throttle?.group);
  if (childrenOf(iotune).length === 0) removeChildren(disk, "iotune");
}
