// Takes a device out of a running machine when the guest lets go of it; where it does not, says so. Converges the host.
import type { UnplugOutcome } from "../../libvirt/port";
import type { Call } from "../resource";

/** Runs work of a path; what the machine does not take waits for the next cold start, and is said. */
export type Attempt = (path: string, work: () => Promise<void>) => Promise<void>;

export interface HeldDevice {
  /** The input that it is of: "disks.data". */
  readonly path: string;
  /** One without an alias of ours is none that we plugged in, and stays. */
  readonly alias: string | undefined;
  readonly what: "disk" | "network card" | "device";
}

const msPerSecond = 1000;

const inUse = {
  disk: "; it may be in use there (unmount it in the guest first)",
  "network card": "",
  device: "",
} as const satisfies Record<HeldDevice["what"], string>;

const heldSentence = {
  refused: (what) => `the guest refuses to let go of the ${what}${inUse[what]}.`,
  waiting: (what) => `the guest has not let go of the ${what} within the time limit (unplugTimeoutSeconds).`,
} as const satisfies Record<Exclude<UnplugOutcome, "removed">, (what: HeldDevice["what"]) => string>;

export async function unplugLive(
  { path, alias, what }: HeldDevice,
  { uuid, unplugTimeoutSeconds: seconds }: { readonly uuid: string; readonly unplugTimeoutSeconds: number },
  attempt: Attempt,
  { services, signal, log }: Call,
): Promise<void> {
  if (alias === undefined) return;
  log.status(`waiting up to ${seconds} s for the guest to let go of ${path}`);
  await attempt(path, async () => {
    const outcome = await services.libvirt.unplugLiveDevice(uuid, alias, { signal, timeoutMs: seconds * msPerSecond });
    if (outcome === "removed") return;
    log.warn(`${path}: ${heldSentence[outcome](what)} It stays until the next cold start, unless the guest lets go of it before.`);
  });
}
