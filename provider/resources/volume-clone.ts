// A new volume that begins with an image's content: an overlay on it (linked), or a copy of it (full). Converges the host.
import type { Problem } from "../errors";
import { HostError, RefusedError } from "../errors";
import type { VolumeRecord } from "../libvirt/port";
import type { DiskFormat } from "../plan/domain";
import { formatSize } from "../plan/size";
import { parsePool } from "../xml/pool-xml";
import { parseVolume, volumeXml } from "../xml/storage-xml";
import { capacityAs } from "./capacity-as";
import { poolLock } from "./pool-lock";
import { explainedBySpace } from "./pool-space";
import type { Call } from "./resource";

export type CloneKind = "linked" | "full";

export interface CloneImage {
  /** Absolute path on the host. */
  readonly path: string;
  /** Never guessed again: what the image was uploaded as, or what the user says. */
  readonly format: DiskFormat;
  /** Absent: asked of libvirt, where the image is a volume. */
  readonly capacityBytes?: number | undefined;
}

export interface CloneRequest {
  readonly pool: string;
  readonly name: string;
  readonly format: DiskFormat;
  /** Absent: as much as the image has. */
  readonly capacityBytes?: number | undefined;
  readonly image: CloneImage;
  readonly clone: CloneKind;
  /** Property path of the image in the resource, for what is refused; `image` when absent. */
  readonly place?: string | undefined;
}

/** What libvirt's pools can do with an image. `copies`: a copy from any pool's volume; rbd clones within itself only, the others take none. */
const clonesByPoolType: Readonly<Record<string, { readonly overlays: boolean; readonly copies: boolean }>> = {
  dir: { overlays: true, copies: true },
  fs: { overlays: true, copies: true },
  netfs: { overlays: true, copies: true },
  vstorage: { overlays: true, copies: true },
  logical: { overlays: false, copies: true },
  disk: { overlays: false, copies: true },
};

/** Whether volumes of the pool type are files, which hold any format and may have backing files. */
export const isFolderPool = (type: string): boolean => clonesByPoolType[type]?.overlays === true;

/**
 * The clone an image gets where nobody asked: an overlay where the pool and the format can have one.
 */
export const defaultClone = (poolType: string, format: DiskFormat): CloneKind =>
  isFolderPool(poolType) && format === "qcow2" ? "linked" : "full";

/**
 * Makes the volume. Rejects with RefusedError where the pool, the format or the sizes do not allow it, HostError where libvirt refuses; a volume that
 * was begun is gone then. One of that name that is there already is refused, not used.
 */
export async function makeClone(request: CloneRequest, call: Call): Promise<VolumeRecord> {
  const { pool, name, image, clone, place = "image" } = request;
  const { services, signal, log } = call;
  const { libvirt } = services;
  return poolLock(libvirt.uri, pool, async () => {
    const source = await sourceVolume(request, call);
    const target = await libvirt.findPool(pool, { signal });
    const wanted = { ...request, image: { ...image, capacityBytes: image.capacityBytes ?? (source && capacityAs(image.format, source)) } };
    const problem =
      (target && poolProblem(wanted, parsePool(target.xml).type)) ??
      sizeProblem(wanted) ??
      (clone === "full" ? copyProblem(wanted, source) : undefined);
    if (problem !== undefined) throw new RefusedError([{ path: place, ...problem }]);
    if ((await libvirt.findVolume({ pool, name }, { signal })) !== undefined) {
      throw new RefusedError([
        { path: place, reason: `cannot be cloned into ${pool}/${name}: there is a volume of that name. Give another name.` },
      ]);
    }
    log.status(`${clone === "linked" ? "linking" : "copying"} ${image.path} to volume ${name} in pool ${pool}`);
    return clone === "linked" ? link(wanted, call) : copy(wanted, call);
  });
}

/** The image as a volume. libvirt copies by the format that it takes a volume to have, so that is looked at afresh where it is not the right one. */
async function sourceVolume({ image: { path, format }, clone }: CloneRequest, { services: { libvirt }, signal }: Call) {
  const found = await libvirt.findVolume({ path }, { signal });
  if (found === undefined || clone === "linked" || copiedFormat(found) === format) return found;
  await libvirt.refreshPool(found.pool, { signal });
  return libvirt.findVolume({ path }, { signal });
}

/** The format that libvirt's copy reads a volume as: an ISO image is raw bytes to it. */
function copiedFormat({ xml }: VolumeRecord): string {
  const { format } = parseVolume(xml);
  return format === "iso" ? "raw" : format;
}

