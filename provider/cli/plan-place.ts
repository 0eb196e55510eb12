// `pulumi-kvm plan`: a file or pool of the host -> the settings that a disk there would get, what else it may have, and the facts behind.
import { RefusedError } from "../errors";
import type { DiskDecision, DiskPlan, DiskProblem, DiskQuestion, DiskRequest } from "../plan/disk";
import type { StorageFacts } from "../plan/facts";
import { planDisk } from "../plan/plan-disk";
import { cacheModes, type CacheMode, type DiskRule } from "../plan/settings";
import { closedTo } from "../resources/virtual-machine/closed-to";
import { isFolderPool } from "../resources/volume-clone";
import { observing, type CommandContext, type Outcome } from "./command";
import { exitCodes } from "./exit-codes";
import { planText } from "./show-plan";

export interface PlanRequest {
  /** A path, which has a slash, or the name of a pool. */
  readonly place: string;
  readonly asked: DiskRule;
  readonly format?: "raw" | "qcow2" | undefined;
  readonly readonly: boolean;
  readonly shareable: boolean;
}

/** What would come of one cache mode asked for by name. */
export interface ModeVerdict {
  readonly cache: CacheMode;
  readonly allowed: boolean;
  readonly reason: string;
  readonly notVerified?: string | undefined;
  readonly warnings: readonly string[];
}

export interface PlanReport {
  readonly uri: string;
  readonly place: string;
  readonly pool?: string | undefined;
  readonly format: "raw" | "qcow2";
  readonly asked: DiskRule;
  /** The settings with their reason; absent where what is asked for is refused. */
  readonly plan?: DiskPlan | undefined;
  /** Why it is refused, or why no VM could open it. */
  readonly problems: readonly (DiskProblem | { readonly field: "file" | "pool"; readonly reason: string })[];
  readonly modes: readonly ModeVerdict[];
  /** The disk's own storage, then its backing files'. */
  readonly storage: readonly StorageFacts[];
}

type Place = Pick<DiskQuestion, "chain"> & Pick<DiskRequest, "format" | "pool">;

const refuse = (place: string, reason: string) => new RefusedError([{ path: place, reason }]);

async function placeOfPool(name: string, { format }: PlanRequest, context: CommandContext): Promise<Place> {
  const observed = await context.host.observePool(name, observing(context));
  if (observed === undefined) {
    throw refuse(
      name,
      `the host has no such storage pool; \`virsh -c ${context.libvirt.uri} pool-list --all\` shows those that it has. A file is named with its whole path.`,
    );
  }
  if ("needsProbe" in observed) throw refuse(name, probeNeeded);
  return { pool: name, format: format ?? (isFolderPool(observed.facts.type) ? "qcow2" : "raw"), chain: [observed.facts] };
}

const probeNeeded = "only a probe domain can tell whether direct I/O works there: leave --no-probe out.";

async function placeOfFile(path: string, { format }: PlanRequest, context: CommandContext): Promise<Place> {
  const observed = await context.host.observeChain(path, { ...observing(context), format });
  if (observed === undefined) {
    throw refuse(
      path,
      "the host has no such file in a pool, and it is not visible from here. Correct the path, or name the pool that it is to lie in.",
    );
  }
  if ("needsProbe" in observed) throw refuse(path, probeNeeded);
  const [image] = observed.facts;
  const known = format ?? image.format;
  if (known === "other") throw refuse(path, "is neither raw nor qcow2 as far as the host can tell: say --format.");
  return { pool: image.pool, format: known, chain: observed.facts };
}

function verdictOn(cache: CacheMode, decision: DiskDecision): ModeVerdict {
  if ("problems" in decision) {
    return { cache, allowed: false, reason: decision.problems.map(({ reason }) => reason).join(" "), warnings: [] };
  }
  const { reason, notVerified, warnings } = decision.plan;
  return { cache, allowed: true, reason, ...(notVerified === undefined ? {} : { notVerified }), warnings };
}

export async function planPlace(request: PlanRequest, context: CommandContext): Promise<Outcome> {
  const { place, asked, readonly, shareable } = request;
  const isFile = place.includes("/");
  const [{ libvirtVersion, qemuVersion }, { chain, format, pool }] = await Promise.all([
    context.libvirt.identify({ signal: context.signal }),
    isFile ? placeOfFile(place, request, context) : placeOfPool(place, request, context),
  ]);
  const decide = (own: DiskRule) =>
    planDisk({
      disk: { key: "disk", device: "disk", format, readonly, shareable, pool, own, vm: {} },
      chain,
      policy: {},
      hypervisor: { libvirtVersion, qemuVersion },
    });
  const decision = decide(asked);
  const closed = closedTo(chain);
  const report: PlanReport = {
    uri: context.libvirt.uri,
    place,
    ...(pool === undefined ? {} : { pool }),
    format,
    asked,
    ...("plan" in decision ? { plan: decision.plan } : {}),
    problems: [
      ...(closed === undefined ? [] : [{ field: isFile ? "file" : "pool", reason: closed } as const]),
      ...("problems" in decision ? decision.problems : []),
    ],
    modes: cacheModes.map((cache) => verdictOn(cache, decide({ cache }))),
    storage: chain,
  };
  return { report, text: (page) => planText(report, page), exitCode: report.problems.length === 0 ? exitCodes.well : exitCodes.wrong };
}
