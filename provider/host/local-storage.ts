// A folder of this machine -> its storage's kind, by the mount table, and whether direct I/O works: the storage table first, then a write.
import { directIoByTable } from "../plan/auto-cache";
import type { StorageFacts } from "../plan/facts";
import type { Machine } from "./machine";
import { mountOf, parseMountTable } from "./mount-table";
import type { Mount } from "./mount-table";
import { kindOfFileSystem } from "./storage-kinds";

/** What is known of a folder's storage before direct I/O is tried. */
export type StorageKindFacts = Pick<StorageFacts, "kind" | "shared" | "path" | "fileSystem" | "version" | "nocow">;

/** Facts, or `notTried`: only another way of probing can tell, and why this one could not. */
export type LocalStorage = { readonly facts: StorageFacts } | { readonly notTried: string; readonly known: StorageKindFacts };

/** Where the version stands on which the storage table's rows depend. */
async function versionOf(machine: Machine, kind: StorageFacts["kind"]): Promise<string | undefined> {
  if (kind === "btrfs" || kind === "tmpfs") return machine.kernelRelease;
  // "2.1.11-1": the package's own number stands after the dash.
  if (kind === "zfs") return (await machine.readText("/sys/module/zfs/version"))?.trim().split("-")[0];
  return undefined;
}

export async function mountOfPath(machine: Machine, path: string): Promise<Mount | undefined> {
  const [realPath, mountinfo] = await Promise.all([machine.realPath(path), machine.readText("/proc/self/mountinfo")]);
  return realPath === undefined || mountinfo === undefined ? undefined : mountOf(parseMountTable(mountinfo), realPath);
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
    // Without the mount option it may still be off for a folder (chattr +C): not known, so left out.
    ...(kind === "btrfs" && mount.options.includes("nodatacow") ? { nocow: true } : {}),
  };
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
  machine: Machine,
  known: StorageKindFacts,
  folder: string,
  mayNameFiles: boolean,
): Promise<LocalStorage> {
  const byTable = answerByTable(known);
  const name = known.fileSystem ?? known.kind;
  if (byTable === "no")
    return { facts: withAnswer(known, { directIo: "no", source: "table", why: `${name} is known to refuse O_DIRECT` }) };
  const probe = await machine.probeLocalWrite(folder, { mayNameFiles });
  if ("directIo" in probe && probe.directIo !== "unknown") return { facts: withAnswer(known, { ...probe, source: "local write" }) };
  if (byTable === "yes") {
    return {
      facts: withAnswer(known, { directIo: "yes", source: "table", why: `${name} is known to take O_DIRECT (not tried: ${probe.why})` }),
    };
  }
  return { notTried: probe.why, known };
}
