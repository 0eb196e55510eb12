// Every cache mode that a storage allows, by qemu-img's own benchmark, and what `auto` chooses there: is the planner's table right in numbers?
import { connectLibvirt } from "../provider/libvirt/connect";
import { createHostObserver } from "../provider/host/observe-host";
import type { HostObserver } from "../provider/host/observer";
import type { DiskDecision, HypervisorFacts } from "../provider/plan/disk";
import { planDisk } from "../provider/plan/plan-disk";
import { cacheModeMeaning, cacheModes } from "../provider/plan/settings";
import type { CacheMode, CacheSetting, IoMode } from "../provider/plan/settings";
import { labHost } from "../tools/lab/lab";
import type { LabHost } from "../tools/lab/lab";
import { whyStillRight } from "./cache-reasons";
import { benchStorages, imageMiB, missingForStorage } from "./cache-storages";
import type { BenchImage, BenchStorage } from "./cache-storages";
import { calibrate, fill, isMeasured, measureRound, workloadNames, workloads } from "./cache-workloads";
import type { Run, SizedRun, WorkloadName } from "./cache-workloads";
import { median, sayMachine } from "./report";

const rounds = 3;
/** More of the two modes where one seems to be slower, so that nobody looks for reasons of the machine's moods. */
const confirmingRounds = 6;
const runMs = 120;
/** A mode that is slower than this part of another one's speed asks for a reason. */
const tolerated = 0.8;
const nameWidth = 26;
const cellWidth = 11;
const timeoutMs = 30_000;

interface Mode {
  readonly cache: CacheMode;
  readonly io: IoMode;
}

interface Planned {
  readonly auto: Mode & { readonly reason: string };
  readonly allowed: readonly Mode[];
  readonly refused: readonly { readonly cache: CacheMode; readonly why: string }[];
}

/** Rates of one mode at one workload, one of each round; none where it has no meaning. */
type Rates = (cache: CacheMode, workload: WorkloadName) => readonly number[];

function ask(chain: BenchImage["chain"], hypervisor: HypervisorFacts, cache: CacheSetting): DiskDecision {
  const disk = { key: "bench", device: "disk", format: "raw", readonly: false, shareable: false, own: { cache }, vm: {} } as const;
  return planDisk({ disk, chain, policy: {}, hypervisor });
}

/** The real planner's word on `auto` and on each mode by name. */
function planModes({ chain }: BenchImage, hypervisor: HypervisorFacts): Planned {
  const auto = ask(chain, hypervisor, "auto");
  if ("problems" in auto) throw new Error(auto.problems.map(({ reason }) => reason).join(" "));
  const asked = cacheModes.map((cache) => ({ cache, decision: ask(chain, hypervisor, cache) }));
  return {
    auto: auto.plan,
    allowed: asked.flatMap(({ cache, decision }) => ("plan" in decision ? [{ cache, io: decision.plan.io }] : [])),
    refused: asked.flatMap(({ cache, decision }) =>
      "plan" in decision ? [] : [{ cache, why: decision.problems.map(({ reason }) => reason).join(" ") }],
    ),
  };
}

interface Sample extends SizedRun {
  readonly rates: number[];
}

/** All of them in each round, forth and back, so that the machine's moods, and what one run leaves to the next, fall on all alike. */
async function addRounds(lab: LabHost, image: BenchImage, samples: readonly Sample[], count: number): Promise<void> {
  if (samples.length === 0) return;
  for (let round = 0; round < count; round += 1) {
    const order = round % 2 === 0 ? samples : [...samples].reverse();
    const rates = await measureRound(lab, image, order);
    for (const [index, sample] of order.entries()) sample.rates.push(rates[index] ?? NaN);
  }
}

async function measure(lab: LabHost, image: BenchImage, planned: Planned): Promise<Rates> {
  const names = workloadNames.filter((name) => isMeasured(image, name));
  const runs: readonly Run[] = names.flatMap((workload) => planned.allowed.map((mode) => ({ ...mode, workload })));
  await fill(lab, image);
  const requests = await calibrate(lab, image, runs, runMs);
  const samples: readonly Sample[] = runs.map((run, index) => ({ ...run, requests: requests[index] ?? 0, rates: [] }));
  const rates: Rates = (cache, workload) => samples.find((run) => run.cache === cache && run.workload === workload)?.rates ?? [];
  await addRounds(lab, image, samples, rounds);
  const doubts = slowerCases(planned, rates);
  const isDoubted = ({ cache, workload }: Run) =>
    doubts.some((doubt) => doubt.workload === workload && (cache === planned.auto.cache || cache === doubt.than));
  await addRounds(lab, image, samples.filter(isDoubted), confirmingRounds);
  return rates;
}

const cell = (values: readonly number[]): string => (values.length === 0 ? "-" : median(values).toFixed(0)).padStart(cellWidth);

function sayHeader(): void {
  const columns = workloadNames.map((name) => workloads[name]);
  console.log(`  ${"".padEnd(nameWidth)}${columns.map(({ title }) => title.padStart(cellWidth)).join("")}`);
  console.log(`  ${"".padEnd(nameWidth)}${columns.map(({ unit }) => unit.padStart(cellWidth)).join("")}`);
}

