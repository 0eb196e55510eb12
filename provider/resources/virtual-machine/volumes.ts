// The volumes that belong to a machine's disks: made when missing, grown, and deleted when nobody needs them. Converges the host.
import type { Problem } from "../../errors";
import { BugError, HostError, RefusedError } from "../../errors";
import type { OwnedVolume } from "../../plan/domain";
import { formatSize } from "../../plan/size";
import { parseVolume, volumeXml } from "../../xml/storage-xml";
import { growVolume } from "../grow-volume";
import { poolLock } from "../pool-lock";
import { explainedBySpace, requireSpace } from "../pool-space";
import { propertyPath } from "../property-path";
import type { Call } from "../resource";
import { defined, sizeBytes } from "../values";
import { makeClone } from "../volume-clone";
import { makeWithContent } from "./cloud-init-volumes";
import type { CheckedInputs, DiskInputs, EffectiveDisk } from "./contract";
import type { EffectiveDisks } from "./domain-plan";
import { isSizeAsked } from "./domain-plan";
import type { ObservedMachine } from "./state";

/** A volume that a disk needs. */
export interface WantedVolume extends OwnedVolume {
  /** Absent: as much as its image has. */
  readonly capacityBytes?: number | undefined;
  readonly image?: EffectiveDisk["image"];
  readonly format: "raw" | "qcow2";
  readonly preallocation: NonNullable<DiskInputs["preallocation"]>;
  /** What it is made with, and is as large as. */
  readonly content?: Uint8Array | undefined;
}

/** The name of the volume at a path, or in the name of a network source. */
export const volumeNameIn = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** `contents`: bytes by the key of the disk that is made of them. */
export function wantedVolumes(
  inputs: CheckedInputs,
  effective: EffectiveDisks,
  contents: ReadonlyMap<string, Uint8Array> = new Map(),
): WantedVolume[] {
  return Object.entries(inputs.disks ?? {}).flatMap(([key, disk]) => {
    const plan = effective[key];
    const content = contents.get(key);
    const capacityBytes = content?.length ?? sizeBytes(disk.size);
    const isOurs = capacityBytes !== undefined || disk.image !== undefined;
    if (disk.pool === undefined || plan?.path === undefined || !isOurs) return [];
    const { keepOnDelete = false, preallocation = "off" } = disk;
    return [
      {
        key,
        pool: disk.pool,
        name: volumeNameIn(plan.path),
        path: plan.path,
        keep: keepOnDelete,
        capacityBytes,
        image: plan.image,
        format: plan.format,
        preallocation,
        ...defined({ content }),
      },
    ];
  });
}

/** What is there already of what is wanted. */
export interface VolumeSurvey {
  readonly missing: readonly WantedVolume[];
  readonly toGrow: readonly { readonly volume: WantedVolume; readonly fromBytes: number; readonly toBytes: number }[];
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
      fromBytes !== undefined && volume.content === undefined && volume.capacityBytes !== undefined && fromBytes < volume.capacityBytes
        ? [{ volume, fromBytes, toBytes: volume.capacityBytes }]
        : [],
    ),
    present: new Set(sized.filter(({ fromBytes }) => fromBytes !== undefined).map(({ volume }) => volume.key)),
  };
}

/** Volumes that disks name and somebody else makes: each must be there. */
export async function refuseMissingVolumes(
  { disks }: Pick<CheckedInputs, "disks">,
  { services: { libvirt }, signal }: Call,
): Promise<void> {
  const looked = await Promise.all(
    Object.entries(disks ?? {}).map(async ([key, { pool, volume, size, image }]): Promise<readonly Problem[]> => {
      if (pool === undefined || volume === undefined || size !== undefined || image !== undefined) return [];
      return (await libvirt.findVolume({ pool, name: volume }, { signal })) === undefined ? [missingVolume(key, pool, volume)] : [];
    }),
  );
  if (looked.flat().length > 0) throw new RefusedError(looked.flat());
}

