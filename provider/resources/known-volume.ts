// A volume as libvirt knows it, found also where it came into its pool behind libvirt's back. Reads the host.
import { HostError } from "../errors";
import type { VolumeRecord, VolumeRef } from "../libvirt/port";
import { parsePool } from "../xml/pool-xml";
import type { Call } from "./resource";

/** libvirt knows a pool's volumes as of its last look: one that it does not know is looked for once more before it is called gone. */
export async function knownVolume(ref: VolumeRef, { services: { libvirt }, signal }: Call): Promise<VolumeRecord | undefined> {
  const found = await libvirt.findVolume(ref, { signal });
  if (found !== undefined) return found;
  const folder = "path" in ref ? ref.path.slice(0, ref.path.lastIndexOf("/")) : undefined;
  const pools = await libvirt.listPools({ signal });
  const pool = pools.find(({ active, name, xml }) => active && ("pool" in ref ? name === ref.pool : parsePool(xml).path === folder));
  if (pool === undefined) return undefined;
  try {
    await libvirt.refreshPool(pool.name, { signal });
  } catch (error) {
    // Work in the pool forbids a rescan. What libvirt knows must do then.
    if (!(error instanceof HostError)) throw error;
  }
  return libvirt.findVolume(ref, { signal });
}
