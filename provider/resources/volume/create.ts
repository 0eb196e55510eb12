// create: makes the volume, empty or from an image, and leaves nothing behind when that fails. Converges the host.
import { BugError, RefusedError } from "../../errors";
import type { VolumeRecord } from "../../libvirt/port";
import { formatSize } from "../../plan/size";
import { parsePool } from "../../xml/pool-xml";
import { volumeXml } from "../../xml/storage-xml";
import { poolLock } from "../pool-lock";
import { explainedBySpace, requireSpace } from "../pool-space";
import type { Call, Created, Values } from "../resource";
import { unknown } from "../resource";
import { containsUnknown, sizeBytes } from "../values";
import { defaultClone, isFolderPool, madeOrGone, makeClone } from "../volume-clone";
import type { CheckedVolume } from "./contract";
import { imageOf } from "./image-of";
import { idOf, stateOf } from "./state";

interface CreateRequest {
  readonly inputs: Values;
  readonly preview: boolean;
}

export async function create({ inputs, preview }: CreateRequest, call: Call): Promise<Created> {
  if (preview) return { id: "", state: await previewed(inputs, call) };
  const asked = inputs as unknown as CheckedVolume;
  const { pool, name } = asked;
  const type = await requirePool(pool, call);
  await refuseTaken(asked, call);
  const made = await make(asked, type, call);
  return { id: idOf({ pool, name }), state: stateOf(inputs, made) };
}

/** What is known of it before it is there. Whether its name is free is not: a volume that this one replaces may go first. */
async function previewed(inputs: Values, call: Call): Promise<Values> {
  const { pool, name, size } = inputs;
  const open: Values = { ...inputs, path: unknown, capacity: unknown, name: name ?? unknown, format: inputs["format"] ?? unknown };
  if (typeof pool !== "string") return open;
  const { services, signal } = call;
  const record = await services.libvirt.findPool(pool, { signal });
  if (record === undefined || containsUnknown(inputs)) return open;
  const { type, path: folder } = parsePool(record.xml);
  const bytes = sizeBytes(size);
  return {
    ...open,
    ...(isFolderPool(type) && folder !== undefined && typeof name === "string" ? { path: `${folder}/${name}` } : {}),
    ...(isFolderPool(type) && bytes !== undefined ? { capacity: formatSize(roundedUp(bytes)) } : {}),
  };
}

/** libvirt gives qemu-img sizes in KiB, and raw files as they are asked for; qcow2 counts in sectors. */
const kiB = 1024;
const roundedUp = (bytes: number) => Math.ceil(bytes / kiB) * kiB;

async function requirePool(pool: string, { services: { libvirt }, signal }: Call): Promise<string> {
  const record = await libvirt.findPool(pool, { signal });
  if (record?.active === true) return parsePool(record.xml).type;
  const reason =
    record === undefined
      ? `is ${JSON.stringify(pool)}, but the host has no such storage pool. Make it with a StoragePool (and take its name as this input), or name one that \`virsh pool-list --all\` shows.`
      : `is ${JSON.stringify(pool)}, a pool that is not started. Start it: virsh pool-start ${pool}, or a StoragePool with \`active: true\`.`;
  throw new RefusedError([{ path: "pool", reason }]);
}

async function refuseTaken({ pool, name }: Pick<CheckedVolume, "pool" | "name">, { services: { libvirt }, signal }: Call): Promise<void> {
  const record = await libvirt.findPool(pool, { signal });
  const found = record?.active === true ? await libvirt.findVolume({ pool, name }, { signal }) : undefined;
  if (found === undefined) return;
  const reason = `is ${JSON.stringify(name)}, but the pool ${pool} has a volume of that name (${found.path}). Give another name, or take that volume in: pulumi import kvm:index:Volume NAME ${idOf({ pool, name })}`;
  throw new RefusedError([{ path: "name", reason }]);
}

async function make(asked: CheckedVolume, poolType: string, call: Call): Promise<VolumeRecord> {
  const { pool, name, format, image, imageFormat } = asked;
  if (image === undefined) return makeEmpty(asked, call);
  const from = await imageOf({ image, imageFormat, pool }, call);
  const clone = asked.clone ?? defaultClone(poolType, format);
  return makeClone({ pool, name, format, capacityBytes: sizeBytes(asked.size), image: from, clone }, call);
}

async function makeEmpty(
  { pool, name, format, size, preallocation = "off", backingStore }: CheckedVolume,
  call: Call,
): Promise<VolumeRecord> {
  const { services, signal, log } = call;
  const { libvirt } = services;
  const capacityBytes = sizeBytes(size);
  if (capacityBytes === undefined && backingStore === undefined)
    throw new BugError(`The volume ${name} has neither a size nor anything below it.`);
  const isFull = preallocation === "full" && capacityBytes !== undefined;
  const xml = volumeXml({ name, capacityBytes, allocationBytes: isFull ? capacityBytes : 0, format, backing: backingStore });
  const preallocateMetadata = format === "qcow2" && preallocation !== "off";
  log.status(`making volume ${name}${capacityBytes === undefined ? "" : ` (${formatSize(capacityBytes)})`} in pool ${pool}`);
  return poolLock(libvirt.uri, pool, async () => {
    if (isFull) await requireSpace({ pool, neededBytes: capacityBytes }, "preallocation", call);
    try {
      return await madeOrGone({ pool, name }, call, () => libvirt.createVolume(pool, xml, { signal, preallocateMetadata }));
    } catch (error) {
      throw await explainedBySpace(error, { pool, neededBytes: isFull ? capacityBytes : 0 }, call);
    }
  });
}
