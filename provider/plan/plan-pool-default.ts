// What a plain new disk would get in a pool: the default that HostDefaults shows for each pool, with its reason.
import type { DiskProblem, HypervisorFacts } from "./disk";
import type { PoolFacts } from "./facts";
import { planDisk } from "./plan-disk";
import type { HostPolicy } from "./policy";
import type { CacheMode, IoMode } from "./settings";

export type PoolDefault =
  { readonly cache: CacheMode; readonly io: IoMode; readonly reason: string } | { readonly problems: readonly DiskProblem[] };

/** The plan of a new raw disk of which nobody asks anything. `name` is the pool's, for its rule in the policy. */
export function planPoolDefault(name: string, pool: PoolFacts, policy: HostPolicy, hypervisor: HypervisorFacts): PoolDefault {
  const disk = { key: "new", device: "disk", format: "raw", readonly: false, shareable: false, pool: name, own: {}, vm: {} } as const;
  const decision = planDisk({ disk, chain: [pool], policy, hypervisor });
  if ("problems" in decision) return decision;
  const { cache, io, reason } = decision.plan;
  return { cache, io, reason };
}
