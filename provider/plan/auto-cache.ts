// What `auto` makes of a disk's storage: the storage table, and the one decision over the whole backing chain.
import { chainDirectIo, type Chain } from "./chain-direct-io";
import type { DirectIo, StorageFacts, StorageKind } from "./facts";
import { isAtLeast } from "./version";

/** How good direct I/O is on a storage. `because` is a clause that follows "/x is on y: …". `source` is where the rule comes from. */
export type AutoRow = {
  /** Whether an open with O_DIRECT works there, as far as the kind of storage tells; `unknown`: only a probe can tell. */
  readonly opens: DirectIo;
  readonly source: string;
} & (
  | { /** Without a cache, where the facts say that direct I/O works. */ readonly use: "direct"; readonly because?: string }
  /** `cached`: a cache is better; `avoid`: direct I/O opens, but is known for trouble; `unsure`: it depends on a fact that is missing. */
  | { readonly use: "cached" | "avoid" | "unsure"; readonly because: string }
);

/** The rows of one kind: the first case that holds, else `otherwise`. */
export interface AutoRows {
  readonly cases?: readonly (AutoRow & { readonly holds: (facts: StorageFacts) => boolean })[];
  readonly otherwise: AutoRow;
}

const openManual = "https://man7.org/linux/man-pages/man2/open.2.html#NOTES";
const fuseManual = "https://docs.kernel.org/filesystems/fuse-io.html";
/** QEMU's drivers and the kernel's file systems, at the releases whose source was read. */
const qemuBlock = (file: string) => `https://gitlab.com/qemu-project/qemu/-/blob/v7.2.0/block/${file}` as const;
const kernelFileSystem = (file: string) => `https://github.com/torvalds/linux/blob/v6.1/fs/${file}` as const;
const tmpfsDirectIo = "https://github.com/torvalds/linux/commit/e88e0d366f9c";
const zfsSpuriousErrors = {
  opens: "yes",
  use: "avoid",
  because:
    "since ZFS 2.3 direct I/O is real, and QEMU, which reuses its buffers, then has ZFS report checksum errors that are not real (dio_verify_rd)",
  source: "https://github.com/openzfs/zfs/issues/18610",
} as const satisfies AutoRow;