function sayRates({ auto, allowed }: Planned, rates: Rates): void {
  for (const { cache, io } of allowed) {
    const mark = cache === auto.cache ? "*" : " ";
    console.log(`  ${`${mark} ${cache}, ${io}`.padEnd(nameWidth)}${workloadNames.map((name) => cell(rates(cache, name))).join("")}`);
  }
}

interface SlowerCase {
  readonly workload: WorkloadName;
  readonly than: CacheMode;
  readonly times: number;
}

/** Modes that promise the guest the same: which flush, and whether it is heeded. */
const isEquallySafe = (one: CacheMode, other: CacheMode): boolean =>
  cacheModeMeaning[one].guestWriteCache === cacheModeMeaning[other].guestWriteCache &&
  cacheModeMeaning[one].noFlush === cacheModeMeaning[other].noFlush;

const quantile = (values: readonly number[], part: number): number =>
  [...values].sort((left, right) => left - right)[Math.round((values.length - 1) * part)] ?? NaN;

/** By more than what is tolerated in the middle, and by more than chance: the middle halves of the rounds do not touch. */
const isSlower = (slow: readonly number[], fast: readonly number[]): boolean =>
  median(slow) < tolerated * median(fast) && quantile(slow, 0.75) < quantile(fast, 0.25);

/** Where another mode that is as safe as auto's is faster. */
function slowerCases({ auto, allowed }: Planned, rates: Rates): readonly SlowerCase[] {
  const others = allowed.map(({ cache }) => cache).filter((cache) => cache !== auto.cache && isEquallySafe(auto.cache, cache));
  return others.flatMap((than) =>
    workloadNames.flatMap((workload) => {
      const [own, other] = [rates(auto.cache, workload), rates(than, workload)];
      return isSlower(own, other) ? [{ workload, than, times: median(other) / median(own) }] : [];
    }),
  );
}

/** What is told at the end: reasons, which recur, in the order of their numbers, and the cases that have none. */
interface Notes {
  readonly reasons: Set<string>;
  readonly unexplained: string[];
}

function sayCases(storage: string, { chain: [{ kind }] }: BenchImage, auto: CacheMode, cases: readonly SlowerCase[], notes: Notes): void {
  for (const { workload, than, times } of cases) {
    const why = whyStillRight[kind]?.[workload];
    const what = `${workloads[workload].title}: ${than} is ${times.toFixed(1)}x as fast as ${auto}`;
    if (why === undefined) notes.unexplained.push(`${storage}, ${what}`);
    else notes.reasons.add(why);
    const said = why === undefined ? "UNEXPLAINED" : `why ${auto} is still right: (${[...notes.reasons].indexOf(why) + 1})`;
    console.log(`    ${what}; ${said}`);
  }
}

function sayNotes({ reasons, unexplained }: Notes): void {
  console.log("");
  for (const [index, reason] of [...reasons].entries()) console.log(`  (${index + 1}) ${reason}.`);
  console.log(`  cases that nobody has explained (they ask for a reason, or for another rule): ${unexplained.length}`);
  for (const what of unexplained) console.log(`    ${what}`);
}

interface Bench {
  readonly lab: LabHost;
  readonly observer: HostObserver;
  readonly hypervisor: HypervisorFacts;
  readonly notes: Notes;
}

async function benchStorage({ lab, observer, hypervisor, notes }: Bench, storage: BenchStorage): Promise<void> {
  const missing = missingForStorage(storage);
  if (missing !== undefined) {
    console.log(`\n  ${storage.name}: SKIPPED, ${missing}`);
    return;
  }
  const image = await storage.make(lab, observer);
  const planned = planModes(image, hypervisor);
  const rates = await measure(lab, image, planned);
  console.log(`\n  ${storage.name}: ${planned.auto.reason}`);
  sayHeader();
  sayRates(planned, rates);
  for (const { cache, why } of planned.refused) console.log(`    ${cache} is refused: ${why}`);
  await image.remove?.();
  sayCases(storage.name, image, planned.auto.cache, slowerCases(planned, rates), notes);
}

function sayLegend(): void {
  console.log(
    `  An image of ${imageMiB} MiB on each storage; medians of ${rounds} rounds, and ${confirmingRounds} more where auto seems slower; * is what auto chooses. All storages lie on this machine, so that`,
  );
  console.log("  below the host's page cache there is memory again: compare modes, not storages.");
  for (const { title, meaning } of Object.values(workloads)) console.log(`    ${title.padEnd(cellWidth)} ${meaning}`);
}

async function main(): Promise<void> {
  const lab = labHost();
  if ("skipped" in lab) throw new Error(`This benchmark ${lab.skipped}.`);
  const libvirt = connectLibvirt({ uri: lab.uri, timeoutMs });
  try {
    const observer = createHostObserver(libvirt);
    const hypervisor = await observer.observePlatform({ depth: "look" });
    sayMachine();
    sayLegend();
    const notes: Notes = { reasons: new Set(), unexplained: [] };
    for (const storage of benchStorages) await benchStorage({ lab, observer, hypervisor, notes }, storage);
    sayNotes(notes);
  } finally {
    await libvirt.close();
  }
}

void main();
