// Takes away what killed probes left on the host. What cannot be taken away now is left to the next probe.
import { HostError } from "../errors";
import type { CallOptions, Libvirt } from "../libvirt/port";
import { isStaleProbe } from "./probe-names";

/** Lets the host's refusals pass, and only those: no sweeping is worth a failed run. */
export async function unlessRefused(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
  }
}

/** Probe domains go with their connection, so one that is left is a daemon's that was restarted in between. */
async function sweepDomains(libvirt: Libvirt, nowMs: number, options: CallOptions): Promise<void> {
  const domains = await libvirt.listDomains(options);
  for (const { uuid } of domains.filter(({ name }) => isStaleProbe(name, nowMs))) await unlessRefused(libvirt.destroyDomain(uuid, options));
}

async function sweepPool(libvirt: Libvirt, pool: string, nowMs: number, options: CallOptions): Promise<void> {
  const names = await libvirt.listVolumes(pool, options);
  for (const name of names.filter((each) => isStaleProbe(each, nowMs))) await unlessRefused(libvirt.deleteVolume({ pool, name }, options));
}

export async function sweepProbes(libvirt: Libvirt, pools: readonly string[], nowMs: number, options: CallOptions): Promise<void> {
  await unlessRefused(sweepDomains(libvirt, nowMs, options));
  for (const pool of pools) await unlessRefused(sweepPool(libvirt, pool, nowMs, options));
}
