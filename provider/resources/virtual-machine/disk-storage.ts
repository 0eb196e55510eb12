// Where each disk's data is, and what that storage can do: facts for the planner, or what is wrong. I/O only through the host observer and libvirt's reads.
import type { Problem } from "../../errors";
import { probeIsDue } from "../../host/observer";
import type { ObserveOptions } from "../../host/observer";
import type { VolumeRecord } from "../../libvirt/port";
import { sourceName } from "../../plan/disk-source";
import type { DiskFormat, DiskSource, NetworkSource } from "../../plan/domain";
import type { PoolFacts, StorageFacts } from "../../plan/facts";
import { factsOfSource } from "../../plan/source-facts";
import { parsePool } from "../../xml/pool-xml";
import { uploadedFormat } from "../image-name";
import { propertyPath } from "../property-path";
import type { Services } from "../resource";
import { defined } from "../values";
import { isFolderPool } from "../volume-clone";
import type { CheckedInputs, EffectiveDisk, VirtualMachineInputs } from "./contract";
import { closedTo } from "./closed-to";
import { lookAtImage } from "./disk-image";
import type { DiskLayout } from "./disk-layout";
import { volumeName } from "./disk-layout";
import { namedSource } from "./disk-sources";
import { volumeSource } from "./pool-volume-source";
import { missingVolume } from "./volumes";

/** What the storage of one disk is: nearest element first. */
export interface DiskStorage {
  readonly path?: string;
  readonly format: "raw" | "qcow2";
  readonly pool?: string | undefined;
  readonly chain?: readonly [StorageFacts, ...StorageFacts[]];
  readonly network?: NetworkSource | undefined;
  /** What a volume that is yet to be made starts from. */
  readonly image?: EffectiveDisk["image"];
}

export type Looked = { readonly storage: DiskStorage } | { readonly problem: Problem } | { readonly unresolved: string };

export interface Asked {
  readonly inputs: VirtualMachineInputs & { readonly name: string };
  /** The disks of last time: targets and formats are given once and kept. */
  readonly previous?: CheckedInputs["effectiveDisks"] | undefined;
  readonly services: Services;
  readonly observe: Pick<ObserveOptions, "depth" | "signal" | "status">;
}

export async function lookAtDisk(asked: Asked, layout: DiskLayout, options: ObserveOptions): Promise<Looked> {
  const { file, pool, volume, size, image } = layout.inputs;
  const named = namedSource(layout.inputs, { vm: asked.inputs.name, key: layout.key });
  if (named !== undefined) return { storage: storageOfSource(named, layout) };
  if (file !== undefined) return lookAtFile(asked, layout, file, options);
  if (pool === undefined) return { storage: { format: "raw" } };
  const isNew = size !== undefined || image !== undefined;
  const existing = isNew || volume === undefined ? undefined : await asked.services.libvirt.findVolume({ pool, name: volume }, options);
  return lookAtPool(asked, layout, { pool, existing, mustExist: !isNew }, options);
}

/** Network storage and devices: nobody need look at them, their kind tells. */
const storageOfSource = (source: DiskSource, { inputs }: DiskLayout): DiskStorage => ({
  format: inputs.format ?? "raw",
  chain: [factsOfSource(source)],
  ...defined({ path: sourceName(source), network: source.type === "network" ? source : undefined }),
});

async function lookAtFile(
  { services, previous }: Asked,
  { key, inputs }: DiskLayout,
  file: string,
  options: ObserveOptions,
): Promise<Looked> {
  const kept = inputs.format ?? keptFormat(previous?.[key], file) ?? uploadedFormat(file);
  const observed = await services.host.observeChain(file, { ...options, format: kept });
  const path = propertyPath(["disks", key, inputs.file === undefined ? "volume" : "file"]);
  if (observed === undefined) {
    const reason = `is ${JSON.stringify(file)}, but the host has no such file in a pool, and it is not visible from here. Make it first, put it into a storage pool, or correct the path.`;
    return options.depth === "look" ? { unresolved: `${path} ${reason}` } : { problem: { path, reason } };
  }
  if ("needsProbe" in observed) return { unresolved: `${path}: direct I/O of ${observed.needsProbe.join(", ")} must be tried by QEMU` };
  const closed = closedTo(observed.facts);
  if (closed !== undefined) return { problem: { path, reason: `is ${JSON.stringify(file)}, and ${closed}` } };
  const [image] = observed.facts;
  const format = kept ?? image.format;
  if (format === "other") {
    return {
      problem: {
        path: propertyPath(["disks", key, "format"]),
        reason: `must be given: ${file} is neither raw nor qcow2 as far as the host can tell.`,
      },
    };
  }
  return { storage: { path: file, format, pool: image.pool, chain: observed.facts } };
}