/** The storage table. A probe alone misleads (ZFS, btrfs and bcachefs accept O_DIRECT and then misbehave), so the table comes first. */
export const autoCacheTable = {
  ext4: { otherwise: { opens: "yes", use: "direct", source: openManual } },
  xfs: { otherwise: { opens: "yes", use: "direct", source: openManual } },
  nfs: { otherwise: { opens: "yes", use: "direct", source: openManual } },
  cephfs: {
    otherwise: {
      opens: "yes",
      use: "direct",
      because: "without a cache every write is on Ceph's OSDs when it is done",
      source: kernelFileSystem("ceph/file.c"),
    },
  },
  // Both have direct I/O, but fall back to the page cache by themselves where they must (stuffed or inline files, cluster locks).
  gfs2: { otherwise: { opens: "yes", use: "direct", source: kernelFileSystem("gfs2/file.c") } },
  ocfs2: { otherwise: { opens: "yes", use: "direct", source: kernelFileSystem("ocfs2/aops.c") } },
  // Whether the open works depends on the kernel and on how it is mounted (cache=, the dialect of the server).
  cifs: { otherwise: { opens: "unknown", use: "direct", source: kernelFileSystem("cifs/file.c") } },
  block: { otherwise: { opens: "yes", use: "direct", source: openManual } },
  lvm: { otherwise: { opens: "yes", use: "direct", source: openManual } },
  iscsi: { otherwise: { opens: "yes", use: "direct", source: openManual } },
  zvol: {
    otherwise: {
      opens: "yes",
      use: "direct",
      because: "ZFS volumes stall under buffered writes",
      source: "https://github.com/openzfs/zfs/issues/18995",
    },
  },
  rbd: {
    otherwise: {
      opens: "yes",
      use: "cached",
      because:
        "the mode switches librbd's own cache, which writes through until the guest's first flush and makes bursts many times faster",
      source: "https://docs.ceph.com/en/latest/rbd/qemu-rbd/#qemu-cache-options",
    },
  },
  "iscsi-direct": {
    otherwise: {
      opens: "yes",
      use: "direct",
      because: "without a cache QEMU asks for unmapped blocks anew, so that what another initiator wrote there is seen",
      source: qemuBlock("iscsi.c"),
    },
  },
  libnfs: {
    otherwise: {
      opens: "yes",
      use: "direct",
      because: "without a cache QEMU's NFS client reads nothing ahead and keeps no pages",
      source: qemuBlock("nfs.c"),
    },
  },
  http: { otherwise: { opens: "yes", use: "direct", source: qemuBlock("curl.c") } },
  nvme: {
    otherwise: {
      opens: "yes",
      use: "direct",
      because:
        "QEMU drives the controller itself, and a mode named there would switch the drive's own write cache, or fail where it has no such switch",
      source: qemuBlock("nvme.c"),
    },
  },
  vhostuser: {
    otherwise: {
      opens: "yes",
      use: "direct",
      because: "its daemon does the I/O in QEMU's place, and decides on caches by itself",
      source: "https://gitlab.com/libvirt/libvirt/-/blob/v9.0.0/src/conf/domain_validate.c#L311",
    },
  },
  zfs: {
    cases: [
      {
        holds: ({ zfsDirect }) => zfsDirect === "disabled",
        opens: "yes",
        use: "direct",
        because: "with direct=disabled ZFS accepts O_DIRECT and ignores it",
        source: "https://openzfs.github.io/openzfs-docs/man/v2.3/7/zfsprops.7.html#direct",
      },
      // The property is there since 2.3 only, so where it is known the version is.
      { holds: ({ zfsDirect }) => zfsDirect !== undefined, ...zfsSpuriousErrors },
      {
        holds: ({ version }) => isAtLeast(version, "2.3") === undefined,
        opens: "unknown",
        use: "unsure",
        because: "what O_DIRECT does there depends on the version of ZFS, which is not known",
        source: "https://github.com/openzfs/zfs/pull/10018",
      },
      {
        holds: ({ version }) => isAtLeast(version, "0.8") === false,
        opens: "no",
        use: "avoid",
        because: "ZFS before 0.8 refuses O_DIRECT",
        source: "https://github.com/openzfs/zfs/pull/7823",
      },
      {
        holds: ({ version }) => isAtLeast(version, "2.3") === false,
        opens: "yes",
        use: "direct",
        because: "ZFS before 2.3 accepts O_DIRECT and ignores it",
        source: "https://github.com/openzfs/zfs/pull/7823",
      },
    ],
    otherwise: zfsSpuriousErrors,
  },
  btrfs: {
    cases: [
      {
        holds: ({ nocow }) => nocow === true,
        opens: "yes",
        use: "direct",
        because: "without copy-on-write btrfs keeps no checksums that direct I/O could break",
        source: "https://btrfs.readthedocs.io/en/latest/btrfs-man5.html",
      },
      {
        holds: ({ version }) => isAtLeast(version, "6.14") === undefined,
        opens: "yes",
        use: "unsure",
        because: "direct I/O breaks btrfs checksums before Linux 6.14, and the kernel's version is not known",
        source: "https://github.com/canonical/lxd/issues/7843",
      },
      {
        holds: ({ version }) => isAtLeast(version, "6.14") === true,
        opens: "yes",
        use: "direct",
        because: "since Linux 6.14 btrfs itself goes through the page cache where a file has checksums",
        source: "https://github.com/kdave/btrfs-progs/pull/954",
      },
    ],
    otherwise: {
      opens: "yes",
      use: "avoid",
      because: "before Linux 6.14 a guest that rewrites data in flight by direct I/O leaves wrong checksums",
      source: "https://github.com/canonical/lxd/issues/7843",
    },
  },
  bcachefs: {
    otherwise: {
      opens: "yes",
      use: "avoid",
      because:
        "bcachefs opens files for direct I/O, but fails every request that is not aligned to its block size, as guests with 512-byte sectors send them",
      source: "https://github.com/koverstreet/bcachefs/issues/791",
    },
  },
  tmpfs: {
    cases: [
      {
        holds: ({ version }) => isAtLeast(version, "6.6") === false,
        opens: "no",
        use: "direct",
        source: tmpfsDirectIo,
      },
      {
        holds: ({ version }) => isAtLeast(version, "6.6") === true,
        opens: "yes",
        use: "direct",
        because: "since Linux 6.6 tmpfs accepts O_DIRECT",
        source: tmpfsDirectIo,
      },
    ],
    otherwise: { opens: "unknown", use: "direct", source: openManual },
  },
  ramfs: { otherwise: { opens: "no", use: "direct", source: openManual } },
  fuse: { otherwise: { opens: "unknown", use: "direct", source: fuseManual } },
  overlay: { otherwise: { opens: "unknown", use: "direct", source: openManual } },
  ecryptfs: { otherwise: { opens: "unknown", use: "direct", source: openManual } },
  other: { otherwise: { opens: "unknown", use: "direct", source: openManual } },
} as const satisfies Record<StorageKind, AutoRows>;

/** The row of the storage table for these facts. */
export function autoRow(facts: StorageFacts): AutoRow {
  const rows: AutoRows = autoCacheTable[facts.kind];
  return rows.cases?.find(({ holds }) => holds(facts)) ?? rows.otherwise;
}

/** What the kind of storage alone tells of O_DIRECT, before any probe: for a host that is asked what it need not try. */
export function directIoByTable(facts: StorageFacts): DirectIo {
  return autoRow(facts).opens;
}

/** What decides, and the chain element by which. `missing`: no direct I/O; `unknown`: nobody could tell; the rest as in the table. */
export type AutoCache =
  | { readonly decides: "direct" | "missing" | "unknown"; readonly by: StorageFacts }
  | { readonly decides: "avoid" | "unsure" | "cached"; readonly by: StorageFacts; readonly because: string };

/** How a disk with this chain should be opened if nobody names a mode. A "no" is heard first, then the table, then what is not known. */
export function autoCache(chain: Chain): AutoCache {
  const directIo = chainDirectIo(chain);
  if (directIo.answer === "no") return { decides: "missing", by: directIo.by };
  for (const decides of ["avoid", "unsure"] as const) {
    const found = firstWithUse(chain, decides);
    if (found !== undefined) return found;
  }
  if (directIo.answer === "unknown") return { decides: "unknown", by: directIo.by };
  return firstWithUse(chain, "cached") ?? { decides: "direct", by: chain[0] };
}

function firstWithUse(chain: Chain, use: "avoid" | "unsure" | "cached"): AutoCache | undefined {
  for (const by of chain) {
    const row = autoRow(by);
    if (row.use === use) return { decides: use, by, because: row.because };
  }
  return undefined;
}
