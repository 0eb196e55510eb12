// For every disk: its storage's facts, the planner's decision, and the settings with their reason. I/O only through the host observer.
import type { Problem } from "../../errors";
import type { ChainElement, ObserveOptions } from "../../host/observer";
import { planDisk } from "../../plan/plan-disk";
import type { DiskPlan, DiskQuestion } from "../../plan/disk";
import type { PlatformFacts, StorageFacts } from "../../plan/facts";
import type { HostPolicy } from "../../plan/policy";
import { driverFields } from "../../plan/settings";
import { propertyPath } from "../property-path";
import type { Services } from "../resource";
import type { Value, Values } from "../resource";
import { defined, isValues, sameValue } from "../values";
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
      /** Names of the pools that these disks rest on. */
      readonly usedPools: readonly string[];
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
  return { effective, warnings, usedPools: usedPools(disks) };
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

function effectiveDisk(layout: DiskLayout, storage: DiskStorage, plan: DiskPlan): EffectiveDisk {
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

function usedPools(disks: readonly { storage: DiskStorage }[]): string[] {
  const pools = disks.flatMap(({ storage: { pool, chain = [] } }) => [
    pool,
    ...chain.map((element) => (element as Partial<ChainElement>).pool),
  ]);
  return [...new Set(pools.filter((pool) => pool !== undefined))];
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

/** Inputs that a disk's settings are worked out from. */
const questionFields = ["name", "cache", "io", "discard", "detectZeroes"] as const;
const diskQuestionFields = ["file", "pool", "volume", "format", "device", "readonly", "shareable", ...driverFields] as const;

/**
 * The paths at which `news` asks something else of the disks than `olds` did. None: the answer of last time holds, where asking again would
 * touch the host. `olds` as checked: its policy holds no rules for the pools that its disks are not on.
 */
export function questionChanges(olds: Values, news: Values): (readonly string[])[] {
  const [before, after] = [valuesOf(olds["disks"]), valuesOf(news["disks"])];
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return [
    ...questionFields.filter((field) => !sameValue(olds[field], news[field])).map((field) => [field]),
    ...keys.flatMap((key) =>
      diskQuestionFields
        .filter((field) => !sameValue(valuesOf(before[key])[field], valuesOf(after[key])[field]))
        .map((field) => ["disks", key, field]),
    ),
    ...(samePolicy(olds, news) ? [] : [["host"]]),
  ];
}

const valuesOf = (value: Value | undefined): Values => (isValues(value) ? value : {});

/** The parts of the policy that decide a disk's settings, besides the rules for pools. */
const policyQuestionFields = [...driverFields, "storageKinds", "whenDirectIoMissing"] as const;

function samePolicy(olds: Values, news: Values): boolean {
  const [before, after] = [valuesOf(olds["host"]), valuesOf(news["host"])];
  const [old, now] = [valuesOf(before["policy"]), valuesOf(after["policy"])];
  const facts = valuesOf(valuesOf(before["facts"])["pools"]);
  const used = new Set([...Object.keys(facts), ...Object.values(valuesOf(news["disks"])).map((disk) => valuesOf(disk)["pool"])]);
  const rules = (all: Value | undefined) => Object.fromEntries(Object.entries(valuesOf(all)).filter(([name]) => used.has(name)));
  return policyQuestionFields.every((field) => sameValue(old[field], now[field])) && sameValue(rules(old["pools"]), rules(now["pools"]));
}
