// What can be wrong with disks before any storage is looked at: rules across fields that a shape cannot say.
import type { Problem } from "../../errors";
import { formatSize } from "../../plan/size";
import { propertyPath } from "../property-path";
import type { Values } from "../resource";
import { containsUnknown, isValues, sizeBytes } from "../values";

type Rule = (disk: Values, old: Values | undefined) => { readonly field: string; readonly reason: string } | undefined;

const has = (disk: Values, field: string) => disk[field] !== undefined;
const bytes = (disk: Values | undefined, field: string): number | undefined => sizeBytes(disk?.[field]);

/** Each rule is one row: asked of every disk, with the disk as it was last time. */
const rules: readonly Rule[] = [
  (disk) =>
    !has(disk, "file") && !has(disk, "pool") && disk["device"] !== "cdrom"
      ? { field: "", reason: "needs its data from somewhere: give `file` (an existing image) or `pool` and `size` (a new volume)." }
      : undefined,
  (disk) =>
    has(disk, "file") && has(disk, "pool")
      ? { field: "pool", reason: "cannot go with `file`: an existing image or a new volume in a pool, not both." }
      : undefined,
  (disk) =>
    has(disk, "pool") && !has(disk, "size")
      ? { field: "size", reason: 'is required for a new volume: give a capacity such as "20GiB".' }
      : undefined,
  ...(["size", "volume", "preallocation"] as const).map(
    (field): Rule =>
      (disk) =>
        has(disk, field) && has(disk, "file") && !has(disk, "pool")
          ? { field, reason: "goes with a new volume (`pool`), not with an existing `file`." }
          : undefined,
  ),
  (disk) =>
    disk["preallocation"] === "metadata" && disk["format"] === "raw"
      ? { field: "preallocation", reason: 'is "metadata", which only qcow2 has: use "full" or "off" for a raw volume.' }
      : undefined,
  (disk) =>
    disk["device"] === "cdrom" && disk["bus"] === "virtio"
      ? { field: "bus", reason: 'is "virtio", but a CD-ROM needs one of: sata, scsi, ide, usb.' }
      : undefined,
  (disk, old) => {
    const now = bytes(disk, "size");
    const before = bytes(old, "size");
    const samePlace = old?.["pool"] === disk["pool"] && old?.["volume"] === disk["volume"];
    return samePlace && now !== undefined && before !== undefined && now < before
      ? {
          field: "size",
          reason: `is ${formatSize(now)}, smaller than the ${formatSize(before)} it has: a disk never shrinks. Keep the size, or make a new disk under another key and copy the data.`,
        }
      : undefined;
  },
];

/** Problems of each disk alone, and of disks that claim the same place. */
export function diskProblems(disks: Values, oldDisks: Values | undefined): Problem[] {
  const each = Object.entries(disks).flatMap(([key, disk]) => {
    const old = oldDisks?.[key];
    if (!isValues(disk)) return [];
    const found = rules.map((rule) => rule(disk, isValues(old) ? old : undefined)).filter((problem) => problem !== undefined);
    return found.map(({ field, reason }) => ({ path: propertyPath(["disks", key, ...(field === "" ? [] : [field])]), reason }));
  });
  return [...each, ...claims.flatMap((claim) => claimedTwice(disks, claim))];
}

/** What only one disk can have: the field that says it, and the fields that make it the same. */
const claims = [
  { field: "bootOrder", by: ["bootOrder"] },
  { field: "file", by: ["file"] },
  { field: "volume", by: ["pool", "volume"] },
] as const;

function claimedTwice(disks: Values, { field, by }: (typeof claims)[number]): Problem[] {
  const first = new Map<string, string>();
  return Object.entries(disks).flatMap(([key, disk]) => {
    const values = by.map((name) => (isValues(disk) ? disk[name] : undefined));
    if (values.some((value) => value === undefined || containsUnknown(value))) return [];
    const claimed = JSON.stringify(values);
    const other = first.get(claimed);
    if (other === undefined) {
      first.set(claimed, key);
      return [];
    }
    return [
      {
        path: propertyPath(["disks", key, field]),
        reason: `is ${JSON.stringify(values.at(-1))}, which disk ${JSON.stringify(other)} has already.`,
      },
    ];
  });
}
