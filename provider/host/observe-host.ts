// The observer: libvirt and, where it is the same machine, the local file system -> facts. What needs a probe domain is asked of one, all at once.
import type { Libvirt } from "../libvirt/port";
import type { HostFacts, PoolFacts } from "../plan/facts";
import { completeChain } from "./complete-chain";
import { completePools } from "./complete-pools";
import { openEyes } from "./eyes";
import type { Eyes } from "./eyes";
import { thisMachine } from "./machine";
import type { Machine } from "./machine";
import { observeAccelerator } from "./observe-accelerator";
import { lookAtChain } from "./observe-chain";
import { lookAtPool } from "./observe-pool";
import type { HostObserver, LookOptions, Observation, ObserveChainOptions, ObserveOptions } from "./observer";

async function observePlatform(eyes: Eyes, options: ObserveOptions) {
  const host = await eyes.meet(options.signal);
  return { ...host.platform, kvm: await observeAccelerator(eyes, host, options) };
}

/** Looks at everything afresh: this is how changes of the host are seen. Single pools and chains then hear what it was told. */
async function observeHost(eyes: Eyes, asked: ObserveOptions): Promise<Observation<HostFacts>> {
  const options: LookOptions = { ...asked, afresh: true };
  const [platform, pools] = await Promise.all([observePlatform(eyes, options), eyes.libvirt.listPools({ signal: options.signal })]);
  const looks = await Promise.all(pools.map((pool) => lookAtPool(eyes, pool, options)));
  const completed = await completePools(eyes, looks, options);
  return "facts" in completed ? { facts: { ...platform, pools: completed.facts } } : completed;
}

async function observePool(eyes: Eyes, name: string, options: ObserveOptions): Promise<Observation<PoolFacts> | undefined> {
  const pool = await eyes.libvirt.findPool(name, { signal: options.signal });
  if (pool === undefined) return undefined;
  const completed = await completePools(eyes, [await lookAtPool(eyes, pool, options)], options);
  if ("needsProbe" in completed) return completed;
  const facts = completed.facts[name];
  return facts && { facts };
}

async function observeChain(eyes: Eyes, path: string, options: ObserveChainOptions): ReturnType<HostObserver["observeChain"]> {
  const pools = await eyes.libvirt.listPools({ signal: options.signal });
  const steps = await lookAtChain({ locator: { eyes, pools, signal: options.signal }, options, looks: new Map() }, path, options.format);
  return steps && completeChain(eyes, steps, options);
}

/** `machine` is the one that the provider runs on; tests put others there. */
export function createHostObserver(libvirt: Libvirt, machine: Machine = thisMachine): HostObserver {
  const eyes = openEyes(libvirt, machine);
  return {
    observePlatform: (options) => observePlatform(eyes, options),
    observeHost: (options) => observeHost(eyes, options),
    observePool: (name, options) => observePool(eyes, name, options),
    observeChain: (path, options) => observeChain(eyes, path, options),
    forget: (path) => {
      // A write costs less than to work out which of them a path concerns.
      eyes.writes.forget();
      eyes.probes.forget(path);
    },
  };
}
