// For every disk: its storage's facts, the planner's decision, and the settings with their reason. I/O only through the host observer.
import type { Problem } from "../../errors";
import type { ChainElement, ObserveOptions } from "../../host/observer";
import { planDisk } from "../../plan/plan-disk";
import type { DiskPlan, DiskQuestion } from "../../plan/disk";
import type { PlatformFacts } from "../../plan/facts";
import type { HostPolicy } from "../../plan/policy";
import { driverFields } from "../../plan/settings";
import { propertyPath } from "../property-path";
import type { Value, Values } from "../resource";
import { defined, isValues, sameValue } from "../values";
import type { EffectiveDisk, VirtualMachineInputs } from "./contract";
import type { DiskLayout } from "./disk-layout";
import { diskLayouts } from "./disk-layout";
import { shownNetwork, sourceFields } from "./disk-sources";
import { lookAtDisk } from "./disk-storage";
import type { Asked, DiskStorage } from "./disk-storage";

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
  const looked = await Promise.all(layouts.map(async (layout) => ({ layout, look: await lookAtDisk(asked, layout, options) })));

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
    disk: {
      key,
      device,
      format,
      readonly,
      shareable,
      pool,
      own,
      vm: inputs,
      preallocated: own.preallocation === "full",
      discardNoUnref: own.discardNoUnref ?? false,
    },
    chain,
    policy,
    hypervisor: { libvirtVersion, qemuVersion },
  };
}

function effectiveDisk(layout: DiskLayout, storage: DiskStorage, plan: DiskPlan): EffectiveDisk {
  const { cache, io, discard, detectZeroes, reason, notVerified, migration, guestWriteCache } = plan;
  const network = storage.network && shownNetwork(storage.network);
  return {
    target: layout.target,
    ...defined({ path: storage.path, network, image: storage.image, notVerified, guestWriteCache }),
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

/** Inputs that a disk's settings are worked out from. */
const questionFields = ["name", "cache", "io", "discard", "detectZeroes"] as const;
const diskQuestionFields = [
  ...sourceFields,
  "volume",
  "image",
  "imageFormat",
  "clone",
  "format",
  "device",
  "readonly",
  "shareable",
  "preallocation",
  "discardNoUnref",
  ...driverFields,
] as const;

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
