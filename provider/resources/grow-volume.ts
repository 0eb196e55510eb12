// Grows one volume: through the machine that runs on it, so that its guest sees it, else through its pool. Converges the host.
import { poolLock } from "./pool-lock";
import { formatSize } from "../plan/size";
import type { Call } from "./resource";
import { isFolderPool } from "./volume-clone";

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

/** How a volume is grown on the host itself, where libvirt does not do it. */
const byHand: Readonly<Record<string, string>> = { logical: "lvextend", zfs: "zfs set volsize=…" };

/** Why volumes of the pool cannot grow, with the way out; undefined: they can. */
export function ungrowableReason(
  { name, type }: { readonly name: string; readonly type: string },
  wantedBytes: number,
): string | undefined {
  if (isFolderPool(type) || type === "rbd") return undefined;
  const tool = byHand[type] ?? "the storage's own tool";
  return `is ${formatSize(wantedBytes)}, but libvirt cannot grow volumes of pools of type ${type}. Grow it on the host (${tool}), then: virsh pool-refresh ${name}, pulumi refresh.`;
}
