// Which volumes are a machine's own, and when one that no disk needs any more goes. Converges the host.
import type { DomainPlan, OwnedVolume } from "../../plan/domain";
import { sourceName } from "../../plan/disk-source";
import { domainXml } from "../../xml/domain-xml";
import type { Call } from "../resource";
import type { CheckedInputs } from "./contract";
import { isKept } from "./domain-plan";
import { snapshotsOf } from "./lifecycle-snapshots";
import { observeMachine } from "./observe-machine";
import type { ObservedMachine } from "./state";
import type { VolumeSurvey } from "./volumes";
import { deleteVolume } from "./volumes";

/** Volumes we own: those we made earlier, those we make now; a dropped disk's volume stays listed until it is deleted. */
export function ownedVolumes(machine: ObservedMachine, inputs: CheckedInputs, survey: VolumeSurvey): OwnedVolume[] {
  const earlier = (machine.defined.metadata?.volumes ?? []).map((volume) => ({
    ...volume,
    keep: isKept(volume, inputs.disks),
  }));
  const names = new Set(earlier.map(({ pool, name }) => `${pool}/${name}`));
  const made = survey.missing.filter(({ pool, name }) => !names.has(`${pool}/${name}`));
  return [...earlier, ...made.map(({ key, pool, name, path, keep }) => ({ key, pool, name, path, keep }))];
}

/** Paths of all that the definition and the run have of disks, and of Ignition's file. */
export const usedPaths = ({
  defined: definition,
  running,
}: Pick<ObservedMachine, "defined" | "running">): ReadonlySet<string | undefined> =>
  new Set([definition, running].flatMap((domain) => [...(domain?.disks ?? []).map(({ path }) => path), domain?.ignitionFile]));

/** Volumes that nothing runs on and no snapshot holds: with the volume a snapshot of it would be lost. */
async function withoutSnapshots(volumes: readonly OwnedVolume[], machine: ObservedMachine, call: Call): Promise<readonly OwnedVolume[]> {
  const inUse = usedPaths(machine);
  const unused = volumes.filter(({ path }) => !inUse.has(path));
  const snapshots = unused.length === 0 ? [] : await snapshotsOf(machine.record.uuid, call);
  return unused.filter(({ path }) => {
    const holder = snapshots.find(({ images }) => images.includes(path));
    if (holder !== undefined) call.log.warn(`the volume ${path} stays while the snapshot ${JSON.stringify(holder.name)} needs it.`);
    return holder === undefined;
  });
}

/** Deletes the volumes of disks that are gone, once nothing runs on them; the metadata forgets them then. */
export async function dropVolumes(uuid: string, plan: DomainPlan, call: Call): Promise<void> {
  const planned = new Set([...plan.disks.map(({ source }) => sourceName(source)), plan.ignitionFile]);
  const unplanned = plan.metadata.volumes.filter(({ path }) => !planned.has(path));
  const after = unplanned.length === 0 ? undefined : await observeMachine({ uuid }, call);
  if (after === undefined) return;
  const dropped = await withoutSnapshots(unplanned, after, call);
  if (dropped.length === 0) return;
  for (const volume of dropped) {
    if (volume.keep) call.log.info(`the volume ${volume.path} is kept (keepOnDelete)`);
    else await deleteVolume(volume, call);
  }
  const volumes = plan.metadata.volumes.filter((volume) => !dropped.includes(volume));
  const xml = domainXml({ ...plan, metadata: { ...plan.metadata, volumes } }, after.record.inactiveXml);
  await call.services.libvirt.defineDomain(xml, { signal: call.signal });
}
