// Says of a planned disk whether libvirt would move its VM live, in the order in which libvirt itself decides.
import type { DiskQuestion, MigrationVerdict } from "./disk";
import type { StorageKind } from "./facts";
import { isReadOnly } from "./plan-cache";
import { place } from "./reason";
import { cacheModeMeaning, type CacheMode } from "./settings";
import { storageClass } from "./storage-class";
import { isAtLeast } from "./version";

/** From this version QEMU drops the destination's stale page cache (x-check-cache-dropped and drop-cache of file-posix). */
const dropCacheSinceQemu = "4.0";

/** File systems that libvirt takes for coherent between hosts (virFileIsClusterFS), whatever the cache. */
const clusterKinds: ReadonlySet<StorageKind> = new Set(["cephfs", "gfs2", "ocfs2"]);

/**
 * The verdict for a migration that copies no storage.
 * @see https://github.com/libvirt/libvirt/blob/v9.0.0/src/qemu/qemu_migration.c (qemuMigrationSrcIsSafe)
 */
export function migrationVerdict(question: DiskQuestion, cache: CacheMode): MigrationVerdict {
  const [own] = question.chain;
  const view = storageClass[own.kind];
  if (isReadOnly(question)) return safe("the disk is only read");
  // libvirt looks at the word none or directsync alone; what a host crash would lose, a half-done migration can lose too.
  if (cache === "unsafe") return notSafe(`unsafe ignores flushes, so the other host may not see all that was written to ${own.path}`);
  if (view === "network") return safe(`${place(own)}, which every host reaches over the network`);
  if (view === "passthrough") return notSafe(`${place(own)}, which another host does not have`);
  const local = [own, ...question.chain.slice(1)].find(({ shared }) => !shared);
  if (local !== undefined && view === "file")
    return notSafe(`${place(local)}, which other hosts do not see: storage would have to be copied`);
  // libvirt does not look at devices at all: it takes for granted that the other host has the same one.
  if (local !== undefined) return notSafe(`${place(local)}, and nothing says that other hosts see the same device`);
  if (clusterKinds.has(own.kind)) return safe(`${place(own)}, whose hosts keep each other's page caches coherent`);
  if (cacheModeMeaning[cache].direct) return safe(`${place(own)}, which other hosts see, and ${cache} leaves nothing in a page cache`);
  if (isAtLeast(question.hypervisor.qemuVersion, dropCacheSinceQemu) === true) {
    return safe(`${place(own)}, which other hosts see, and QEMU drops its page cache when it moves`);
  }
  return notSafe(
    `${cache} leaves data in a page cache, which QEMU before ${dropCacheSinceQemu} does not drop: only none and directsync are safe`,
  );
}

function safe(reason: string): MigrationVerdict {
  return { safe: true, reason };
}

function notSafe(reason: string): MigrationVerdict {
  return { safe: false, reason };
}
