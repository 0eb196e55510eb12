// The cache decision of one disk: what is asked + what its storage can do -> a mode with its reason, or a refusal.
import { autoCache, autoRow, type AutoCache } from "./auto-cache";
import { chainDirectIo, type Chain } from "./chain-direct-io";
import type { DiskProblem, DiskQuestion } from "./disk";
import type { WhenDirectIoMissing } from "./policy";
import { asker, directIoClause, placeInChain } from "./reason";
import { isExplicit, type Resolved } from "./resolve-rule";
import { cacheModeMeaning, type CacheMode, type CacheSetting } from "./settings";

/** A mode and why. `explicit`: the program named it at the disk or its VM, so that nothing may bend it. */
export interface CacheChoice {
  readonly cache: CacheMode;
  readonly explicit: boolean;
  readonly reason: string;
  readonly notVerified?: string | undefined;
  readonly warnings: readonly string[];
}

export type CacheOutcome = CacheChoice | { readonly problems: readonly DiskProblem[] };

type Asked<Value = CacheSetting> = Resolved<Value>;

export function planCache(question: DiskQuestion, asked: Asked): CacheOutcome {
  if (question.disk.shareable) return planSharedCache(question, asked);
  if (asked.value === "auto") return planAutoCache(question, asked);
  return planNamedCache(question, { level: asked.level, value: asked.value });
}

/** Whether guests can only read the disk: a mode then decides nothing but whether it opens. What lies on a web server is never written. */
export function isReadOnly({ disk, chain }: DiskQuestion): boolean {
  return disk.readonly || disk.device === "cdrom" || chain[0].kind === "http";
}

/** Asked for by name: taken where it works or where nobody knows; where it does not, refused, or adapted if only a policy asks. */
function planNamedCache(question: DiskQuestion, asked: Asked<CacheMode>): CacheOutcome {
  const { chain } = question;
  const directIo = chainDirectIo(chain);
  const explicit = isExplicit(asked.level);
  const by = asker(asked.level, question);
  if (!cacheModeMeaning[asked.value].direct) {
    const reason = `${asked.value}, as ${by} asks; ${placeInChain(chain, chain[0])}.`;
    return { cache: asked.value, explicit, reason, warnings: asked.value === "unsafe" ? [unsafeWarning(question)] : [] };
  }
  if (directIo.answer === "no") return explicit ? refuseNamed(question, asked) : adaptPolicy(question, asked);
  const reason = `${asked.value}, as ${by} asks; ${placeInChain(chain, directIo.by)}, ${directIoClause(directIo.by)}.`;
  return { cache: asked.value, explicit, reason, ...directModeRemarks(chain) };
}

/** A direct mode from a policy on a storage without direct I/O. `directsync` promises durable writes, which only writethrough keeps. */
function adaptPolicy(question: DiskQuestion, asked: Asked<CacheMode>): CacheOutcome {
  const { by } = chainDirectIo(question.chain);
  const missing = whenMissing(question);
  const where = `${placeInChain(question.chain, by)}, ${directIoClause(by)}`;
  const who = `${asker(asked.level, question)} asks for ${asked.value}, which needs it`;
  if (missing === "refuse") {
    return refuse("cache", `${where}; ${who}, and whenDirectIoMissing is "refuse". Ways out: ${waysOut(["writeback"])}.`);
  }
  if (asked.value === "directsync") {
    return adapted(
      "writethrough",
      `writethrough, because ${where}; ${who}, and only writethrough keeps its promise that every write is durable.`,
    );
  }
  return adapted(missing, `${missing}, because ${where}; ${who}, so whenDirectIoMissing decides.`);
}

/** Nobody names a mode: the storage decides. */
function planAutoCache(question: DiskQuestion, asked: Asked): CacheOutcome {
  const auto = autoCache(question.chain);
  const where = autoClause(question.chain, auto);
  const cache = autoMode(auto, isReadOnly(question) ? "writeback" : whenMissing(question));
  if (cache === "refuse") {
    const ways = waysOut(auto.decides === "avoid" ? ["writeback", "none"] : ["writeback"]);
    return refuse("cache", `${where}; auto would need direct I/O, because whenDirectIoMissing is "refuse". Ways out: ${ways}.`);
  }
  const who = asked.level === "default" ? "nobody asked for a mode, so auto decides" : `${asker(asked.level, question)} asks for auto`;
  const missing = cache === "writethrough" ? ", and whenDirectIoMissing is writethrough" : "";
  return adapted(cache, `${cache}, because ${where}; ${who}${missing}.`);
}

