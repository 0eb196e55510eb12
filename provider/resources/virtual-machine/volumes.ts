// The volumes that belong to a machine's disks: made when missing, grown, and deleted when nobody needs them. Converges the host.
import type { Problem } from "../../errors";
import { HostError, RefusedError } from "../../errors";
import type { OwnedVolume } from "../../plan/domain";
import { formatSize } from "../../plan/size";
import { parseVolume, volumeXml } from "../../xml/storage-xml";
import { poolLock } from "../pool-lock";
import { propertyPath } from "../property-path";
import type { Call } from "../resource";
import { sizeBytes } from "../values";
import type { CheckedInputs, DiskInputs } from "./contract";
import type { EffectiveDisks } from "./domain-plan";
import type { ObservedMachine } from "./state";

/** A volume that a disk needs. */
export interface WantedVolume extends OwnedVolume {
  readonly capacityBytes: number;
  readonly format: "raw" | "qcow2";
  readonly preallocation: NonNullable<DiskInputs["preallocation"]>;
}

const nameIn = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

export function wantedVolumes(inputs: CheckedInputs, effective: EffectiveDisks): WantedVolume[] {
  return Object.entries(inputs.disks ?? {}).flatMap(([key, disk]) => {
    const plan = effective[key];
    const capacityBytes = sizeBytes(disk.size);
    if (disk.pool === undefined || plan?.path === undefined || capacityBytes === undefined) return [];
    const { keepOnDelete = false, preallocation = "off" } = disk;
    return [
      {
        key,
        pool: disk.pool,
        name: nameIn(plan.path),
        path: plan.path,
        keep: keepOnDelete,
        capacityBytes,
        format: plan.format,
        preallocation,
      },
    ];
  });
}

/** What is there already of what is wanted. */
export interface VolumeSurvey {
  readonly missing: readonly WantedVolume[];
  readonly toGrow: readonly { readonly volume: WantedVolume; readonly fromBytes: number }[];
  /** Those there already, by key. */
  readonly present: ReadonlySet<string>;
}

/** Looks at each wanted volume; a volume in a pool that is not there, or that would have to shrink, is a problem. */
export async function surveyVolumes(wanted: readonly WantedVolume[], { services: { libvirt }, signal }: Call): Promise<VolumeSurvey> {
  const looked = await Promise.all(
    wanted.map(async (volume) => ({ volume, found: await libvirt.findVolume({ pool: volume.pool, name: volume.name }, { signal }) })),
  );
  const sized = looked.map(({ volume, found }) => ({
    volume,
    fromBytes: found?.capacityBytes,
    format: found === undefined ? undefined : parseVolume(found.xml).format,
  }));
  const problems = sized.flatMap(({ volume, fromBytes, format }) => presentProblems(volume, fromBytes, format));
  if (problems.length > 0) throw new RefusedError(problems);
  return {
    missing: sized.filter(({ fromBytes }) => fromBytes === undefined).map(({ volume }) => volume),
    toGrow: sized.flatMap(({ volume, fromBytes }) =>
      fromBytes !== undefined && fromBytes < volume.capacityBytes ? [{ volume, fromBytes }] : [],
    ),
    present: new Set(sized.filter(({ fromBytes }) => fromBytes !== undefined).map(({ volume }) => volume.key)),
  };
}

function presentProblems(
  { key, path, capacityBytes, format }: WantedVolume,
  fromBytes: number | undefined,
  foundFormat: string | undefined,
): Problem[] {
  if (fromBytes === undefined) return [];
  const problems: Problem[] = [];
  if (fromBytes > capacityBytes) {
    problems.push({
      path: propertyPath(["disks", key, "size"]),
      reason: `is ${formatSize(capacityBytes)}, but the volume ${path} has ${formatSize(fromBytes)} and never shrinks: set the size to that.`,
    });
  }
  if (format === "qcow2" && foundFormat !== undefined && foundFormat !== format) {
    problems.push({
      path: propertyPath(["disks", key, "format"]),
      reason: `is ${format}, but the volume ${path} is there already and is ${foundFormat}: give that format, or another \`volume\` name.`,
    });
  }
  return problems;
}

/**
 * Makes the volumes, and tells `made` of each that is (or, where the answer was lost, may be) there from then on. A refusal says that it is not ours:
 * somebody else may have made one of that name.
 */
export async function createVolumes(volumes: readonly WantedVolume[], made: (volume: WantedVolume) => void, call: Call): Promise<void> {
  for (const volume of volumes) {
    try {
      await createVolume(volume, call);
    } catch (error) {
      if (!(error instanceof HostError)) made(volume);
      throw error;
    }
    made(volume);
  }
}

/** Deletes what was made, also after a Cancel. */
export async function unmakeVolumes(volumes: readonly WantedVolume[], call: Call): Promise<void> {
  await Promise.all(volumes.map((volume) => deleteVolume(volume, { ...call, signal: new AbortController().signal })));
}

async function createVolume(volume: WantedVolume, { services: { libvirt }, signal, log }: Call): Promise<void> {
  const { pool, name, capacityBytes, format, preallocation } = volume;
  log.status(`making volume ${name} (${formatSize(capacityBytes)}) in pool ${pool}`);
  const allocationBytes = preallocation === "full" ? capacityBytes : 0;
  const xml = volumeXml({ name, capacityBytes, allocationBytes, format });
  const preallocateMetadata = format === "qcow2" && preallocation !== "off";
  await poolLock(libvirt.uri, pool, () => libvirt.createVolume(pool, xml, { signal, preallocateMetadata }));
}

/** A running machine's disk grows through QEMU, so that the guest sees it; else its volume does. */
export async function growVolumes(
  { toGrow }: VolumeSurvey,
  machine: ObservedMachine | undefined,
  { services: { libvirt }, signal, log }: Call,
): Promise<void> {
  const runs = machine?.record.liveXml !== undefined;
  for (const { volume, fromBytes } of toGrow) {
    const { pool, name, path, capacityBytes, key } = volume;
    log.status(`growing disks.${key} from ${formatSize(fromBytes)} to ${formatSize(capacityBytes)}`);
    const live = runs ? machine.running?.disks.find((disk) => disk.path === path) : undefined;
    await poolLock(libvirt.uri, pool, async () => {
      if (machine === undefined || live === undefined) return libvirt.growVolume({ pool, name }, capacityBytes, { signal });
      await libvirt.resizeLiveDisk(machine.record.uuid, live.target, capacityBytes, { signal });
      return libvirt.refreshPool(pool, { signal });
    });
  }
}

/** Deletes one volume of ours; gone already is fine. */
export async function deleteVolume(
  { pool, name }: Pick<OwnedVolume, "pool" | "name">,
  { services: { libvirt }, signal }: Call,
): Promise<void> {
  await poolLock(libvirt.uri, pool, () => libvirt.deleteVolume({ pool, name }, { signal }));
}
