// What can be wrong with disks before any storage is looked at: rules across fields that a shape cannot say.
import type { Problem } from "../../errors";
import { formatSize } from "../../plan/size";
import { propertyPath } from "../property-path";
import type { Values } from "../resource";
import { containsUnknown, isValues, sizeBytes } from "../values";
import { defaultBus } from "./disk-layout";
import { sourceFields } from "./disk-sources";

interface Finding {
  readonly field: string;
  readonly reason: string;
}

type Rule = (disk: Values, old: Values | undefined) => Finding | readonly Finding[] | undefined;

const has = (disk: Values, field: string) => disk[field] !== undefined;
const bytes = (disk: Values | undefined, field: string): number | undefined => sizeBytes(disk?.[field]);
const isNewVolume = (disk: Values) => has(disk, "pool") && (has(disk, "size") || has(disk, "image"));
const quoted = (field: string) => `\`${field}\``;

/** A field that only goes with a certain kind of disk: where it may stand, and what the disk has to be. */
const onlyWith = (fields: readonly string[], fits: (disk: Values) => boolean, what: string): Rule[] =>
  fields.map(
    (field): Rule =>
      (disk) =>
        has(disk, field) && !fits(disk) ? { field, reason: `goes with ${what} only: leave it out, or make it one.` } : undefined,
  );

const busOf = (disk: Values) => disk["bus"] ?? defaultBus[disk["device"] === "cdrom" ? "cdrom" : "disk"];
const isPassthrough = (disk: Values) => has(disk, "nvme") || has(disk, "vhostUser");

/** User and password of network storage: both, or none; and one place to take the password from. */
const credentials =
  (source: "rbd" | "iscsi", password: "key" | "password"): Rule =>
  (disk) => {
    const at = disk[source];
    if (!isValues(at)) return undefined;
    const field = (name: string) => `${source}.${name}`;
    const hasSecret = has(at, password) || has(at, "secretUuid");
    if (has(at, password) && has(at, "secretUuid"))
      return {
        field: field("secretUuid"),
        reason: `cannot go with ${quoted(password)}: give the password, or the libvirt secret that holds it.`,
      };
    if (has(at, "username") && !hasSecret)
      return {
        field: field(password),
        reason: `is required with ${quoted("username")}: give it, or the \`secretUuid\` of a libvirt secret that holds it.`,
      };
    if (hasSecret && !has(at, "username"))
      return { field: field("username"), reason: `is required with ${quoted(has(at, password) ? password : "secretUuid")}.` };
    return undefined;
  };

/** Total and separate limits of the same kind contradict each other (libvirt refuses them); a burst needs its limit. */
const throttleRule: Rule = ({ throttle }) => {
  if (!isValues(throttle)) return undefined;
  return (["Bytes", "Iops"] as const).flatMap((kind) =>
    ["Sec", "SecMax"].flatMap((suffix) => {
      const name = (part: string) => `${part}${kind}${suffix}`;
      const separate = ["read", "write"].map(name).filter((field) => has(throttle, field));
      const both =
        has(throttle, name("total")) && separate.length > 0
          ? [
              {
                field: `throttle.${name("total")}`,
                reason: `cannot go with ${separate.map(quoted).join(" and ")}: one limit for all, or one for each way.`,
              },
            ]
          : [];
      const limits = ["total", "read", "write"].filter((part) => suffix === "SecMax" && has(throttle, name(part)));
      const burst = limits
        .filter((part) => !has(throttle, `${part}${kind}Sec`))
        .map((part) => ({
          field: `throttle.${name(part)}`,
          reason: `needs ${quoted(`${part}${kind}Sec`)}, the limit that a burst may exceed.`,
        }));
      return [...both, ...burst];
    }),
  );
};

