// The io decision of one disk: what is asked + the cache mode + versions -> how QEMU submits requests, or a refusal.
import type { CacheChoice } from "./plan-cache";
import type { DiskProblem, DiskQuestion, HypervisorFacts } from "./disk";
import { asker, place } from "./reason";
import { isExplicit, type Resolved } from "./resolve-rule";
import { cacheModeMeaning, type IoMode, type IoSetting } from "./settings";
import { storageClass } from "./storage-class";
import { isAtLeast } from "./version";

export type IoOutcome = { readonly io: IoMode; readonly warnings: readonly string[] } | { readonly problems: readonly DiskProblem[] };

/** io_uring: libvirt's word since 6.3, QEMU's since 5.0. https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms */
const ioUringSince = { libvirt: "6.3", qemu: "5.0" } as const;

/** `cache` is undefined where the cache was refused: then only what is wrong with `io` by itself is said. */
export function planIo(question: DiskQuestion, asked: Resolved<IoSetting>, cache: CacheChoice | undefined): IoOutcome {
  const who = asker(asked.level, question);
  const [own] = question.chain;
  if (asked.value === "auto") return { io: autoIo(question, cache), warnings: [] };
  if (storageClass[own.kind] === "network") {
    // libvirt does not pass `io` on to network drivers; threads is what its absence would mean for a file.
    return asked.value === "threads" ? keep("threads") : threads(`${who} asks for io ${asked.value}, which has no meaning: ${place(own)}.`);
  }
  if (asked.value === "io_uring") {
    const missing = missingForIoUring(question.hypervisor);
    if (missing === undefined) return keep("io_uring");
    const why = `${who} asks for io_uring for ${own.path}, which needs ${missing}`;
    if (!isExplicit(asked.level)) return threads(`${why}, so threads is used.`);
    return refuse(`${why}. Ways out: io: "threads", io: "auto", or a newer hypervisor.`);
  }
  if (asked.value === "native" && cache !== undefined && !cacheModeMeaning[cache.cache].direct) {
    const why = `${who} asks for io native for ${own.path}, which needs a cache mode with direct I/O (none or directsync)`;
    if (!isExplicit(asked.level) || !cache.explicit) return threads(`${why}; the mode is ${cache.cache}, so threads is used.`);
    return refuse(`${why}, while its cache is set to ${cache.cache}. Ways out: io: "threads", io: "auto", or cache: "none" or "auto".`);
  }
  return keep(asked.value);
}

/**
 * Native only where every element of the chain is a device, as QEMU opens them all with the disk's io: submission to a device does not wait, while a
 * file that is allocated as it is written holds native AIO up in the submitting thread, so worker threads are better there.
 */
function autoIo({ chain }: DiskQuestion, cache: CacheChoice | undefined): IoMode {
  const direct = cache !== undefined && cacheModeMeaning[cache.cache].direct;
  return direct && chain.every(({ kind }) => storageClass[kind] === "device") ? "native" : "threads";
}

function missingForIoUring({ libvirtVersion, qemuVersion }: HypervisorFacts): string | undefined {
  if (isAtLeast(libvirtVersion, ioUringSince.libvirt) === false) return `libvirt ${ioUringSince.libvirt} (the host has ${libvirtVersion})`;
  if (isAtLeast(qemuVersion, ioUringSince.qemu) === false) return `QEMU ${ioUringSince.qemu} (the host has ${qemuVersion})`;
  return undefined;
}

function keep(io: IoMode): IoOutcome {
  return { io, warnings: [] };
}

function threads(warning: string): IoOutcome {
  return { io: "threads", warnings: [warning] };
}

function refuse(reason: string): IoOutcome {
  return { problems: [{ field: "io", reason }] };
}