type Refusal = Pick<Problem, "reason"> & Partial<Problem>;

function poolProblem({ pool, format, clone, image }: CloneRequest, type: string): Refusal | undefined {
  const can = clonesByPoolType[type] ?? { overlays: false, copies: false };
  if (clone === "linked" && !can.overlays) {
    return {
      reason: `cannot be linked: volumes of the pool ${pool} (type ${type}) have no backing files. Set \`clone\` to full, or take a pool of files.`,
    };
  }
  if (clone === "linked" && format !== "qcow2") {
    return { reason: `cannot be linked: a ${format} volume has no backing file. Set \`format\` to qcow2, or \`clone\` to full.` };
  }
  if (clone === "full" && !can.copies) {
    return {
      reason: `cannot be copied: libvirt copies nothing into pools of type ${type} (${pool}). Copy ${image.path} there by hand, or take another pool.`,
    };
  }
  return undefined;
}

function sizeProblem({ capacityBytes, image }: CloneRequest): Refusal | undefined {
  if (capacityBytes === undefined || image.capacityBytes === undefined || capacityBytes >= image.capacityBytes) return undefined;
  return {
    reason: `has ${formatSize(image.capacityBytes)} (${image.path}), more than the size of ${formatSize(capacityBytes)} that was asked for: give at least that size, or none.`,
  };
}

function copyProblem({ image: { path, format } }: CloneRequest, source: VolumeRecord | undefined): Refusal | undefined {
  if (source === undefined) {
    return {
      reason: `cannot be copied: ${path} is no volume of an active pool. Define a pool on its folder, or bring it there with an Image.`,
    };
  }
  const taken = copiedFormat(source);
  if (taken === format) return undefined;
  // A raw image may hold anything, a qcow2 header with a backing file of its choice too: a copy by that header would read that file.
  return {
    reason: `cannot be copied: ${path} is ${format}, but libvirt takes it for ${taken} and would copy it as that. Set \`clone\` to linked.`,
  };
}

async function link({ pool, name, format, capacityBytes, image }: CloneRequest, call: Call): Promise<VolumeRecord> {
  const { services, signal } = call;
  const backing = { path: image.path, format: image.format };
  const xml = volumeXml({ name, capacityBytes: capacityBytes ?? image.capacityBytes, allocationBytes: 0, format, backing });
  return madeOrGone({ pool, name }, call, () => services.libvirt.createVolume(pool, xml, { signal }));
}

async function copy({ pool, name, format, capacityBytes, image }: CloneRequest, call: Call): Promise<VolumeRecord> {
  const { services, signal } = call;
  const { libvirt } = services;
  const xml = volumeXml({ name, capacityBytes: capacityBytes ?? image.capacityBytes, allocationBytes: 0, format });
  const make = () => libvirt.createVolumeFrom(pool, xml, { path: image.path }, { signal });
  try {
    return await madeOrGone({ pool, name }, call, make, async (made) => {
      // A conversion gives the image's own size, whatever was asked for.
      if (capacityBytes === undefined || made.capacityBytes >= capacityBytes) return made;
      await libvirt.growVolume({ pool, name }, capacityBytes, { signal });
      return (await libvirt.findVolume({ pool, name }, { signal })) ?? made;
    });
  } catch (error) {
    throw await explainedBySpace(error, { pool, neededBytes: image.capacityBytes ?? 0 }, call);
  }
}

/**
 * Makes a volume and finishes it. After a failure it is deleted, also after a Cancel; not where libvirt refused to make it: then it cleared up itself, and
 * one of that name is somebody else's.
 */
export async function madeOrGone(
  ref: { readonly pool: string; readonly name: string },
  call: Call,
  make: () => Promise<VolumeRecord>,
  finish: (made: VolumeRecord) => Promise<VolumeRecord> = (made) => Promise.resolve(made),
): Promise<VolumeRecord> {
  let made: VolumeRecord | undefined;
  try {
    made = await make();
    return await finish(made);
  } catch (error) {
    if (made !== undefined || !(error instanceof HostError)) await unmake(ref, call);
    throw error;
  }
}

async function unmake(ref: { readonly pool: string; readonly name: string }, { services: { libvirt }, log }: Call): Promise<void> {
  try {
    await libvirt.deleteVolume(ref, { signal: new AbortController().signal });
  } catch (error) {
    log.warn(`the volume ${ref.name} in pool ${ref.pool} was begun and may still be there: ${(error as Error).message}`);
  }
}