function autoMode({ decides }: AutoCache, missing: WhenDirectIoMissing): CacheMode | "refuse" {
  const modes = {
    direct: "none",
    missing,
    avoid: missing,
    // Not knowing is no reason to refuse, nor to slow a guest down: writeback is as safe in a crash as none.
    unknown: "writeback",
    unsure: "writeback",
    cached: "writeback",
  } as const satisfies Record<AutoCache["decides"], CacheMode | "refuse">;
  return modes[decides];
}

function autoClause(chain: Chain, auto: AutoCache): string {
  const where = placeInChain(chain, auto.by);
  if ("because" in auto) return `${where}, and ${auto.because}`;
  const row = autoRow(auto.by);
  const remark = auto.decides === "direct" && row.because !== undefined ? `, and ${row.because}` : "";
  const rest = auto.decides === "direct" && chain.length > 1 ? `, as it does on all its backing files` : "";
  return `${where}, ${directIoClause(auto.by)}${rest}${remark}`;
}

/** Several guests on one disk see each other's writes only where no page cache stands between them. */
function planSharedCache(question: DiskQuestion, asked: Asked): CacheOutcome {
  const { disk, chain } = question;
  const rule = "a shareable disk is coherent only without a cache";
  if (disk.format !== "raw") {
    return refuse(
      "shareable",
      `${chain[0].path} is ${disk.format}, whose metadata two guests would overwrite: a shareable disk must be raw.`,
    );
  }
  const named = asked.value !== "auto" && cacheModeMeaning[asked.value].direct ? asked.value : undefined;
  const overridden = asked.value !== "auto" && named === undefined;
  const explicit = isExplicit(asked.level);
  const by = asker(asked.level, question);
  if (overridden && explicit) {
    const what = `${by} asks for ${asked.value}, but ${rule}, and ${placeInChain(chain, chain[0])}`;
    return refuse("cache", `${what}. Ways out: cache: "none", "directsync" or "auto", or shareable: false.`);
  }
  const directIo = chainDirectIo(chain);
  const where = `${placeInChain(chain, directIo.by)}, ${directIoClause(directIo.by)}`;
  if (directIo.answer === "no") {
    const field = explicit && named !== undefined ? "cache" : "shareable";
    return refuse(field, `${rule}, and ${where}. Ways out: shareable: false, or a pool with direct I/O.`);
  }
  const cache = named ?? "none";
  const who = overridden ? `, so the ${asked.value} that ${by} asks for is not taken` : "";
  const reason = `${cache}, because ${rule}${who}; ${where}.`;
  return { cache, explicit: explicit && named !== undefined, reason, ...directModeRemarks(chain) };
}

/** What to know of a direct mode on this chain: why it is not verified, and the trouble that storages are known for. */
function directModeRemarks(chain: Chain): Pick<CacheChoice, "notVerified" | "warnings"> {
  const { answer, by } = chainDirectIo(chain);
  const warnings = chain.flatMap((element) => {
    const row = autoRow(element);
    if (row.use !== "avoid" && row.use !== "unsure") return [];
    return [`Without a cache this disk may see trouble: ${placeInChain(chain, element)}, and ${row.because} (${row.source}).`];
  });
  if (answer !== "unknown") return { warnings };
  return { warnings, notVerified: `${placeInChain(chain, by)}, ${directIoClause(by)}` };
}

function refuseNamed(question: DiskQuestion, asked: Asked<CacheMode>): CacheOutcome {
  const { chain } = question;
  const { by } = chainDirectIo(chain);
  const auto = isReadOnly(question) ? "writeback" : whenMissing(question);
  const modes: readonly CacheMode[] = asked.value === "directsync" ? ["writethrough", "writeback"] : ["writeback"];
  const automatic = auto === "refuse" ? [] : [`cache: "auto" (${auto} here)`];
  const what = `${asker(asked.level, question)} asks for cache ${asked.value}, which needs direct I/O: ${placeInChain(chain, by)}, ${directIoClause(by)}`;
  return refuse("cache", `${what}. Ways out: ${[...automatic, waysOut(modes)].join(", ")}.`);
}

function waysOut(modes: readonly CacheMode[]): string {
  return [...modes.map((mode) => `cache: "${mode}"`), "or a pool with direct I/O"].join(", ");
}

function unsafeWarning({ chain }: DiskQuestion): string {
  return `unsafe ignores the guest's flushes: a crash of the host can destroy ${chain[0].path}.`;
}

function whenMissing({ policy }: DiskQuestion): WhenDirectIoMissing {
  return policy.whenDirectIoMissing ?? "writeback";
}

function adapted(cache: CacheMode, reason: string): CacheChoice {
  return { cache, explicit: false, reason, warnings: [] };
}

function refuse(field: DiskProblem["field"], reason: string): CacheOutcome {
  return { problems: [{ field, reason }] };
}
