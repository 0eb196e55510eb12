// For every disk: its storage's facts, the planner's decision, and the settings with their reason. I/O only through the host observer.
import type { Problem } from "../../errors";
import type { ChainElement, ObserveOptions } from "../../host/observer";
import { planDisk } from "../../plan/plan-disk";
import type { DiskQuestion } from "../../plan/disk";
import type { HostFacts, PlatformFacts, PoolFacts, StorageFacts, StorageKind } from "../../plan/facts";
import type { HostPolicy } from "../../plan/policy";
import { propertyPath } from "../property-path";
import type { Services } from "../resource";
import { defined, sameValue } from "../values";
import type { CheckedInputs, EffectiveDisk, VirtualMachineInputs } from "./contract";
import type { DiskLayout } from "./disk-layout";
import { diskLayouts, volumeName } from "./disk-layout";

/** What the storage of one disk is: nearest element first. */
interface DiskStorage {
  readonly path?: string;
  readonly format: "raw" | "qcow2";
  readonly pool?: string | undefined;
  readonly chain?: readonly [StorageFacts, ...StorageFacts[]];
}

type Looked = { readonly storage: DiskStorage } | { readonly problem: Problem } | { readonly unresolved: string };

export type Resolution =
  | {
      readonly effective: Readonly<Record<string, EffectiveDisk>>;
      /** Sentences for the user, each with its property path. */
      readonly warnings: readonly string[];
      /** The part of the host's settings that these disks rest on. */
      readonly usedPools: Readonly<Record<string, PoolFacts>>;
      readonly usedKinds: readonly StorageKind[];
    }
  | { readonly problems: readonly Problem[] }
  /** Cannot be known without touching the host, or before something else is made: which disks, and why. */
  | { readonly unresolved: readonly string[] };

export interface Asked {
  readonly inputs: VirtualMachineInputs & { readonly name: string };
  /** The disks of last time: targets and formats are given once and kept. */
  readonly previous?: CheckedInputs["effectiveDisks"] | undefined;
  readonly services: Services;
  readonly observe: Pick<ObserveOptions, "depth" | "signal" | "status">;
}

const emptyDrive = (target: string): EffectiveDisk => ({
  target,
  format: "raw",
  cache: "writeback",
  io: "threads",
  discard: "ignore",
  detectZeroes: "off",
  reason: "writeback, because the drive is empty: there is no storage to suit.",
  migratable: true,
  migrationReason: "an empty drive has no data to move",
});

/** Works out the settings of all disks. Problems of all disks come together. */
export async function resolveDisks(asked: Asked): Promise<Resolution> {
  const { inputs, previous, services, observe } = asked;
  const layouts = diskLayouts(inputs.disks, previous);
  const options: ObserveOptions = { ...observe, known: inputs.host?.facts };
  const looked = await Promise.all(layouts.map(async (layout) => ({ layout, look: await look(asked, layout, options) })));

  const problems = looked.flatMap(({ look }) => ("problem" in look ? [look.problem] : []));
  const unresolved = looked.flatMap(({ look }) => ("unresolved" in look ? [look.unresolved] : []));
  if (problems.length > 0) return { problems };
  if (unresolved.length > 0) return { unresolved };

  const platform = inputs.host?.facts ?? (await services.host.observePlatform(options));
  const disks = looked.flatMap(({ layout, look }) => ("storage" in look ? [{ layout, storage: look.storage }] : []));
  return decide(asked, disks, platform);
}

function decide({ inputs }: Asked, disks: readonly { layout: DiskLayout; storage: DiskStorage }[], platform: PlatformFacts): Resolution {
  const policy: HostPolicy = inputs.host?.policy ?? {};
  const effective: Record<string, EffectiveDisk> = {};
  const problems: Problem[] = [];
  const warnings: string[] = [];
  for (const { layout, storage } of disks) {
    const question = questionOf(inputs, layout, storage, policy, platform);
    if (question === undefined) {
      effective[layout.key] = emptyDrive(layout.target);
      continue;
    }
    const decision = planDisk(question);
    if ("problems" in decision) {
      problems.push(...decision.problems.map(({ field, reason }) => ({ path: propertyPath(["disks", layout.key, field]), reason })));
      continue;
    }
    effective[layout.key] = effectiveDisk(layout, storage, decision.plan);
    warnings.push(...decision.plan.warnings.map((warning) => `disks.${layout.key}: ${warning}`));
  }
  if (problems.length > 0) return { problems };
  return { effective, warnings, ...usedFacts(inputs.host?.facts, disks) };
}

