// The observer: libvirt and, where it is the same machine, the local file system -> facts. What needs a probe domain is asked of one, all at once.
import { hostErrorCodes } from "../libvirt/codes";
import type { HostIdentity, Libvirt } from "../libvirt/port";
import type { HostFacts, PlatformFacts, PoolFacts } from "../plan/facts";
import { parseCapabilities } from "../xml/capabilities-xml";
import { probeByDomain } from "./domain-probe";
import type { ProbeAnswer, ProbeTarget } from "./domain-probe";
import { thisMachine } from "./machine";
import type { Machine } from "./machine";
import { observeAccelerator } from "./observe-accelerator";
import { answeredElement, lookAtChain } from "./observe-chain";
import type { ChainStep } from "./observe-chain";
import { answeredBefore, lookAtPool, withProbeAnswer } from "./observe-pool";
import type { PoolLook, UnansweredPool } from "./observe-pool";
import type { ChainElement, HostObserver, Observation, ObserveOptions } from "./observer";

interface Unanswered {
  readonly name: string;
  readonly unanswered: UnansweredPool;
}

/** Who the host is, asked once for each observation. */
interface Host {
  readonly identity: HostIdentity;
  readonly platform: Omit<PlatformFacts, "kvm">;
  readonly kvmOffered: boolean;
}

async function meet(libvirt: Libvirt, options: ObserveOptions): Promise<Host> {
  const identity = await libvirt.identify({ signal: options.signal });
  const { hostArchitecture, kvmOffered } = parseCapabilities(identity.capabilitiesXml);
  const { libvirtVersion, qemuVersion } = identity;
  return { identity, platform: { libvirtVersion, qemuVersion, architecture: hostArchitecture }, kvmOffered };
}

const nameOf = (target: ProbeTarget) => ("pool" in target ? target.pool : target.path);

/** The probe domain's answers by pool name or path. */
async function askProbe(
  libvirt: Libvirt,
  host: Host,
  targets: readonly ProbeTarget[],
  options: ObserveOptions,
): Promise<ReadonlyMap<string, ProbeAnswer>> {
  const unique = [...new Map(targets.map((target) => [nameOf(target), target])).values()];
  const { signal, status } = options;
  const answers = await probeByDomain(libvirt, { targets: unique, architecture: host.platform.architecture, signal, status });
  return new Map(unique.flatMap((target, index) => (answers[index] === undefined ? [] : [[nameOf(target), answers[index]] as const])));
}

const noAnswer: ProbeAnswer = { directIo: "unknown", why: "the probe domain was not asked" };

/** Completes pools: what stands, what was answered before, and what a probe domain answers now. */
async function completePools(
  libvirt: Libvirt,
  host: Host,
  looks: readonly PoolLook[],
  options: ObserveOptions,
): Promise<Observation<Readonly<Record<string, PoolFacts>>>> {
  const facts: Record<string, PoolFacts> = {};
  const open: Unanswered[] = [];
  for (const look of looks) {
    if ("facts" in look) facts[look.name] = look.facts;
    else open.push(look);
  }
  if (options.depth === "look") {
    for (const look of open) {
      const before = answeredBefore(look, options.known, host.platform);
      if (before !== undefined) facts[look.name] = before;
    }
    const needsProbe = open.map(({ name }) => name).filter((name) => facts[name] === undefined);
    return needsProbe.length > 0 ? { needsProbe } : { facts };
  }
  if (open.length === 0) return { facts };
  const answers = await askProbe(
    libvirt,
    host,
    open.map(({ name }) => ({ pool: name })),
    options,
  );
  for (const { name, unanswered } of open) facts[name] = withProbeAnswer(unanswered, answers.get(name) ?? noAnswer);
  return { facts };
}

async function observePlatform(libvirt: Libvirt, machine: Machine, host: Host, options: ObserveOptions): Promise<PlatformFacts> {
  const { platform, kvmOffered, identity } = host;
  const { capabilitiesXml } = identity;
  return { ...platform, kvm: await observeAccelerator({ libvirt, machine, platform, capabilitiesXml, kvmOffered, options }) };
}

