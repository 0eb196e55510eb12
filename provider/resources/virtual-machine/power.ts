// Starts, stops and holds a machine: how it gets from the state it is in to the one that is asked for. Converges the host.
import type { DomainRecord } from "../../libvirt/port";
import type { Call } from "../resource";
import type { CheckedInputs } from "./contract";
import { defaultShutdownTimeoutSeconds } from "./contract";

export type Power = CheckedInputs["power"];

/** A record's state in the words of the `power` input. */
export function powerOf({ state }: Pick<DomainRecord, "state">): Power {
  if (state === "running" || state === "suspended") return "running";
  return state === "paused" ? "paused" : "stopped";
}

const msPerSecond = 1000;

/** Asks the guest to stop, and ends it when the time is over. Returns whether it stopped by itself. */
export async function stopGracefully({ uuid, name }: DomainRecord, timeoutSeconds: number | undefined, call: Call): Promise<boolean> {
  const { services, signal, log } = call;
  const seconds = timeoutSeconds ?? defaultShutdownTimeoutSeconds;
  if (seconds > 0) {
    log.status(`waiting up to ${seconds} s for ${name} to stop`);
    await services.libvirt.requestShutdown(uuid, { signal });
    if (await services.libvirt.waitForState(uuid, "stopped", { signal, timeoutMs: seconds * msPerSecond })) return true;
    log.warn(`${name} did not stop within ${seconds} s (shutdownTimeoutSeconds), so it was ended.`);
  }
  await services.libvirt.destroyDomain(uuid, { signal });
  return false;
}

/** Brings the machine into the asked state; writes nothing when it is there. */
export async function convergePower(record: DomainRecord, inputs: CheckedInputs, call: Call): Promise<void> {
  const { services, signal, log } = call;
  const { libvirt } = services;
  const { uuid, name } = record;
  const [now, wanted] = [powerOf(record), inputs.power];
  if (now === wanted) return;
  if (wanted === "stopped") {
    // A paused guest cannot answer the power button.
    if (now === "paused") await libvirt.resumeDomain(uuid, { signal });
    await stopGracefully(record, inputs.shutdownTimeoutSeconds, call);
    return;
  }
  if (now === "stopped") {
    log.status(`starting ${name}`);
    if (record.state === "crashed") await libvirt.destroyDomain(uuid, { signal });
    await libvirt.startDomain(uuid, { signal, paused: wanted === "paused" });
    return;
  }
  await (wanted === "paused" ? libvirt.pauseDomain(uuid, { signal }) : libvirt.resumeDomain(uuid, { signal }));
}