function questionOf(
  inputs: VirtualMachineInputs,
  { key, inputs: own, device, readonly, shareable }: DiskLayout,
  { chain, format, pool }: DiskStorage,
  policy: HostPolicy,
  { libvirtVersion, qemuVersion }: PlatformFacts,
): DiskQuestion | undefined {
  if (chain === undefined) return undefined;
  return {
    disk: { key, device, format, readonly, shareable, pool, own, vm: inputs },
    chain,
    policy,
    hypervisor: { libvirtVersion, qemuVersion },
  };
}

function effectiveDisk(layout: DiskLayout, storage: DiskStorage, plan: import("../../plan/disk").DiskPlan): EffectiveDisk {
  const { cache, io, discard, detectZeroes, reason, notVerified, migration } = plan;
  return {
    target: layout.target,
    ...defined({ path: storage.path, notVerified }),
    format: storage.format,
    cache,
    io,
    discard,
    detectZeroes,
    reason,
    migratable: migration.safe,
    migrationReason: migration.reason,
  };
}

function usedFacts(facts: HostFacts | undefined, disks: readonly { storage: DiskStorage }[]) {
  const chainPaths = disks.flatMap(({ storage }) => [...(storage.chain ?? [])]);
  const pools = new Set(
    disks.flatMap(({ storage }) => [storage.pool, ...(storage.chain ?? []).map((element) => (element as Partial<ChainElement>).pool)]),
  );
  return {
    usedPools: Object.fromEntries(Object.entries(facts?.pools ?? {}).filter(([name]) => pools.has(name))),
    usedKinds: [...new Set(chainPaths.map(({ kind }) => kind))],
  };
}

async function look(asked: Asked, layout: DiskLayout, options: ObserveOptions): Promise<Looked> {
  const { file, pool } = layout.inputs;
  if (file !== undefined) return lookAtFile(asked, layout, file, options);
  if (pool !== undefined) return lookAtPool(asked, layout, pool, options);
  return { storage: { format: "raw" } };
}

async function lookAtFile(
  { services, previous }: Asked,
  { key, inputs }: DiskLayout,
  file: string,
  options: ObserveOptions,
): Promise<Looked> {
  const observed = await services.host.observeChain(file, options);
  const path = propertyPath(["disks", key, "file"]);
  if (observed === undefined) {
    const reason = `is ${JSON.stringify(file)}, but the host has no such file in a pool, and it is not visible from here. Make it first, put it into a storage pool, or correct the path.`;
    return options.depth === "look" ? { unresolved: `${path} ${reason}` } : { problem: { path, reason } };
  }
  if ("needsProbe" in observed) return { unresolved: `${path}: direct I/O of ${observed.needsProbe.join(", ")} must be tried by QEMU` };
  const [image] = observed.facts;
  const format = inputs.format ?? keptFormat(previous?.[key], file) ?? image.format;
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

async function lookAtPool(
  { inputs, services }: Asked,
  { key, inputs: disk }: DiskLayout,
  pool: string,
  options: ObserveOptions,
): Promise<Looked> {
  const known = inputs.host?.facts.pools[pool];
  const observed = known === undefined ? await services.host.observePool(pool, options) : { facts: known };
  const path = propertyPath(["disks", key, "pool"]);
  if (observed === undefined) {
    const reason = `is ${JSON.stringify(pool)}, but the host has no such storage pool.`;
    return options.depth === "look"
      ? { unresolved: `${path} ${reason}` }
      : { problem: { path, reason: `${reason} Define and start it, or name another.` } };
  }
  if ("needsProbe" in observed) return { unresolved: `${path}: direct I/O of pool ${pool} must be tried by QEMU` };
  const { facts } = observed;
  const format = disk.format ?? (fileFormatPools.has(facts.type) ? "qcow2" : "raw");
  const name = volumeName(inputs.name, key, { ...disk, format });
  const volumePath = `${facts.path.replace(/\/$/, "")}/${name}`;
  return { storage: { path: volumePath, format, pool, chain: [{ ...facts, path: volumePath }] } };
}

/** Pool types whose volumes are files in a folder, so that they may be qcow2. */
const fileFormatPools: ReadonlySet<string> = new Set(["dir", "fs", "netfs", "vstorage"]);

/** Whether the same question was asked last time, so that the same answer holds where asking again would touch the host. */
export const sameQuestion = (left: VirtualMachineInputs, right: VirtualMachineInputs): boolean =>
  (["disks", "cache", "io", "discard", "detectZeroes", "name"] as const).every((field) => sameValue(left[field], right[field])) &&
  sameValue(left.host?.policy, right.host?.policy);
