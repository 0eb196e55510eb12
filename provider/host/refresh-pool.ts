// Refreshes a pool, waiting while libvirt is busy with it: a volume that is being made keeps the pool from being read.
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError, HostError } from "../errors";
import { hostErrorCodes } from "../libvirt/codes";
import type { Libvirt } from "../libvirt/port";

const retryMs = 250;
const patienceMs = 10_000;

/** libvirt has no code of its own for a busy pool: "internal error" may be that or something that stays. Reading again is harmless. */
export async function refreshPool(libvirt: Libvirt, name: string, signal: AbortSignal | undefined): Promise<void> {
  const endsAt = performance.now() + patienceMs;
  for (;;) {
    try {
      await libvirt.refreshPool(name, { signal });
      return;
    } catch (error) {
      const isBusy = error instanceof HostError && error.code === hostErrorCodes.internalError;
      if (!isBusy || performance.now() > endsAt) throw error;
    }
    await sleep(retryMs, undefined, signal ? { signal } : {}).catch(() => {
      throw new CancelledError({ doing: "Refreshing", what: `the pool ${name}` });
    });
  }
}
