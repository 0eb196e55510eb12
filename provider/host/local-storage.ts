// A folder of this machine -> its storage's kind, by the mount table, and whether direct I/O works: the storage table first, then a write.
import { directIoByTable } from "../plan/auto-cache";
import type { StorageFacts } from "../plan/facts";
import { isAtLeast } from "../plan/version";
import type { Machine } from "./machine";
import type { LocalWrites, WriteOptions } from "./local-writes";
import { mountOfPath } from "./mount-of-path";
import { kindOfFileSystem } from "./storage-kinds";

/** What is known of a folder's storage before direct I/O is tried. */
export type StorageKindFacts = Omit<StorageFacts, "directIo" | "source" | "why">;

/** Facts, or `notTried`: only another way of probing can tell, and why this one could not. */
export type LocalStorage = { readonly facts: StorageFacts } | { readonly notTried: string; readonly known: StorageKindFacts };

/** Where the version stands on which the storage table's rows depend. */
async function versionOf(machine: Machine, kind: StorageFacts["kind"]): Promise<string | undefined> {
  if (kind === "btrfs" || kind === "tmpfs") return machine.kernelRelease;
  // "2.1.11-1": the package's own number stands after the dash.
  if (kind === "zfs") return (await machine.readText("/sys/module/zfs/version"))?.trim().split("-")[0];
  return undefined;
}

/** undefined: the path is not there, or there is no mount table (not Linux). */
export async function readStorageKind(machine: Machine, path: string): Promise<StorageKindFacts | undefined> {
  const mount = await mountOfPath(machine, path);
  if (mount === undefined) return undefined;
  const { kind, shared } = kindOfFileSystem(mount.fileSystem);
  const version = await versionOf(machine, kind);
  return {
    kind,
    shared,
    path,
    fileSystem: kind === "zfs" && version !== undefined ? `zfs ${version}` : mount.fileSystem,
    version,
  };
}

/** Whether copy-on-write is off for a file itself, or for the files that are made in a folder. A file keeps what it was made with, whatever the mount says. */
async function nocowOf(machine: Machine, path: string): Promise<boolean | undefined> {
  const [attributes, info, mount] = await Promise.all([machine.fileAttributes(path), machine.stat(path), mountOfPath(machine, path)]);
  const byMount = mount?.options.includes("nodatacow") === true;
  if (attributes === undefined) return byMount ? true : undefined;
  return attributes.includes("C") || (byMount && info?.isFolder === true);
}

const zfsDirectValues = ["disabled", "standard", "always"] as const;
const directSinceZfs = "2.3";

async function zfsDirectOf(machine: Machine, { path, version }: StorageKindFacts): Promise<StorageFacts["zfsDirect"]> {
  if (isAtLeast(version, directSinceZfs) === false) return undefined;
  const dataset = (await mountOfPath(machine, path))?.source;
  const value = dataset === undefined ? undefined : await machine.zfsProperty(dataset, "direct");
  return zfsDirectValues.find((known) => known === value);
}

/** Adds what the planner's rules ask of single file systems besides their kind: what is set for this folder, file or dataset. */
export async function withDetails(machine: Machine, known: StorageKindFacts): Promise<StorageKindFacts> {
  if (known.kind === "btrfs") return { ...known, nocow: await nocowOf(machine, known.path) };
  if (known.kind === "zfs") return { ...known, zfsDirect: await zfsDirectOf(machine, known) };
  return known;
}

const withAnswer = (known: StorageKindFacts, answer: Pick<StorageFacts, "directIo" | "source" | "why">): StorageFacts => ({
  ...known,
  ...answer,
});

/** The answer that the kind of storage gives by itself, where it gives one. */
export function answerByTable(known: StorageKindFacts): StorageFacts["directIo"] {
  return directIoByTable(withAnswer(known, { directIo: "unknown", source: "not asked", why: "" }));
}

/** `folder` is where the write is tried: the folder itself, or an image's. */
export async function observeLocalStorage(
  writes: LocalWrites,
  known: StorageKindFacts,
  folder: string,
  options: WriteOptions,
): Promise<LocalStorage> {
  const byTable = answerByTable(known);
  const name = known.fileSystem ?? known.kind;
  if (byTable === "no")
    return { facts: withAnswer(known, { directIo: "no", source: "table", why: `${name} is known to refuse O_DIRECT` }) };
  const probe = await writes.probe(folder, options);
  if ("directIo" in probe && probe.directIo !== "unknown") return { facts: withAnswer(known, { ...probe, source: "local write" }) };
  if (byTable === "yes") {
    return {
      facts: withAnswer(known, { directIo: "yes", source: "table", why: `${name} is known to take O_DIRECT (not tried: ${probe.why})` }),
    };
  }
  return { notTried: probe.why, known };
}