export const missingVolume = (key: string, pool: string, volume: string): Problem => ({
  path: propertyPath(["disks", key, "volume"]),
  reason: `is ${JSON.stringify(volume)}, but the pool ${pool} has no such volume. Give \`size\` (or \`image\`) to have it made, or the name of a volume that is there.`,
});

function presentProblems(
  { key, path, capacityBytes, format, content }: WantedVolume,
  fromBytes: number | undefined,
  foundFormat: string | undefined,
): Problem[] {
  // A content is written anew where it does not fit.
  if (fromBytes === undefined || content !== undefined) return [];
  const problems: Problem[] = [];
  if (capacityBytes !== undefined && fromBytes > capacityBytes && !isSizeAsked(path, capacityBytes, fromBytes)) {
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
      if (!(error instanceof HostError || error instanceof RefusedError)) made(volume);
      throw error;
    }
    made(volume);
  }
}

/** Deletes what was made, also after a Cancel. */
export async function unmakeVolumes(volumes: readonly WantedVolume[], call: Call): Promise<void> {
  await Promise.all(volumes.map((volume) => deleteVolume(volume, { ...call, signal: new AbortController().signal })));
}

async function createVolume(volume: WantedVolume, call: Call): Promise<void> {
  const { pool, name, capacityBytes, format, preallocation, image } = volume;
  const { services, signal, log } = call;
  const { libvirt } = services;
  if (image !== undefined) {
    const place = propertyPath(["disks", volume.key, "image"]);
    await makeClone({ pool, name, format, capacityBytes, image, clone: image.clone, place }, call);
    return;
  }
  const { content } = volume;
  if (content !== undefined) {
    log.status(`making volume ${name} in pool ${pool}`);
    await poolLock(libvirt.uri, pool, () => makeWithContent({ pool, name }, content, call));
    return;
  }
  if (capacityBytes === undefined) throw new BugError(`The volume ${name} has neither a size nor an image.`);
  log.status(`making volume ${name} (${formatSize(capacityBytes)}) in pool ${pool}`);
  const allocationBytes = preallocation === "full" ? capacityBytes : 0;
  const xml = volumeXml({ name, capacityBytes, allocationBytes, format });
  const preallocateMetadata = format === "qcow2" && preallocation !== "off";
  const need = { pool, neededBytes: allocationBytes };
  await poolLock(libvirt.uri, pool, async () => {
    if (allocationBytes > 0) await requireSpace(need, propertyPath(["disks", volume.key, "preallocation"]), call);
    try {
      await libvirt.createVolume(pool, xml, { signal, preallocateMetadata });
    } catch (error) {
      throw await explainedBySpace(error, need, call);
    }
  });
}

/** A running machine's disk grows through QEMU, so that the guest sees it; else its volume does. */
export async function growVolumes({ toGrow }: VolumeSurvey, machine: ObservedMachine | undefined, call: Call): Promise<void> {
  const runs = machine?.record.liveXml !== undefined;
  for (const { volume, fromBytes, toBytes } of toGrow) {
    const { pool, name, path, key } = volume;
    call.log.status(`growing disks.${key} from ${formatSize(fromBytes)} to ${formatSize(toBytes)}`);
    const live = runs ? machine.running?.disks.find((disk) => disk.path === path) : undefined;
    const running = machine === undefined || live === undefined ? undefined : { uuid: machine.record.uuid, target: live.target };
    await growVolume({ pool, name, capacityBytes: toBytes, running }, call);
  }
}

/** Deletes one volume of ours; gone already is fine. */
export async function deleteVolume(
  { pool, name }: Pick<OwnedVolume, "pool" | "name">,
  { services: { libvirt }, signal }: Call,
): Promise<void> {
  await poolLock(libvirt.uri, pool, () => libvirt.deleteVolume({ pool, name }, { signal }));
}
