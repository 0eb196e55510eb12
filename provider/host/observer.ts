// The read-only questions about a host and its storage that resources ask: facts for the planner.
import type { HostFacts, PlatformFacts, PoolFacts, StorageFacts } from "../plan/facts";

export interface ObserveOptions {
  /**
   * `look`: nothing on the host may change (check, preview): libvirt is read, a local file system is tried with a file that never gets a name.
   * `probe`: the paused probe domain may be used as well (create, update).
   */
  readonly depth: "look" | "probe";
  /**
   * What becomes of a pool of which only a probe domain can tell, when none may be used: the whole answer is `needsProbe` (default), or its facts
   * say `unknown`, not asked, `probeIsDue`.
   */
  readonly withoutProbe?: "needsProbe" | "unknown" | undefined;
  /** Answers found earlier by a probe, kept where asking again would need one. */
  readonly known?: HostFacts | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Progress of long work. */
  readonly status?: ((message: string) => void) | undefined;
}

export interface ObserveChainOptions extends ObserveOptions {
  /**
   * What the image is known to be, so that its header need not tell. Nothing in a raw one is looked at: its bytes are its guest's, and what looks there like
   * a header naming a backing file is none. Of the elements below, the one above says it.
   */
  readonly format?: "raw" | "qcow2" | undefined;
}

/** How the observer itself looks: `afresh` for a whole host, whose answers then take the place of those kept from before. */
export interface LookOptions extends ObserveOptions {
  readonly afresh?: boolean | undefined;
}

/** Why a pool's direct I/O is not known where a probe domain would tell, but may not be used: the mark by which the next update knows that it has to ask. */
export const probeIsDue = "only a probe domain can tell, and the next update asks one";

/** Facts, or what could not be found out without a probe domain (pool names or paths). */
export type Observation<Facts> = { readonly facts: Facts } | { readonly needsProbe: readonly string[] };

export interface HostObserver {
  /** Versions, architecture and accelerator alone: what a VM without a HostDefaults needs besides its own storage. */
  observePlatform(options: ObserveOptions): Promise<PlatformFacts>;
  observeHost(options: ObserveOptions): Promise<Observation<HostFacts>>;
  /** undefined: libvirt knows no such pool. */
  observePool(name: string, options: ObserveOptions): Promise<Observation<PoolFacts> | undefined>;
  /**
   * The file (or device) at `path` and every element of its backing chain, nearest first.
   * undefined: there is no such file as far as the host can say (not in a pool, not visible here).
   */
  observeChain(path: string, options: ObserveChainOptions): Promise<Observation<readonly [ChainElement, ...ChainElement[]]> | undefined>;
  /**
   * Drops the answers about direct I/O that are kept between questions: of everything, or of what the path lies on. For when the host contradicts them (QEMU
   * refuses O_DIRECT). A mount that another one took the place of is noticed without it.
   */
  forget(path?: string): void;
}

/** One image of a backing chain. */
export interface ChainElement extends StorageFacts {
  readonly format: "raw" | "qcow2" | "other";
  readonly pool?: string | undefined;
  readonly capacityBytes?: number | undefined;
}
