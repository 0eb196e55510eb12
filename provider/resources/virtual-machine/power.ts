// Starts, stops and holds a machine: how it gets from the state it is in to the one that is asked for. Converges the host.
import { HostError } from "../../errors";
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

type StopInputs = Pick<CheckedInputs, "shutdownTimeoutSeconds" | "shutdownMode">;

/** Asks the guest to stop, and ends it when the time is over or it cannot be asked. */
export async function stopGracefully(record: DomainRecord, inputs: StopInputs, call: Call): Promise<void> {
  const { libvirt } = call.services;
  const seconds = inputs.shutdownTimeoutSeconds ?? defaultShutdownTimeoutSeconds;
  if (seconds > 0 && (await stopsByItself(record, seconds, inputs.shutdownMode, call))) return;
  await libvirt.destroyDomain(record.uuid, { signal: call.signal });
}

async function stopsByItself(
  { uuid, name }: DomainRecord,
  seconds: number,
  by: StopInputs["shutdownMode"],
  { services, signal, log }: Call,
): Promise<boolean> {
  const { libvirt } = services;
  log.status(`waiting up to ${seconds} s for ${name} to stop`);
  const stops = libvirt.waitForState(uuid, "stopped", { signal, timeoutMs: seconds * msPerSecond });
  // An agent's answer may take as long as the guest's way down, so that the time runs while it is asked.
  const asked = libvirt.requestShutdown(uuid, { signal, by }).then(
    () => stops,
    (error: unknown) => whyNotAsked(error),
  );
  const outcome = await Promise.race([stops, asked]);
  if (outcome === true) return true;
  // It may have stopped at this very moment.
  if ((await libvirt.findDomain({ uuid }, { signal }))?.liveXml === undefined) return true;
  log.warn(
    outcome === false
      ? `${name} did not stop within ${seconds} s (shutdownTimeoutSeconds), so it was ended.`
      : `${name} could not be asked to stop (${outcome}), so it was ended.`,
  );
  return false;
}

function whyNotAsked(error: unknown): string {
  if (!(error instanceof HostError)) throw error;
  return error.libvirtMessage;
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
    await stopGracefully(record, inputs, call);
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