async function observeHost(libvirt: Libvirt, machine: Machine, options: ObserveOptions): Promise<Observation<HostFacts>> {
  const host = await meet(libvirt, options);
  const [platform, pools] = await Promise.all([
    observePlatform(libvirt, machine, host, options),
    libvirt.listPools({ signal: options.signal }),
  ]);
  const looks = await Promise.all(pools.map((pool) => lookAtPool({ libvirt, machine }, pool, options)));
  const completed = await completePools(libvirt, host, looks, options);
  return "facts" in completed ? { facts: { ...platform, pools: completed.facts } } : completed;
}

async function observePool(
  libvirt: Libvirt,
  machine: Machine,
  name: string,
  options: ObserveOptions,
): Promise<Observation<PoolFacts> | undefined> {
  const pool = await libvirt.findPool(name, { signal: options.signal });
  if (pool === undefined) return undefined;
  const look = await lookAtPool({ libvirt, machine }, pool, options);
  if ("facts" in look) return { facts: look.facts };
  const completed = await completePools(libvirt, await meet(libvirt, options), [look], options);
  if ("needsProbe" in completed) return completed;
  const facts = completed.facts[name];
  return facts && { facts };
}

type OpenStep = Exclude<ChainStep, { element: ChainElement }>;

/** An open element's answer from facts of an earlier probe of its pool. */
function elementBefore(step: OpenStep, host: Host, options: ObserveOptions): ChainElement | undefined {
  if (!("pool" in step.ask) || step.pool === undefined) return undefined;
  const before = answeredBefore({ name: step.ask.pool, unanswered: step.pool }, options.known, host.platform);
  if (before === undefined) return undefined;
  const { directIo, source, why } = before;
  return answeredElement(step, { directIo, source, why });
}

async function observeChain(
  libvirt: Libvirt,
  machine: Machine,
  path: string,
  options: ObserveOptions,
): ReturnType<HostObserver["observeChain"]> {
  const { signal, depth } = options;
  const [host, pools] = await Promise.all([meet(libvirt, options), libvirt.listPools({ signal })]);
  const locator = { libvirt, machine, pools, identity: host.identity, signal };
  const steps = await lookAtChain({ locator, options, looks: new Map() }, path);
  if (steps === undefined) return undefined;
  const isOpen = (step: ChainStep): step is OpenStep => !("element" in step) && !(depth === "look" && elementBefore(step, host, options));
  const open = steps.filter(isOpen);
  if (open.length > 0 && depth === "look") return { needsProbe: [...new Set(open.map(({ ask }) => nameOf(ask)))] };
  const targets = open.map(({ ask }) => ask);
  const answers = targets.length === 0 ? new Map<string, ProbeAnswer>() : await askProbe(libvirt, host, targets, options);
  const [first, ...rest] = steps;
  // QEMU could not even find it: in no pool, not seen here, and not there for the daemon.
  if (!("element" in first) && "path" in first.ask && answers.get(first.ask.path)?.code === hostErrorCodes.systemError) return undefined;
  const elementOf = (step: ChainStep): ChainElement => {
    if ("element" in step) return step.element;
    const before = depth === "look" ? elementBefore(step, host, options) : undefined;
    const { directIo, why } = answers.get(nameOf(step.ask)) ?? noAnswer;
    return before ?? answeredElement(step, { directIo, source: "probe domain", why });
  };
  return { facts: [elementOf(first), ...rest.map(elementOf)] };
}

/** `machine` is the one that the provider runs on; tests put others there. */
export function createHostObserver(libvirt: Libvirt, machine: Machine = thisMachine): HostObserver {
  return {
    observePlatform: async (options) => observePlatform(libvirt, machine, await meet(libvirt, options), options),
    observeHost: (options) => observeHost(libvirt, machine, options),
    observePool: (name, options) => observePool(libvirt, machine, name, options),
    observeChain: (path, options) => observeChain(libvirt, machine, path, options),
  };
}
