// create: defines the network and starts it. What fails leaves nothing, or a network that the next run goes on with.
import { randomUUID } from "node:crypto";
import { BugError, CreatedButFailedError, RefusedError } from "../../errors";
import type { NetworkRecord } from "../../libvirt/port";
import { networkXml } from "../../xml/network-xml";
import type { Call, Created, Values } from "../resource";
import { unknown } from "../resource";
import { asValues } from "../values";
import type { CheckedInputs } from "./contract";
import { networkLock } from "./network-lock";
import { isNetworkMode, rulesOf } from "./network-modes";
import { networkRequest } from "./network-request";
import { defineNetwork, startNetwork } from "./network-steps";
import { stateOf } from "./state";

export async function create(
  { inputs: values, preview }: { readonly inputs: Values; readonly preview: boolean },
  call: Call,
): Promise<Created> {
  if (preview) return { id: "", state: previewState(values) };
  const inputs = values as unknown as CheckedInputs;
  return networkLock(call, inputs.name, async () => {
    await refuseTakenName(inputs, call);
    const record = await make(inputs, randomUUID(), call);
    return { id: record.uuid, state: stateOf(inputs, record) };
  });
}

function previewState(inputs: Values): Values {
  const { mode, bridge } = inputs;
  const hasBridge = !isNetworkMode(mode) || rulesOf(mode).ownBridge || bridge !== undefined;
  return { ...inputs, uuid: unknown, ...(hasBridge ? { bridge: bridge ?? unknown } : {}), pendingChanges: [] };
}

async function refuseTakenName({ name }: CheckedInputs, { services, signal }: Call): Promise<void> {
  const taken = await services.libvirt.findNetwork(name, { signal });
  if (taken === undefined) return;
  const reason = `is ${JSON.stringify(name)}, and the host has a network of that name already (${taken.uuid}). Give another name, or take that network over: pulumi import kvm:index:Network … ${name}.`;
  throw new RefusedError([{ path: "name", reason }]);
}

/** The UUID is ours from the start, so that after a lost answer it is known which network to clear away. */
async function make(inputs: CheckedInputs, uuid: string, call: Call): Promise<NetworkRecord> {
  const { services, signal, log } = call;
  try {
    log.status(`defining network ${inputs.name}`);
    await defineNetwork(inputs, networkXml(networkRequest(inputs, uuid)), call);
    if (inputs.active) await startNetwork(inputs, call);
    if (inputs.autostart) await services.libvirt.setNetworkAutostart(inputs.name, true, { signal });
    const record = await services.libvirt.findNetworkByUuid(uuid, { signal });
    if (record === undefined) throw new BugError("A network vanished while it was being made.");
    return record;
  } catch (error) {
    return abandon(inputs, uuid, error, call);
  }
}

/** Clears away what was made. A network that cannot be cleared away stays and is reported as half-made. */
async function abandon(inputs: CheckedInputs, uuid: string, error: unknown, { services: { libvirt } }: Call): Promise<never> {
  // What made it fail may be the end of the call's signal: none here.
  try {
    const record = await libvirt.findNetworkByUuid(uuid);
    if (record !== undefined) {
      await libvirt.stopNetwork(record.name);
      await libvirt.undefineNetwork(record.name);
    }
  } catch (second) {
    const [first, then] = [error, second].map((each) => (each instanceof Error ? each.message : String(each)));
    const record = await libvirt.findNetworkByUuid(uuid).catch(() => undefined);
    const state = record === undefined ? { ...asValues(inputs), uuid, pendingChanges: [] } : stateOf(inputs, record);
    throw new CreatedButFailedError(uuid, state, asValues(inputs), [
      first ?? "",
      `What was made so far could not be cleared away: ${then ?? ""}`,
    ]);
  }
  throw error;
}
