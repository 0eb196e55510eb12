// Why `auto` is right where another mode, equally safe, is faster in the cache benchmark: data, by kind of storage and by what was measured.
import type { StorageKind } from "../provider/plan/facts";
import type { WorkloadName } from "./cache-workloads";

type Reasons = Readonly<Partial<Record<WorkloadName, string>>>;

/** What holds wherever `none` keeps the host's page cache out. */
const withoutPageCache = {
  readAgain:
    "these reads come from the host's memory. The guest's own page cache keeps what it reads again; the host's holds the same a second time, " +
    "at the cost of other guests, and is of no use to a working set that is larger than what is free (the columns beside)",
  readLarge:
    "the host's kernel reads ahead of who reads in order. A guest's kernel does the same ahead of its own readers, and has more on the way at a time " +
    "than these four requests",
  write:
    "these writes only fill the host's memory, and are not safe before a flush. Guests flush, and then wait for all that has gathered; " +
    "what they wait for is the last column",
  writeLarge:
    "these writes only fill the host's memory, and no faster than the storage in the long run: where dirty pages reach the kernel's limit, " +
    "every guest of the host waits. What guests wait for is the last column",
} as const satisfies Reasons;

/** A case that is not here is printed as one that nobody has explained. */
export const whyStillRight: Readonly<Partial<Record<StorageKind, Reasons>>> = {
  ext4: withoutPageCache,
  xfs: withoutPageCache,
  block: withoutPageCache,
  fuse: withoutPageCache,
  btrfs: {
    ...withoutPageCache,
    writeLarge:
      "since Linux 6.14 btrfs takes a direct write to a file with checksums through the page cache, and waits until it is on the storage; with a " +
      "cache nobody waits before the flush, and then for all of it. What guests wait for is the last column",
  },
};