/** Each rule is one row: asked of every disk, with the disk as it was last time. */
const rules: readonly Rule[] = [
  (disk) =>
    !sourceFields.some((field) => has(disk, field)) && disk["device"] !== "cdrom"
      ? {
          field: "",
          reason:
            "needs its data from somewhere: give `pool` with `size` or `image` (a new volume), `pool` and `volume` or `file` (an existing one), or one of `rbd`, `iscsi`, `nfs`, `http`, `nvme`, `vhostUser`.",
        }
      : undefined,
  (disk) => {
    const [first, ...others] = sourceFields.filter((field) => has(disk, field));
    return others.map((field) => ({ field, reason: `cannot go with ${quoted(first ?? "")}: a disk has its data from one place.` }));
  },
  (disk) =>
    has(disk, "pool") && !has(disk, "size") && !has(disk, "image") && !has(disk, "volume")
      ? { field: "size", reason: 'is required for a new volume: give a capacity such as "20GiB" (or an `image`, or an existing `volume`).' }
      : undefined,
  ...onlyWith(["size", "volume", "image"], (disk) => has(disk, "pool"), "a new volume (`pool`)"),
  ...onlyWith(["preallocation"], isNewVolume, "a new volume (`pool`)"),
  ...onlyWith(["imageFormat", "clone"], (disk) => has(disk, "image") && has(disk, "pool"), "a new volume that starts from an `image`"),
  (disk) =>
    has(disk, "image") && has(disk, "preallocation") && disk["preallocation"] !== "off"
      ? { field: "preallocation", reason: "cannot go with `image`: the volume takes the image's content as it is." }
      : undefined,
  (disk) =>
    disk["clone"] === "linked" && disk["format"] === "raw"
      ? { field: "clone", reason: 'is "linked", which only qcow2 can be: use "full", or format "qcow2".' }
      : undefined,
  (disk) =>
    disk["preallocation"] === "metadata" && disk["format"] === "raw"
      ? { field: "preallocation", reason: 'is "metadata", which only qcow2 has: use "full" or "off" for a raw volume.' }
      : undefined,
  (disk) =>
    disk["device"] === "cdrom" && disk["bus"] === "virtio"
      ? { field: "bus", reason: 'is "virtio", but a CD-ROM needs one of: sata, scsi, ide, usb.' }
      : undefined,
  (disk) =>
    has(disk, "http") && disk["readonly"] === false
      ? { field: "readonly", reason: "is false, but what lies on a web server can only be read: leave it out." }
      : undefined,
  (disk) =>
    isPassthrough(disk) && has(disk, "format") && disk["format"] !== "raw"
      ? { field: "format", reason: 'is "qcow2", but a device has no format: leave it out.' }
      : undefined,
  (disk) =>
    isPassthrough(disk) && has(disk, "throttle") && has(disk, "vhostUser")
      ? { field: "throttle", reason: "cannot go with `vhostUser`: the data does not pass through QEMU. Limit it in the daemon." }
      : undefined,
  ...onlyWith(["iothread", "queues"], (disk) => busOf(disk) === "virtio", "a disk on the `virtio` bus"),
  ...onlyWith(["wwn"], (disk) => busOf(disk) !== "virtio", "a disk on another bus than `virtio` (`scsi`, say)"),
  (disk) =>
    disk["discardNoUnref"] === true && disk["format"] === "raw"
      ? { field: "discardNoUnref", reason: "goes with qcow2 only: leave it out, or use that format." }
      : undefined,
  credentials("rbd", "key"),
  credentials("iscsi", "password"),
  ({ nfs }) =>
    isValues(nfs) && has(nfs, "user") !== has(nfs, "group")
      ? { field: has(nfs, "user") ? "nfs.group" : "nfs.user", reason: "is required too: libvirt takes user and group together." }
      : undefined,
  throttleRule,
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
    const found = rules.flatMap((rule) => rule(disk, isValues(old) ? old : undefined) ?? []);
    return found.map(({ field, reason }) => ({ path: propertyPath(["disks", key, ...(field === "" ? [] : field.split("."))]), reason }));
  });
  return [...each, ...claims.flatMap((claim) => claimedTwice(disks, claim))];
}

/** What only one disk can have: the field that says it, and the fields that make it the same. */
const claims = [
  { field: "bootOrder", by: ["bootOrder"] },
  { field: "file", by: ["file"] },
  { field: "volume", by: ["pool", "volume"] },
  { field: "nvme", by: ["nvme"] },
  { field: "vhostUser", by: ["vhostUser"] },
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