/** The format seen first stays: a guest can write any header into its raw disk. */
const keptFormat = (before: EffectiveDisk | undefined, file: string) => (before?.path === file ? before.format : undefined);

interface PoolQuestion {
  readonly pool: string;
  readonly existing: VolumeRecord | undefined;
  /** The disk is a volume that somebody else makes. */
  readonly mustExist: boolean;
}

async function lookAtPool(
  asked: Asked,
  layout: DiskLayout,
  { pool, existing, mustExist }: PoolQuestion,
  options: ObserveOptions,
): Promise<Looked> {
  const { inputs, services } = asked;
  const { key, inputs: disk } = layout;
  const told = inputs.host?.facts.pools[pool];
  const known = told?.why === probeIsDue ? undefined : told;
  const observed = known === undefined ? await services.host.observePool(pool, options) : { facts: known };
  const path = propertyPath(["disks", key, "pool"]);
  if (observed === undefined) {
    const reason = `is ${JSON.stringify(pool)}, but the host has no such storage pool.`;
    return options.depth === "look"
      ? { unresolved: `${path} ${reason}` }
      : { problem: { path, reason: `${reason} Define and start it, or name another.` } };
  }
  if ("needsProbe" in observed) return { unresolved: `${path}: direct I/O of pool ${pool} must be tried by QEMU` };
  if (mustExist && existing === undefined && options.depth === "probe") return { problem: missingVolume(key, pool, disk.volume ?? "") };
  const { facts } = observed;
  if (facts.impassable !== undefined) {
    const reason = `is ${JSON.stringify(pool)}, whose volumes QEMU cannot open: ${facts.impassable}. Let others pass that folder (\`chmod o+x\`), or name another pool.`;
    return { problem: { path, reason } };
  }
  if (networkPoolTypes.has(facts.type)) return lookAtNetworkPool(asked, layout, pool, facts, options);
  if (existing !== undefined && isFolderPool(facts.type)) return lookAtFile(asked, layout, existing.path, options);
  const format = disk.format ?? (mustExist ? formatByName(disk.volume) : undefined) ?? (isFolderPool(facts.type) ? "qcow2" : "raw");
  const name = volumeName(inputs.name, key, { ...disk, format });
  const volumePath = existing?.path ?? `${facts.path.replace(/\/$/, "")}/${name}`;
  const own = { ...facts, path: volumePath };
  const image = await lookAtImage(asked, layout, { pool, format }, options);
  if (image === undefined) return { storage: { path: volumePath, format, pool, chain: [own] } };
  if (!("image" in image)) return image;
  const chain = image.image.clone === "linked" ? ([own, ...image.chain] as const) : ([own] as const);
  return { storage: { path: volumePath, format, pool, chain, image: image.image } };
}

const formatByName = (name: string | undefined): DiskFormat | undefined =>
  name?.endsWith(".qcow2") === true ? "qcow2" : name?.match(/\.(img|raw)$/) ? "raw" : undefined;

/** Pool types whose volumes QEMU reaches over the network by itself. */
const networkPoolTypes: ReadonlySet<string> = new Set(["rbd", "iscsi-direct"]);

async function lookAtNetworkPool(
  { inputs, services }: Asked,
  { key, inputs: disk }: DiskLayout,
  pool: string,
  facts: PoolFacts,
  { signal }: ObserveOptions,
): Promise<Looked> {
  const record = await services.libvirt.findPool(pool, { signal });
  const name = volumeName(inputs.name, key, { ...disk, format: "raw" });
  const source = record && volumeSource(parsePool(record.xml), name);
  if (source === undefined || "problem" in source) {
    const reason = `is ${JSON.stringify(pool)}, ${source?.problem ?? "which is gone"}.`;
    return { problem: { path: propertyPath(["disks", key, "pool"]), reason } };
  }
  const path = sourceName(source) ?? name;
  return { storage: { path, format: disk.format ?? "raw", pool, network: source, chain: [{ ...facts, path }] } };
}
