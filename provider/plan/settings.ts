// The words of libvirt's disk driver element, and what each cache mode means: the vocabulary of every decision.

/** libvirt's cache modes. `default` is left out on purpose: a plan never leaves the decision to the hypervisor. */
export const cacheModes = ["none", "writeback", "writethrough", "directsync", "unsafe"] as const;
export type CacheMode = (typeof cacheModes)[number];

/** What a user may ask for: a mode, or `auto`: the mode that suits the storage. */
export const cacheSettings = ["auto", ...cacheModes] as const;
export type CacheSetting = (typeof cacheSettings)[number];

export const ioModes = ["native", "threads", "io_uring"] as const;
export type IoMode = (typeof ioModes)[number];
export const ioSettings = ["auto", ...ioModes] as const;
export type IoSetting = (typeof ioSettings)[number];

export const discardModes = ["unmap", "ignore"] as const;
export type DiscardMode = (typeof discardModes)[number];

export const detectZeroesModes = ["off", "on", "unmap"] as const;
export type DetectZeroesMode = (typeof detectZeroesModes)[number];

/**
 * QEMU's three booleans behind each mode (`-drive cache=`).
 * @see https://www.qemu.org/docs/master/system/qemu-block-drivers.html
 */
export const cacheModeMeaning = {
  none: { guestWriteCache: true, direct: true, noFlush: false },
  writeback: { guestWriteCache: true, direct: false, noFlush: false },
  writethrough: { guestWriteCache: false, direct: false, noFlush: false },
  directsync: { guestWriteCache: false, direct: true, noFlush: false },
  unsafe: { guestWriteCache: true, direct: false, noFlush: true },
} as const satisfies Record<CacheMode, { guestWriteCache: boolean; direct: boolean; noFlush: boolean }>;

/** The driver settings of one disk, as libvirt runs them or shall run them. Always explicit. */
export interface DriverSettings {
  readonly cache: CacheMode;
  readonly io: IoMode;
  readonly discard: DiscardMode;
  readonly detectZeroes: DetectZeroesMode;
}

/** The fields of DriverSettings, in libvirt's order. */
export const driverFields = ["cache", "io", "discard", "detectZeroes"] as const satisfies readonly (keyof DriverSettings)[];

/** What may be set at a disk, a VM, a pool, a storage kind or a host; an absent key is decided by the next level. */
export interface DiskRule {
  readonly cache?: CacheSetting | undefined;
  readonly io?: IoSetting | undefined;
  readonly discard?: DiscardMode | undefined;
  readonly detectZeroes?: DetectZeroesMode | undefined;
}
