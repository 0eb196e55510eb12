// A disk's source that is no file of the host -> its storage's facts: they follow from the kind of source, so that nobody has to look.
import { sourceName } from "./disk-source";
import type { DiskProtocol, DiskSource } from "./domain";
import type { StorageFacts, StorageKind } from "./facts";

type Known = Pick<StorageFacts, "kind" | "shared" | "why">;

const byProtocol = {
  rbd: { kind: "rbd", shared: true, why: "QEMU reaches it over the network, past the host's page cache" },
  iscsi: { kind: "iscsi-direct", shared: true, why: "QEMU is the initiator, so the host's page cache is not in between" },
  nfs: { kind: "libnfs", shared: true, why: "QEMU is the NFS client, so the host's page cache is not in between" },
  http: { kind: "http", shared: true, why: "QEMU reads it over the network, past the host's page cache" },
  https: { kind: "http", shared: true, why: "QEMU reads it over the network, past the host's page cache" },
} as const satisfies Record<DiskProtocol, Known>;

const notLookedAt = (kind: StorageKind, why: string) => ({ kind, shared: false, directIo: "unknown", source: "not asked", why }) as const;

/**
 * Facts of a network source, an NVMe namespace or a vhost-user disk; `path` is the source's name (see `sourceName`). Of a file only the host can tell
 * (`HostObserver.observeChain`): it is `unknown`, not asked, here; a block device takes O_DIRECT, but what kind it is shows on the host only.
 */
export function factsOfSource(source: DiskSource): StorageFacts {
  const path = sourceName(source) ?? "";
  const fromTable = (known: Known): StorageFacts => ({ ...known, path, directIo: "yes", source: "table" });
  switch (source.type) {
    case "network":
      return fromTable(byProtocol[source.protocol]);
    case "nvme":
      return fromTable({ kind: "nvme", shared: false, why: "QEMU drives it by itself, past the host's kernel" });
    case "vhostuser":
      return fromTable({ kind: "vhostuser", shared: false, why: "its daemon does the I/O" });
    case "block":
      return fromTable({ kind: "block", shared: false, why: "block devices take O_DIRECT" });
    case "file":
      return { ...notLookedAt("other", "only the host can tell of a file"), path };
    case "empty":
      return { ...notLookedAt("other", "the drive is empty"), path };
  }
}
