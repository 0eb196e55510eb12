// A disk of a definition -> what the planner says of it on its storage as it is now: refused or not, what `auto` would give, migration.
import type { MigrationVerdict, DiskQuestion } from "../plan/disk";
import type { ObservedDisk } from "../plan/domain";
import { migrationVerdict } from "../plan/migration-verdict";
import { planDisk } from "../plan/plan-disk";
import { isPassthrough } from "../plan/plan-passthrough";
import type { CacheMode, DiskRule, IoMode } from "../plan/settings";
import { factsOfSource } from "../plan/source-facts";
import { closedTo } from "../resources/virtual-machine/closed-to";
import { observing, type CommandContext } from "./command";

export interface JudgedDisk {
  readonly problems: readonly string[];
  readonly auto?: { readonly cache: string; readonly io: string; readonly reason: string };
  readonly migration?: MigrationVerdict;
  /** Why there is no judgement. */
  readonly notJudged?: string;
}

interface DefinedDisk {
  readonly disk: ObservedDisk;
  /** undefined: a word that is none of libvirt's that we know. */
  readonly cache: CacheMode | undefined;
  readonly io: IoMode | undefined;
}

type Storage = Pick<DiskQuestion, "chain"> & { readonly pool?: string | undefined };

const rawOrQcow2 = (format: string | undefined) => (format === "raw" || format === "qcow2" ? format : undefined);

async function storageOf({ source, sourceType, format }: ObservedDisk, context: CommandContext): Promise<Storage | string> {
  if (source === undefined) return `nothing is known of disks of type ${sourceType}`;
  if (source.type !== "file" && source.type !== "block") return { chain: [factsOfSource(source)] };
  const observed = await context.host.observeChain(source.path, { ...observing(context), format: rawOrQcow2(format) });
  if (observed === undefined) return `${source.path} is in no pool of the host, and not visible from here`;
  if ("needsProbe" in observed) return "only a probe domain can tell what its storage can do: leave --no-probe out";
  return { chain: observed.facts, pool: observed.facts[0].pool };
}

export async function judgeDisk({ disk, cache, io }: DefinedDisk, context: CommandContext): Promise<JudgedDisk> {
  if (disk.source?.type === "empty") return { problems: [], migration: { safe: true, reason: "an empty drive has no data to move" } };
  const storage = await storageOf(disk, context);
  if (typeof storage === "string") return { problems: [], notJudged: storage };
  const { libvirtVersion, qemuVersion } = await context.libvirt.identify({ signal: context.signal });
  const { key, readonly, shareable } = disk;
  const questionOf = (own: DiskRule): DiskQuestion => ({
    disk: {
      key,
      device: disk.device === "cdrom" ? "cdrom" : "disk",
      format: rawOrQcow2(disk.format) ?? "raw",
      readonly,
      shareable,
      pool: storage.pool,
      own,
      vm: {},
    },
    chain: storage.chain,
    policy: {},
    hypervisor: { libvirtVersion, qemuVersion },
  });
  // Such disks take no settings: what they amount to is nothing that somebody asked for.
  const present = planDisk(questionOf(isPassthrough(storage) ? {} : { cache, io }));
  const auto = planDisk(questionOf({}));
  const closed = closedTo(storage.chain);
  return {
    problems: [...(closed === undefined ? [] : [closed]), ...("problems" in present ? present.problems.map(({ reason }) => reason) : [])],
    ...("plan" in auto ? { auto: { cache: auto.plan.cache, io: auto.plan.io, reason: auto.plan.reason } } : {}),
    ...(cache === undefined ? {} : { migration: migrationVerdict(questionOf({}), cache) }),
  };
}
