// Machines that an earlier run began to make and was killed over: found by our metadata, and cleared away before the same resource is made anew.
import { hostname } from "node:os";
import { RefusedError } from "../../errors";
import type { Libvirt } from "../../libvirt/port";
import type { ManagedMetadata, ObservedDomain } from "../../plan/domain";
import { parseDomain } from "../../xml/parse-domain";
import type { Call } from "../resource";
import { diskKeysOf, dropSecrets } from "./disk-secrets";
import { applyStatic, entriesOf, planStatic } from "./static-addresses";
import { deleteVolume } from "./volumes";

type Maker = NonNullable<ManagedMetadata["maker"]>;

/** Half-made machines by URN, as they were when this process first looked: later ones are this process's own. */
const surveys = new WeakMap<Libvirt, Promise<ReadonlyMap<string, readonly ObservedDomain[]>>>();

async function survey(libvirt: Libvirt, signal: AbortSignal): Promise<ReadonlyMap<string, readonly ObservedDomain[]>> {
  const found = new Map<string, ObservedDomain[]>();
  for (const { uuid } of await libvirt.listDomains({ signal })) {
    const record = await libvirt.findDomain({ uuid }, { signal });
    if (record?.persistent !== true) continue;
    const domain = parseDomain(record.inactiveXml);
    if (domain.metadata?.phase !== "creating") continue;
    found.set(domain.metadata.urn, [...(found.get(domain.metadata.urn) ?? []), domain]);
  }
  return found;
}

export const thisMaker = (): Maker => ({ hostname: hostname(), pid: process.pid, since: new Date().toISOString() });

/** How long a maker on another machine, of whom nobody here can say whether it lives, is left alone. */
const foreignMakerMs = 30 * 60 * 1000;

function stillMaking(maker: Maker): boolean {
  if (maker.hostname !== hostname()) return Date.now() - Date.parse(maker.since) < foreignMakerMs;
  if (maker.pid === process.pid) return false;
  try {
    process.kill(maker.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Clears away what a killed run left of this very resource: the domain and the volumes that it was making. */
export async function clearAbandoned(call: Call): Promise<void> {
  const { libvirt } = call.services;
  let known = surveys.get(libvirt);
  if (known === undefined) {
    known = survey(libvirt, call.signal);
    surveys.set(libvirt, known);
    known.catch(() => surveys.delete(libvirt));
  }
  for (const domain of (await known).get(call.urn) ?? []) await clear(domain, call);
}

async function clear(domain: ObservedDomain, call: Call): Promise<void> {
  const { name, uuid, metadata } = domain;
  const { services, signal, log } = call;
  const maker = metadata?.maker;
  if (maker !== undefined && stillMaking(maker)) {
    const { hostname: host, pid, since } = maker;
    const reason = `the VM ${name} is being made for this resource by process ${pid} on ${host} since ${since}: wait for that run to end. If it is dead, remove the VM: virsh undefine ${name}.`;
    throw new RefusedError([{ path: "name", reason }]);
  }
  log.info(`clearing away ${name}, which an earlier run began to make and did not finish`);
  await services.libvirt.destroyDomain(uuid, { signal });
  for (const volume of metadata?.volumes ?? []) await deleteVolume(volume, call);
  await applyStatic(await planStatic([], entriesOf(metadata), call), call);
  await dropSecrets({ name, keys: diskKeysOf(domain) }, call);
  await services.libvirt.undefineDomain(uuid, { signal });
}
