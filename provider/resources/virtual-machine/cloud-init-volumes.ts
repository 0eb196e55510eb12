// The contents of cloud-init's seed and Ignition's file for a machine, and their volumes on the host: made, compared with what is there, written. Converges the host.
import { randomUUID } from "node:crypto";
import { seedImage } from "../../cloud-init/seed-image";
import { RefusedError } from "../../errors";
import type { StreamPiece, VolumeRef } from "../../libvirt/port";
import type { OwnedVolume } from "../../plan/domain";
import { parsePool } from "../../xml/pool-xml";
import { volumeXml } from "../../xml/storage-xml";
import { poolLock } from "../pool-lock";
import type { Call, Values } from "../resource";
import { asValues, isValues } from "../values";
import { madeOrGone } from "../volume-clone";
import { architectureProblem, changeWay, ignitionKey, ignitionText, ignitionVolume, seedKey, withSeed } from "./cloud-init";
import { sameCloudInit } from "./cloud-init-changes";
import type { CloudInitInputs } from "./cloud-init-contract";
import { seedRequest } from "./cloud-init-contract";
import type { CheckedInputs } from "./contract";
import type { WantedVolume } from "./volumes";

/** What a machine's first boot needs of volumes. */
export interface SeedParts {
  /** The seed's bytes by its disk's key: what its volume is made with. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** By which cloud-init tells a new machine from one that it knows; absent without a seed. */
  readonly instanceId?: string;
  /** The volumes that are there with other content. */
  readonly toRewrite: readonly string[];
  /** Ignition's file, which is no disk. */
  readonly ignition?: WantedVolume;
}

const newInstanceId = () => `iid-${randomUUID()}`;

const imageOf = (cloudInit: CloudInitInputs, instanceId: string, name: string) => seedImage(seedRequest(cloudInit), { instanceId, name });

/** For a machine that is yet to be made. */
export async function newSeedParts(inputs: CheckedInputs, architecture: () => Promise<string>, call: Call): Promise<SeedParts> {
  const { cloudInit, name } = inputs;
  const ignition = await ignitionPart(inputs, undefined, call);
  const unfit = ignition === undefined ? undefined : architectureProblem(await architecture());
  if (unfit !== undefined) throw new RefusedError([unfit]);
  const none = { contents: new Map(), toRewrite: [], ...(ignition === undefined ? {} : { ignition }) };
  if (cloudInit === undefined) return none;
  const instanceId = newInstanceId();
  return { ...none, instanceId, contents: new Map([[seedKey, imageOf(cloudInit, instanceId, name)]]) };
}

/** What a machine that is there has. */
export interface PresentSeed {
  readonly instanceId: string | undefined;
  readonly volumes: readonly OwnedVolume[];
  readonly oldInputs: Values;
}

/**
 * For a machine that is there. The seed on the host is compared with the one that is asked for, whatever was said last time: one that is missing is made
 * anew, and one that was half-written is written. cloud-init hears of other content by another instance-id only.
 */
export async function presentSeedParts(inputs: CheckedInputs, present: PresentSeed, call: Call): Promise<SeedParts> {
  const ignition = await ignitionPart(inputs, present, call);
  const seed = await seedPart(inputs, present, call);
  const rewritesIgnition =
    ignition?.content !== undefined && changeWay(inputs) !== "ignore" && (await isOther(ignition, ignition.content, call));
  return {
    ...(ignition === undefined ? {} : { ignition }),
    ...(seed === undefined ? {} : { instanceId: seed.instanceId }),
    contents: new Map(seed === undefined ? [] : [[seedKey, seed.content]]),
    toRewrite: [...(seed?.rewrites === true ? [seedKey] : []), ...(rewritesIgnition ? [ignitionKey] : [])],
  };
}

interface SeedPart {
  readonly content: Uint8Array;
  readonly instanceId: string;
  readonly rewrites: boolean;
}

async function seedPart(inputs: CheckedInputs, { instanceId, oldInputs }: PresentSeed, call: Call): Promise<SeedPart | undefined> {
  const { cloudInit, name } = inputs;
  if (cloudInit === undefined) return undefined;
  const before = oldInputs["cloudInit"];
  const way = changeWay(inputs);
  const withId = (id: string, rewrites: boolean): SeedPart => ({ content: imageOf(cloudInit, id, name), instanceId: id, rewrites });
  if (instanceId === undefined) return withId(newInstanceId(), true);
  if (way === "ignore") return withId(instanceId, false);
  const hasChanged = isValues(before) && !sameCloudInit(before, asValues(cloudInit), name);
  if (way === "newInstanceId" && hasChanged) return withId(newInstanceId(), true);
  const { pool, volume } = withSeed(inputs).disks?.[seedKey] ?? {};
  const same = withId(instanceId, false);
  if (pool === undefined || volume === undefined || !(await isOther({ pool, name: volume }, same.content, call))) return same;
  // What was only recorded before is to be heard now.
  return way === "newInstanceId" && changeWay(oldInputs) === "ignore" ? withId(newInstanceId(), true) : { ...same, rewrites: true };
}

