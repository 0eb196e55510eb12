// What can be wrong with disks before any storage is looked at: rules across fields that a shape cannot say.
import type { Problem } from "../../errors";
import { formatSize } from "../../plan/size";
import { propertyPath } from "../property-path";
import type { Values } from "../resource";
import { containsUnknown, isValues, sizeBytes } from "../values";
import { defaultBus } from "./disk-layout";
import { sourceFields } from "./disk-sources";
import type { Finding } from "./throttle-problems";
import { throttleFindings, throttleGroupProblems } from "./throttle-problems";

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

/**
 * What a vhost-user disk is besides its socket, the daemon decides: libvirt takes nothing of this.
 * @see https://gitlab.com/libvirt/libvirt/-/blob/v9.0.0/src/conf/domain_validate.c#L311
 */
const daemonDecides = ["iothread", "throttle", "serial", "wwn", "readonly", "shareable"] as const;

const vhostUserRule: Rule = (disk) => {
  if (!has(disk, "vhostUser")) return undefined;
  const inDaemon = daemonDecides
    .filter((field) => has(disk, field) && disk[field] !== false)
    .map((field) => ({ field, reason: "cannot go with `vhostUser`: leave it out, and set it in the daemon, whom the guest talks to." }));
  if (disk["device"] === "cdrom")
    return [...inDaemon, { field: "device", reason: 'is "cdrom", but a vhost-user daemon serves disks only.' }];
  const isElsewhere = typeof busOf(disk) === "string" && busOf(disk) !== "virtio";
  return isElsewhere
    ? [...inDaemon, { field: "bus", reason: "cannot go with `vhostUser`, which is virtio itself: leave it out." }]
    : inDaemon;
};

/** Buses on which the guest is told a World Wide Name: neither virtio nor usb has one, and libvirt refuses it on sata. */
const wwnBuses: readonly unknown[] = ["scsi", "ide"];

/** Buses whose disks libvirt makes read-only for nobody. */
const writableBuses: readonly unknown[] = ["sata", "ide"];

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
  vhostUserRule,
  ...onlyWith(["iothread", "queues"], (disk) => has(disk, "vhostUser") || busOf(disk) === "virtio", "a disk on the `virtio` bus"),
  ...onlyWith(["wwn"], (disk) => has(disk, "vhostUser") || wwnBuses.includes(busOf(disk)), "a disk on the `scsi` or `ide` bus"),
  (disk) =>
    (disk["readonly"] === true || has(disk, "http")) && disk["device"] !== "cdrom" && writableBuses.includes(busOf(disk))
      ? {
          field: "bus",
          reason: `is ${JSON.stringify(busOf(disk))}, where no disk can be read-only: use virtio, scsi or usb, or device "cdrom".`,
        }
      : undefined,
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
  ({ nfs }) =>
    isValues(nfs) && isValues(nfs["server"]) && has(nfs["server"], "port")
      ? { field: "nfs.server.port", reason: "cannot be given for NFS: libvirt takes the port that the server announces. Leave it out." }
      : undefined,
  ({ throttle }) => throttleFindings(throttle),
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
  return [...each, ...claims.flatMap((claim) => claimedTwice(disks, claim)), ...throttleGroupProblems(disks)];
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
