// Takes a device out of a running domain: libvirt asks the guest, and events tell its answer; a poll makes up for events that were lost.
import { domainAffectFlags } from "node-libvirt";
import { CancelledError, HostError } from "../errors";
import { Alarm } from "./alarm";
import { hostErrorCodes } from "./codes";
import type { HostConnection } from "./connection";
import { aboutDomain, domainRef } from "./domain-ref";
import { saysCode } from "./errors";
import type { CallOptions, UnplugOutcome } from "./port";

const pollMs = 2_000;

/**
 * QEMU's word for a device that was asked for before, while the guest has not answered yet: code 1 from libvirt, and no error to us.
 * @see https://gitlab.com/qemu-project/qemu/-/blob/v7.2.0/softmmu/qdev-monitor.c#L926
 */
const askedBefore = "is already in the process of unplug";

/** From daemons that wait for the guest before they answer. */
const rejectedByGuest = "was rejected by the guest";

type Answer = "asked" | "removed" | "refused";

/** Asks for the unplug. Rejects when it could not be asked for. */
async function ask(host: HostConnection, uuid: string, alias: string, options: CallOptions): Promise<Answer> {
  const about = aboutDomain(`Unplugging ${alias} from`, uuid, options);
  try {
    await host.callSlowly("domainDetachDeviceAlias", { ...about, args: { dom: domainRef(uuid), alias, flags: domainAffectFlags.LIVE } });
    return "asked";
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    if (error.libvirtMessage.includes(askedBefore)) return "asked";
    if (error.libvirtMessage.includes(rejectedByGuest)) return "refused";
    // Gone is what was wanted. libvirt has a code for that, but answers by alias with the one of internal errors: so look.
    const isRunning = !saysCode(error, hostErrorCodes.operationInvalid, hostErrorCodes.noDomain);
    if (isRunning && !(await isPlugged(host, uuid, alias, options))) return "removed";
    throw error;
  }
}

async function isPlugged(host: HostConnection, uuid: string, alias: string, options: CallOptions): Promise<boolean> {
  const about = aboutDomain("Reading", uuid, options);
  const { xml } = await host.call("domainGetXmlDesc", { ...about, args: { dom: domainRef(uuid), flags: 0 } });
  return xml.includes(`<alias name='${alias}'/>`);
}

/** Asks once, and waits for the guest's answer; without one, says so when the time is over. */
export async function unplugDevice(
  host: HostConnection,
  uuid: string,
  alias: string,
  { timeoutMs, signal }: CallOptions & { readonly timeoutMs: number },
): Promise<UnplugOutcome> {
  const about = aboutDomain(`Unplugging ${alias} from`, uuid, { signal });
  const endsAt = performance.now() + timeoutMs;
  const alarm = new Alarm();
  const ring = () => alarm.ring();
  const heard: { answer?: Exclude<Answer, "asked"> } = {};
  // Subscribed before the question, so that no answer is missed.
  const unsubscribe = await host.onDeviceAnswer((event) => {
    if (event !== "missed some" && (event.dom.uuid !== uuid || event.devAlias !== alias)) return;
    if (event !== "missed some") heard.answer = event.answer;
    ring();
  }, about);
  signal?.addEventListener("abort", ring);
  try {
    const asked = await ask(host, uuid, alias, { signal });
    if (asked !== "asked") return asked;
    for (;;) {
      if (signal?.aborted === true) throw new CancelledError(about);
      if (heard.answer !== undefined) return heard.answer;
      if (!(await isPlugged(host, uuid, alias, { signal }))) return "removed";
      const leftMs = endsAt - performance.now();
      if (leftMs <= 0) return "waiting";
      await alarm.sleep(Math.min(leftMs, pollMs));
    }
  } finally {
    signal?.removeEventListener("abort", ring);
    unsubscribe();
  }
}
