// A pool of the host -> its storage facts, as far as they can be had without a probe domain; what needs one is handed back as a question.
import type { PoolRecord } from "../libvirt/port";
import type { HostFacts, PoolFacts, StorageFacts } from "../plan/facts";
import { parsePool } from "../xml/pool-xml";
import type { ProbeAnswer } from "./domain-probe";
import type { Eyes } from "./eyes";
import { answerByTable, observeLocalStorage, withDetails } from "./local-storage";
import type { StorageKindFacts } from "./local-storage";
import { viewOfPool } from "./local-view";
import type { LookOptions } from "./observer";
import { refreshPool } from "./refresh-pool";
import { whyImpassable } from "./why-impassable";
import { kindOfPoolSource, storageOfPoolType } from "./storage-kinds";

/** The facts, or those that stand already and only lack the answer of a probe domain. */
export type PoolLook = {
  readonly name: string;
  /** The pool's folder is the same here as for the daemon. */
  readonly isSeenHere: boolean;
} & ({ readonly facts: PoolFacts } | { readonly unanswered: UnansweredPool });
export type UnansweredPool = StorageKindFacts & Pick<PoolFacts, "type" | "active">;

const inactive = (base: UnansweredPool): PoolFacts => ({
  ...base,
  directIo: "unknown",
  source: "not asked",
  why: "the pool is not active",
});

const byTable = (base: UnansweredPool, directIo: StorageFacts["directIo"]): PoolFacts => ({
  ...base,
  directIo,
  source: "table",
  why: `${base.fileSystem ?? base.kind} is known to ${directIo === "yes" ? "take" : "refuse"} O_DIRECT`,
});

/** A pool whose volumes are no files in a folder: its type tells. */
function deviceLook(name: string, base: UnansweredPool): PoolLook {
  const answer = answerByTable(base);
  if (answer !== "unknown") return { name, isSeenHere: false, facts: byTable(base, answer) };
  return {
    name,
    isSeenHere: false,
    facts: { ...base, directIo: "unknown", source: "not asked", why: `nothing is known of pools of type ${base.type}` },
  };
}

export async function lookAtPool(eyes: Eyes, pool: PoolRecord, options: LookOptions): Promise<PoolLook> {
  const { libvirt, machine, writes } = eyes;
  const { name, type, path = pool.name, sourceFormat } = parsePool(pool.xml);
  const storage = storageOfPoolType(type);
  const told = storage.folder ? kindOfPoolSource(type, sourceFormat) : storage;
  const base: UnansweredPool = { type, active: pool.active, path, kind: told?.kind ?? "other", shared: told?.shared ?? false };
  if (!pool.active) return { name, isSeenHere: false, facts: inactive(base) };
  if (!storage.folder) return deviceLook(name, base);
  const view = await viewOfPool(libvirt, machine, pool, path, () => refreshPool(libvirt, name, options.signal));
  if ("same" in view) {
    const [details, impassable] = await Promise.all([withDetails(machine, view.same), whyImpassable(eyes, path, options.signal)]);
    const local = await observeLocalStorage(writes, details, path, { mayNameFiles: options.depth === "probe", afresh: options.afresh });
    const known = { type, active: true, ...(impassable === undefined ? {} : { impassable }) };
    return "facts" in local
      ? { name, isSeenHere: true, facts: { ...local.facts, ...known } }
      : { name, isSeenHere: true, unanswered: { ...local.known, ...known } };
  }
  const answer = told === undefined ? "unknown" : answerByTable(base);
  if (answer === "unknown") return { name, isSeenHere: false, unanswered: base };
  return { name, isSeenHere: false, facts: byTable({ ...base, ...(sourceFormat ? { fileSystem: sourceFormat } : {}) }, answer) };
}

/** What a probe (by a domain, or by a file that got a name for a moment) said before about the same pool, while libvirt and QEMU are the same. */
export function answeredBefore(
  { name, unanswered }: { readonly name: string; readonly unanswered: UnansweredPool },
  known: HostFacts | undefined,
  versions: Pick<HostFacts, "libvirtVersion" | "qemuVersion">,
): PoolFacts | undefined {
  const before = known?.pools[name];
  const isSame =
    (before?.source === "probe domain" || before?.source === "local write") &&
    before.type === unanswered.type &&
    before.path === unanswered.path &&
    before.kind === unanswered.kind &&
    known?.libvirtVersion === versions.libvirtVersion &&
    known.qemuVersion === versions.qemuVersion;
  return isSame ? before : undefined;
}

export const withProbeAnswer = <Unanswered extends StorageKindFacts>(unanswered: Unanswered, { directIo, why }: ProbeAnswer) => ({
  ...unanswered,
  directIo,
  source: "probe domain" as const,
  why,
});
