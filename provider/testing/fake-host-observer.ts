// A host observer that answers from a table: facts as a test wants them, with no host behind.
import { dirname } from "node:path";
import { probeIsDue, type ChainElement, type HostObserver, type ObserveOptions } from "../host/observer";
import { storageOf } from "../host/storage-of";
import type { HostFacts, PoolFacts } from "../plan/facts";

type Chain = readonly [ChainElement, ...ChainElement[]];

export interface FakeHostObserver extends HostObserver {
  /** What each call asked for, as "verb argument depth", in order; "forget path" too. */
  readonly asked: readonly string[];
  setPool(name: string, facts: PoolFacts): void;
  removePool(name: string): void;
  /** undefined: there is no such file. */
  setChain(path: string, chain: Chain | undefined): void;
  /** Only a probe domain can tell about this pool: at depth "look" the answer is `needsProbe`, unless the known facts hold it. */
  hideFromLook(poolName: string): void;
}

export interface FakeObserverOptions {
  readonly facts?: Partial<HostFacts>;
  readonly chains?: Readonly<Record<string, Chain>>;
  /** Whether a file without a chain of its own in the table is there; every file in a known pool's folder is, when absent. */
  readonly exists?: (path: string) => boolean;
}

/** Facts of a directory pool: ext4 with direct I/O, until told otherwise. */
export function poolFacts(path: string, overrides: Partial<PoolFacts> = {}): PoolFacts {
  return {
    type: "dir",
    active: true,
    kind: "ext4",
    path,
    fileSystem: "ext4",
    directIo: "yes",
    source: "local write",
    why: "an aligned O_DIRECT write worked",
    shared: false,
    ...overrides,
  };
}

/** Facts of a pool on ramfs, which has no direct I/O. */
export function ramfsPoolFacts(path: string): PoolFacts {
  return poolFacts(path, { kind: "ramfs", fileSystem: "ramfs", directIo: "no", source: "table", why: "ramfs has no O_DIRECT" });
}

const notAsked = { directIo: "unknown", source: "not asked", why: probeIsDue } as const;

const defaultFacts: HostFacts = {
  libvirtVersion: "9.0.0",
  qemuVersion: "7.2.22",
  architecture: "x86_64",
  kvm: { usable: "yes", why: "a probe domain with KVM started" },
  pools: {},
};

/** An image that lies directly in a pool's folder has the pool's facts. */
function chainInPool(pools: Readonly<Record<string, PoolFacts>>, path: string): Chain | undefined {
  const found = Object.entries(pools).find(([, pool]) => pool.path === dirname(path));
  if (!found) return undefined;
  const [name, facts] = found;
  return [{ ...storageOf(facts), path, format: "qcow2", pool: name }];
}

export function createFakeHostObserver(options: FakeObserverOptions = {}): FakeHostObserver {
  const pools: Record<string, PoolFacts> = { ...options.facts?.pools };
  const chains = new Map<string, Chain | undefined>(Object.entries(options.chains ?? {}));
  const hidden = new Set<string>();
  const asked: string[] = [];
  const facts = (): HostFacts => ({ ...defaultFacts, ...options.facts, pools: { ...pools } });
  const shownTo = (observe: ObserveOptions) =>
    Object.fromEntries(Object.entries(pools).map(([name, pool]) => [name, isHidden(name, observe) ? { ...pool, ...notAsked } : pool]));
  const isHidden = (name: string, { depth, known }: ObserveOptions) =>
    depth === "look" && hidden.has(name) && (known?.pools[name]?.why ?? probeIsDue) === probeIsDue;
  return {
    asked,
    setPool: (name, pool) => void (pools[name] = pool),
    removePool: (name) => void Reflect.deleteProperty(pools, name),
    setChain: (path, chain) => void chains.set(path, chain),
    hideFromLook: (name) => void hidden.add(name),
    observePlatform: async ({ depth }) => {
      asked.push(`observePlatform ${depth}`);
      const { libvirtVersion, qemuVersion, architecture, kvm } = facts();
      return { libvirtVersion, qemuVersion, architecture, kvm };
    },
    observeHost: async (observe) => {
      asked.push(`observeHost ${observe.depth}`);
      const needsProbe = Object.keys(pools).filter((name) => isHidden(name, observe));
      if (needsProbe.length > 0 && observe.withoutProbe !== "unknown") return { needsProbe };
      return { facts: { ...facts(), pools: shownTo(observe) } };
    },
    observePool: async (name, observe) => {
      asked.push(`observePool ${name} ${observe.depth}`);
      const pool = pools[name];
      if (pool === undefined) return undefined;
      return isHidden(name, observe) ? { needsProbe: [name] } : { facts: pool };
    },
    observeChain: async (path, observe) => {
      asked.push(`observeChain ${path} ${observe.depth}`);
      const inPool = options.exists?.(path) === false ? undefined : chainInPool(pools, path);
      const chain = chains.has(path) ? chains.get(path) : inPool;
      const hiddenPool = chain?.find(({ pool }) => pool !== undefined && isHidden(pool, observe))?.pool;
      if (hiddenPool !== undefined) return { needsProbe: [hiddenPool] };
      if (chain === undefined) return undefined;
      const [first] = chain;
      // Of a raw image nothing is looked at.
      return {
        facts: observe.format === "raw" && first.format !== "raw" ? [{ ...first, format: "raw", capacityBytes: undefined }] : chain,
      };
    },
    forget: (path) => void asked.push(path === undefined ? "forget" : `forget ${path}`),
  };
}
