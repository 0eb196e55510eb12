// Grows one volume: through the machine that runs on it, so that its guest sees it, else through its pool. Converges the host.
import { poolLock } from "./pool-lock";
import type { Call } from "./resource";

export interface GrowRequest {
  readonly pool: string;
  readonly name: string;
  readonly capacityBytes: number;
  /** The running machine whose disk the volume is, and that disk's target. */
  readonly running?: { readonly uuid: string; readonly target: string } | undefined;
}

export async function growVolume(
  { pool, name, capacityBytes, running }: GrowRequest,
  { services: { libvirt }, signal }: Call,
): Promise<void> {
  await poolLock(libvirt.uri, pool, async () => {
    if (running === undefined) return libvirt.growVolume({ pool, name }, capacityBytes, { signal });
    await libvirt.resizeLiveDisk(running.uuid, running.target, capacityBytes, { signal });
    // libvirt's storage driver does not see what QEMU did to the file.
    return libvirt.refreshPool(pool, { signal });
  });
}
