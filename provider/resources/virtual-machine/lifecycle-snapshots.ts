// A machine's snapshots, which other hands made: what must not be lost of them when it changes, and what goes with it when it is deleted. Converges the host.
import type { Problem } from "../../errors";
import { HostError } from "../../errors";
import { diskChains } from "../../xml/disk-chains";
import type { ObservedSnapshot } from "../../xml/parse-snapshot";
import { parseSnapshot } from "../../xml/parse-snapshot";
import { propertyPath } from "../property-path";
import type { Call } from "../resource";
import type { EffectiveDisks } from "./domain-plan";
import type { ObservedMachine } from "./state";
import { deleteVolume } from "./volumes";

/** Each behind the one it stands on. */
export async function snapshotsOf(uuid: string, { services, signal }: Call): Promise<readonly ObservedSnapshot[]> {
  return (await services.libvirt.listSnapshots(uuid, { signal })).map(({ xml }) => parseSnapshot(xml));
}

const quoted = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(", ");

/** Why a machine with these snapshots is not deleted, where the program has not said that they may go. */
export function snapshotProblems(vm: string, snapshots: readonly ObservedSnapshot[]): Problem[] {
  if (snapshots.length === 0) return [];
  const names = quoted(snapshots.map(({ name }) => name));
  const reason = `is "refuse", and ${vm} has ${snapshots.length === 1 ? "the snapshot" : "the snapshots"} ${names}: delete them first (virsh snapshot-delete ${vm} …), or say snapshotsOnDelete: "delete" and run \`pulumi up\` before.`;
  return [{ path: "snapshotsOnDelete", reason }];
}

/** The files that go, and every overlay that stands on one of them. */
function withAllAbove(gone: Iterable<string>, snapshots: readonly ObservedSnapshot[]): ReadonlySet<string> {
  const all = new Set(gone);
  for (const { path, over } of snapshots.flatMap(({ overlays }) => overlays)) if (over !== undefined && all.has(over)) all.add(path);
  return all;
}

/**
 * Has libvirt delete the snapshots, the last first, that are in images which stay when the machine goes: what is inside an image would take up room for
 * ever, and what an external one holds apart is merged into the image. The machine must be stopped. Returns those that are left.
 */
export async function mergeSnapshots(
  uuid: string,
  { snapshots, gone }: { readonly snapshots: readonly ObservedSnapshot[]; readonly gone: Iterable<string> },
  { services, signal, log }: Call,
): Promise<readonly ObservedSnapshot[]> {
  const going = withAllAbove(gone, snapshots);
  const left: ObservedSnapshot[] = [];
  for (const snapshot of [...snapshots].reverse()) {
    const { name, images } = snapshot;
    try {
      if (images.every((path) => going.has(path))) left.unshift(snapshot);
      else await services.libvirt.deleteSnapshot(uuid, name, { signal });
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      log.warn(`the snapshot ${name} could not be merged into the disks (${error.libvirtMessage}); libvirt forgets it with the VM.`);
      left.unshift(snapshot);
    }
  }
  return left;
}

/**
 * The files of external snapshots that libvirt did not merge. Those over a volume that went with the machine are of no use and go too; the newest data
 * of any other disk is in them, so that they stay and are told of.
 */
export async function dropOverlays(snapshots: readonly ObservedSnapshot[], gone: ReadonlySet<string>, call: Call): Promise<void> {
  const going = withAllAbove(gone, snapshots);
  for (const { path, target, over } of snapshots.flatMap(({ overlays }) => overlays)) {
    if (going.has(path)) await dropFile(path, call);
    else
      call.log.warn(`${path} is kept: it holds what was last written to disk ${target}, over ${over ?? "its image"}, which is kept too.`);
  }
  for (const { memoryFile } of snapshots) if (memoryFile !== undefined) await dropFile(memoryFile, call);
}

/** libvirt made the file beside its pool's back: the pools that it may be in look again. */
async function dropFile(path: string, call: Call): Promise<void> {
  const { services, signal, log } = call;
  const { libvirt } = services;
  const find = () => libvirt.findVolume({ path }, { signal });
  let volume = await find();
  if (volume === undefined) {
    for (const { name, active } of await libvirt.listPools({ signal })) if (active) await libvirt.refreshPool(name, { signal });
    volume = await find();
  }
  if (volume === undefined) log.warn(`${path}, which a snapshot made, is in no pool of libvirt's and stays: delete it by hand.`);
  else await deleteVolume(volume, call);
}

/**
 * Disks that are on an overlay (of an external snapshot) over the file that the program says. To write the program's into the definition would take the
 * disk back to what it held when the overlay was made.
 */
export async function overlaidDisks(
  { defined: domain, record }: ObservedMachine,
  effective: EffectiveDisks,
  call: Call,
): Promise<Problem[]> {
  const elsewhere = domain.disks.flatMap(({ key, target, path }) => {
    const wanted = effective[key]?.path;
    return wanted === undefined || path === undefined || path === wanted ? [] : [{ key, target, path, wanted }];
  });
  if (elsewhere.length === 0) return [];
  const snapshots = await snapshotsOf(record.uuid, call);
  // A definition names the files below for an overlay that was made while the machine ran, and its snapshot for any that has one.
  const chains = new Map(diskChains(record.inactiveXml).map(({ target, images }) => [target, images]));
  return elsewhere
    .filter(({ target, path, wanted }) => chains.get(target)?.includes(wanted) === true || isBelow(path, wanted, snapshots))
    .map(({ key, target, path, wanted }) => {
      const by = snapshots.find(({ overlays }) => overlays.some((overlay) => overlay.path === path));
      const maker = by === undefined ? "" : ` (the snapshot ${JSON.stringify(by.name)})`;
      const merge =
        by === undefined
          ? `virsh blockcommit ${record.name} ${target} --active --pivot`
          : `virsh snapshot-delete ${record.name} ${by.name}`;
      const reason = `is on ${path}, an overlay over ${wanted}${maker}: the definition would take the disk back to what it was before. Merge it first (${merge}), or take it into the program (file: ${JSON.stringify(path)}, format: "qcow2").`;
      return { path: propertyPath(["disks", key]), reason };
    });
}

/** Whether the overlay `path` stands on the file `below`, through however many snapshots. */
function isBelow(path: string, below: string, snapshots: readonly ObservedSnapshot[]): boolean {
  const over = snapshots.flatMap(({ overlays }) => overlays).find((each) => each.path === path)?.over;
  return over !== undefined && (over === below || isBelow(over, below, snapshots));
}
