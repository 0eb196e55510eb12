// What the cache benchmark does to an image in one mode: qemu-img's own benchmark, as a script that runs inside the private host.
import { hostExec } from "../tools/lab/lab";
import type { LabHost } from "../tools/lab/lab";
import type { CacheMode, IoMode } from "../provider/plan/settings";
import { imageMiB } from "./cache-storages";
import type { BenchImage } from "./cache-storages";

const KiB = 1024;
const MiB = 1024 * KiB;
const smallBytes = 4 * KiB;
const largeBytes = 64 * KiB;
/** A prime number of blocks: qemu-img comes by every block before it comes by one again, and each is far from the one before. */
const strideBytes = 10_007 * smallBytes;
const smallDepth = 16;
const largeDepth = 4;
/** One flush after so many writes, which are in flight together: a small transaction. */
const writesPerFlush = 8;
const calibrationRequests = 64;
const shortestSeconds = 0.001;
const shownChars = 1000;

export interface Workload {
  readonly title: string;
  readonly meaning: string;
  readonly unit: "IOPS" | "MiB/s";
  readonly requestBytes: number;
  readonly args: readonly string[];
  /** What the host's page cache holds of the image before: `empty`: nothing, `full`: all of it. Not asked of an image that it never holds. */
  readonly pageCache?: "empty" | "full";
}

const small = ["-s", String(smallBytes), "-S", String(strideBytes), "-d", String(smallDepth)];
const large = ["-s", String(largeBytes), "-d", String(largeDepth)];
const flushed = ["-s", String(smallBytes), "-S", String(strideBytes), "-d", String(writesPerFlush), `--flush-interval=${writesPerFlush}`];

export const workloads = {
  read: {
    title: "read 4K",
    meaning: `${smallDepth} at a time, far apart, each block once, none of it in the host's page cache before`,
    unit: "IOPS",
    requestBytes: smallBytes,
    args: small,
    pageCache: "empty",
  },
  readAgain: {
    title: "again 4K",
    meaning: "the same, all of it in the host's page cache before",
    unit: "IOPS",
    requestBytes: smallBytes,
    args: small,
    pageCache: "full",
  },
  readLarge: {
    title: "read 64K",
    meaning: `${largeDepth} at a time, in order, none of it in the host's page cache before`,
    unit: "MiB/s",
    requestBytes: largeBytes,
    args: large,
    pageCache: "empty",
  },
  write: {
    title: "write 4K",
    meaning: `${smallDepth} at a time, far apart, over old data, with no flush`,
    unit: "IOPS",
    requestBytes: smallBytes,
    args: ["-w", ...small],
  },
  writeLarge: {
    title: "write 64K",
    meaning: `${largeDepth} at a time, in order, over old data, with no flush`,
    unit: "MiB/s",
    requestBytes: largeBytes,
    args: ["-w", ...large],
  },
  flush: {
    title: "flushed 4K",
    meaning: `${writesPerFlush} writes at a time, far apart, then a flush: as journals and databases do`,
    unit: "IOPS",
    requestBytes: smallBytes,
    args: ["-w", ...flushed],
  },
} as const satisfies Record<string, Workload>;
export type WorkloadName = keyof typeof workloads;
export const workloadNames = Object.keys(workloads) as WorkloadName[];

/** Reading again from the host's page cache has no meaning where QEMU goes past it. */
export const isMeasured = (image: BenchImage, name: WorkloadName): boolean => name !== "readAgain" || image.path !== undefined;

export interface Run {
  readonly workload: WorkloadName;
  readonly cache: CacheMode;
  readonly io: IoMode;
}

export interface SizedRun extends Run {
  readonly requests: number;
}

const quoted = (word: string): string => `'${word}'`;

/** What was written before is on its way no longer, and the page cache is as the workload wants it. */
function preparation({ name, path }: BenchImage, pageCache: Workload["pageCache"]): readonly string[] {
  // Behind a driver of QEMU's own only a flush brings to the server's disk what lies in the server's memory.
  const flush = `qemu-img bench -f raw -w -c 1 -d 1 -s ${smallBytes} --flush-interval=1 ${quoted(name)} >/dev/null`;
  if (path === undefined) return pageCache === undefined ? [flush] : [];
  const sync = `sync ${quoted(path)}`;
  if (pageCache === "full") return [sync, `cat ${quoted(path)} >/dev/null`];
  return pageCache === "empty" ? [sync, `dd if=${quoted(path)} iflag=nocache count=0 status=none`] : [sync];
}

function command(image: BenchImage, { cache, io, workload, requests }: SizedRun): string {
  const { args } = workloads[workload];
  return ["qemu-img", "bench", "-f", "raw", "-t", cache, "-i", io, "-c", String(requests), ...args, quoted(image.name)].join(" ");
}

/** Runs them one after another; how long each took, in seconds. */
async function secondsOf(lab: LabHost, image: BenchImage, runs: readonly SizedRun[]): Promise<readonly number[]> {
  const lines = runs.flatMap((run) => {
    const { pageCache }: Workload = workloads[run.workload];
    return [...preparation(image, pageCache), command(image, run)];
  });
  const output = await hostExec(lab, "sh", "-ec", lines.join("\n"));
  const seconds = [...output.matchAll(/^Run completed in ([\d.]+) seconds/gm)].map((match) => Number(match[1]));
  if (seconds.length !== runs.length)
    throw new Error(`${runs.length} runs, but qemu-img bench told the time of ${seconds.length}: ${output.slice(-shownChars)}`);
  return seconds.map((value) => Math.max(value, shortestSeconds));
}

/** How many requests each run makes so that it takes about `runMs`; never more than there are blocks. */
export async function calibrate(lab: LabHost, image: BenchImage, runs: readonly Run[], runMs: number): Promise<readonly number[]> {
  const seconds = await secondsOf(
    lab,
    image,
    runs.map((run) => ({ ...run, requests: calibrationRequests })),
  );
  return runs.map(({ workload }, index) => {
    const wanted = (calibrationRequests * runMs) / 1000 / (seconds[index] ?? 1);
    const most = (imageMiB * MiB) / workloads[workload].requestBytes - writesPerFlush;
    const least = 2 * smallDepth;
    return Math.floor(Math.min(Math.max(wanted, least), most) / writesPerFlush) * writesPerFlush;
  });
}

/** One round of all runs: IOPS or MiB/s, as the workload counts. */
export async function measureRound(lab: LabHost, image: BenchImage, runs: readonly SizedRun[]): Promise<readonly number[]> {
  const seconds = await secondsOf(lab, image, runs);
  return runs.map(({ workload, requests }, index) => {
    const { unit, requestBytes } = workloads[workload];
    const rate = requests / (seconds[index] ?? shortestSeconds);
    return unit === "IOPS" ? rate : (rate * requestBytes) / MiB;
  });
}

/** Writes the whole image once, so that no mode pays for the first write of a block. */
export async function fill(lab: LabHost, image: BenchImage): Promise<void> {
  const write = `qemu-img bench -f raw -w -t writeback -d 2 -s 1M -c ${imageMiB} ${quoted(image.name)}`;
  await hostExec(lab, "sh", "-ec", [write, ...preparation(image, undefined)].join("\n"));
}
