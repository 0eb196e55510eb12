// `pulumi-kvm explain`: a VM of the host, whoever made it -> for every disk what was asked, what is defined, what runs, why, and what would come next.
import { RefusedError } from "../errors";
import type { DomainState } from "../libvirt/port";
import type { MigrationVerdict } from "../plan/disk";
import { cacheModes, ioModes, type DiskRule } from "../plan/settings";
import { observeMachine } from "../resources/virtual-machine/observe-machine";
import { oneOf } from "../resources/virtual-machine/observed-disks";
import { driverOf, pendingChanges, pendingSentence } from "../resources/virtual-machine/pending";
import type { ObservedMachine } from "../resources/virtual-machine/state";
import { propertyPath } from "../resources/property-path";
import { isUuid } from "../resources/uuid";
import { sameValue } from "../resources/values";
import type { CommandContext, Outcome } from "./command";
import { exitCodes } from "./exit-codes";
import { judgeDisk } from "./judge-disk";
import { explainText } from "./show-explain";

/** The settings of a disk in a definition, in libvirt's words. */
export type DriverWords = ReturnType<typeof driverOf>;

export interface ExplainedDisk {
  readonly key: string;
  readonly target: string;
  readonly path?: string | undefined;
  /** What the program asked for; absent where another hand made the machine. */
  readonly requested?: DiskRule | undefined;
  /** In the definition: what the next cold start uses. */
  readonly effective: DriverWords;
  /** In the run, or in the saved image; absent where it is stopped. */
  readonly running?: DriverWords | undefined;
  readonly reason: string;
  /** What `auto` would give today, on the storage as it is now; absent where nobody can tell. */
  readonly auto?: { readonly cache: string; readonly io: string; readonly reason: string } | undefined;
  /** What the run does not have yet. */
  readonly pending: readonly string[];
  /** Why the next start would fail, or why these settings are not safe. */
  readonly problems: readonly string[];
  /** absent where nobody can tell, for which `notJudged` says why. */
  readonly migration?: MigrationVerdict | undefined;
  readonly notJudged?: string | undefined;
}

export interface ExplainReport {
  readonly uri: string;
  readonly name: string;
  readonly uuid: string;
  readonly state: DomainState;
  /** Its memory is on disk: the next start goes on where it was. */
  readonly saved: boolean;
  /** The resource in whose stack it was made. */
  readonly urn?: string | undefined;
  readonly disks: readonly ExplainedDisk[];
  /** What waits besides the disks. */
  readonly pending: readonly string[];
}

async function findMachine(vm: string, { libvirt, signal }: CommandContext): Promise<ObservedMachine> {
  const call = { services: { libvirt }, signal };
  const found = (isUuid(vm) ? await observeMachine({ uuid: vm }, call) : undefined) ?? (await observeMachine({ name: vm }, call));
  if (found === undefined) {
    throw new RefusedError([
      { path: vm, reason: `the host has no such VM; \`virsh -c ${libvirt.uri} list --all\` shows those that it has.` },
    ]);
  }
  return found;
}

type PendingByDisk = ReadonlyMap<string, readonly string[]>;

/** "disks.root.cache" is about the disk "root". */
function pendingOf({ defined, running }: ObservedMachine) {
  const changes = running === undefined ? [] : pendingChanges(defined, running);
  const prefixes = defined.disks.map(({ key }) => [key, propertyPath(["disks", key])] as const);
  const isAbout = (path: string, prefix: string) => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`);
  const disks: PendingByDisk = new Map(
    prefixes.map(([key, prefix]) => [key, changes.filter(({ path }) => isAbout(path, prefix)).map(pendingSentence)]),
  );
  const others = changes.filter(({ path }) => !prefixes.some(([, prefix]) => isAbout(path, prefix)));
  return { disks, others: others.map(pendingSentence) };
}

type Disk = ObservedMachine["defined"]["disks"][number];

function reasonFor({ key }: Disk, effective: DriverWords, { defined }: ObservedMachine) {
  const noted = defined.metadata?.disks.find((disk) => disk.key === key);
  if (noted === undefined) return { reason: `${effective.cache}, as found in the definition: another hand made it` };
  const { requested, effective: decided, reason } = noted;
  if (sameValue({ ...decided }, { ...effective })) return { requested, reason };
  return { requested, reason: `${effective.cache}, as found in the definition: another hand changed what was decided (${reason})` };
}

async function explainDisk(disk: Disk, machine: ObservedMachine, pending: PendingByDisk, context: CommandContext): Promise<ExplainedDisk> {
  const effective = driverOf(disk);
  const running = machine.running?.disks.find(({ target }) => target === disk.target);
  const { cache, io } = effective;
  const judged = await judgeDisk({ disk, cache: oneOf(cacheModes, cache), io: oneOf(ioModes, io) }, context);
  return {
    key: disk.key,
    target: disk.target,
    ...(disk.path === undefined ? {} : { path: disk.path }),
    effective,
    ...(running === undefined ? {} : { running: driverOf(running) }),
    ...reasonFor(disk, effective, machine),
    pending: pending.get(disk.key) ?? [],
    ...judged,
  };
}

export async function explainMachine(vm: string, context: CommandContext): Promise<Outcome> {
  const machine = await findMachine(vm, context);
  const { record, defined } = machine;
  const pending = pendingOf(machine);
  const disks = await Promise.all(defined.disks.map((disk) => explainDisk(disk, machine, pending.disks, context)));
  const report: ExplainReport = {
    uri: context.libvirt.uri,
    name: record.name,
    uuid: record.uuid,
    state: record.state,
    saved: record.liveXml === undefined && record.hasManagedSave,
    ...(defined.metadata === undefined ? {} : { urn: defined.metadata.urn }),
    disks,
    pending: pending.others,
  };
  const isWell = disks.every(({ problems }) => problems.length === 0);
  return { report, text: (page) => explainText(report, page), exitCode: isWell ? exitCodes.well : exitCodes.wrong };
}