/** Whether the volume is there with other content. */
async function isOther({ pool, name }: VolumeName, content: Uint8Array, { services: { libvirt }, signal }: Call): Promise<boolean> {
  const ref = { pool, name };
  const found = await libvirt.findVolume(ref, { signal });
  if (found === undefined) return false;
  const bytes = await libvirt.readVolume(ref, { offsetBytes: 0, lengthBytes: content.length }, { signal });
  return !bytes.equals(content);
}

type VolumeName = Extract<VolumeRef, { readonly pool: string }>;

/** Pool types whose volumes are files that QEMU can be told the path of. */
const filePoolTypes: ReadonlySet<string> = new Set(["dir", "fs", "netfs", "vstorage"]);

/** The file of an `ignition`. Its pool is looked at: the path has to stand in the definition before the volume is made. */
async function ignitionPart(
  { ignition, ignitionPool: pool, name: vm }: CheckedInputs,
  present: PresentSeed | undefined,
  { services: { libvirt }, signal }: Call,
): Promise<WantedVolume | undefined> {
  if (ignition === undefined || pool === undefined) return undefined;
  const name = ignitionVolume(vm);
  const content = new TextEncoder().encode(ignitionText(ignition));
  const volume = {
    key: ignitionKey,
    pool,
    name,
    keep: false,
    content,
    capacityBytes: content.length,
    format: "raw",
    preallocation: "off",
  } as const;
  const known = present?.volumes.find((each) => each.key === ignitionKey && each.pool === pool && each.name === name);
  if (known !== undefined) return { ...volume, path: known.path };
  const record = await libvirt.findPool(pool, { signal });
  const { type, path } = record === undefined ? {} : parsePool(record.xml);
  if (path !== undefined && filePoolTypes.has(type ?? "")) return { ...volume, path: `${path.replace(/\/$/, "")}/${name}` };
  const wrong = record === undefined ? "but the host has no such storage pool" : `whose volumes are no files (type ${type ?? "unknown"})`;
  throw new RefusedError([{ path: "ignitionPool", reason: `is ${JSON.stringify(pool)}, ${wrong}. Name a pool that is a folder.` }]);
}

/** A volume of one of these names that is not the machine's own is never written over. */
export function refuseForeignSeeds(present: readonly WantedVolume[], owned: readonly OwnedVolume[]): void {
  const foreign = present.filter(
    ({ key, content, path }) => content !== undefined && !owned.some((each) => each.key === key && each.path === path),
  );
  const problems = foreign.map(({ key, path }) => ({
    path: key === ignitionKey ? "ignitionPool" : "cloudInit.pool",
    reason: `has a volume ${path} already, which is not this VM's. Delete it, if nobody needs it, or name another pool.`,
  }));
  if (problems.length > 0) throw new RefusedError(problems);
}

async function* once(data: Uint8Array): AsyncGenerator<StreamPiece> {
  yield await Promise.resolve({ data });
}

const upload = ({ pool, name }: VolumeName, content: Uint8Array, { services: { libvirt }, signal }: Call) =>
  libvirt.uploadVolume({ pool, name }, once(content), { lengthBytes: content.length, signal });

/** Makes a volume with this content; half-made it is deleted again. The pool's lock is the caller's. */
export async function makeWithContent({ pool, name }: VolumeName, content: Uint8Array, call: Call): Promise<void> {
  const { libvirt } = call.services;
  const xml = volumeXml({ name, capacityBytes: content.length, allocationBytes: 0, format: "raw" });
  await madeOrGone(
    { pool, name },
    call,
    () => libvirt.createVolume(pool, xml, { signal: call.signal }),
    async (made) => {
      await upload({ pool, name }, content, call);
      return made;
    },
  );
}

/**
 * Writes the new content where the old one is, so that a guest that reboots finds it; a volume of another size is made anew, and then a running machine
 * keeps the old one until its next cold start.
 */
export async function rewriteVolumes(present: readonly WantedVolume[], { toRewrite }: SeedParts, call: Call): Promise<void> {
  const { libvirt } = call.services;
  for (const { key, pool, name, content } of present.filter((volume) => toRewrite.includes(volume.key))) {
    if (content === undefined) continue;
    call.log.status(`writing ${name} in pool ${pool}`);
    await poolLock(libvirt.uri, pool, async () => {
      const found = await libvirt.findVolume({ pool, name }, { signal: call.signal });
      const fits =
        found !== undefined && (key === ignitionKey ? found.capacityBytes === content.length : found.capacityBytes >= content.length);
      if (fits) return upload({ pool, name }, content, call);
      await libvirt.deleteVolume({ pool, name }, { signal: call.signal });
      return makeWithContent({ pool, name }, content, call);
    });
  }
}
