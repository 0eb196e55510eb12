// create: defines the pool, makes its storage as far as asked, and starts it. What fails leaves nothing, or a pool that the next run goes on with.
import { randomUUID } from "node:crypto";
import { BugError, CreatedButFailedError, HostError, RefusedError } from "../../errors";
import type { PoolRecord } from "../../libvirt/port";
import { poolXml } from "../../xml/pool-xml";
import { poolLock } from "../pool-lock";
import type { Call, Created, Values } from "../resource";
import { unknown } from "../resource";
import { asValues } from "../values";
import type { CheckedInputs } from "./contract";
import { settledFields } from "./pool-fields";
import { poolRequest } from "./pool-request";
import { dropPoolSecret, ensurePoolSecret } from "./pool-secret";
import { buildDevice, buildFolder, buildsDevice, definePool, startPool } from "./pool-steps";
import { stateOf } from "./state";

export async function create(
  { inputs: values, preview }: { readonly inputs: Values; readonly preview: boolean },
  call: Call,
): Promise<Created> {
  if (preview) return { id: "", state: previewState(values) };
  const inputs = values as unknown as CheckedInputs;
  return poolLock(call.services.libvirt.uri, inputs.name, async () => {
    await refuseTakenName(inputs, call);
    const record = await make(inputs, randomUUID(), call);
    return { id: record.uuid, state: stateOf(inputs, record) };
  });
}

function previewState(inputs: Values): Values {
  const path = settledFields["target.path"](inputs);
  const capacity: Values = inputs["active"] === false ? {} : { capacity: unknown };
  return { ...inputs, uuid: unknown, ...(path === undefined ? {} : { path }), ...capacity };
}

async function refuseTakenName({ name }: CheckedInputs, { services, signal }: Call): Promise<void> {
  const taken = await services.libvirt.findPool(name, { signal });
  if (taken === undefined) return;
  const reason = `is ${JSON.stringify(name)}, and the host has a pool of that name already (${taken.uuid}). Give another name, or take that pool over: pulumi import kvm:index:StoragePool … ${name}.`;
  throw new RefusedError([{ path: "name", reason }]);
}

/** The UUID is ours from the start, so that after a lost answer it is known which pool to clear away. */
async function make(inputs: CheckedInputs, uuid: string, call: Call): Promise<PoolRecord> {
  const { services, signal, log } = call;
  let wroteToDevice = false;
  try {
    await ensurePoolSecret(inputs, undefined, call);
    log.status(`defining pool ${inputs.name}`);
    await definePool(inputs, poolXml(poolRequest(inputs, uuid)), call);
    if (buildsDevice(inputs)) {
      // Refused, it has written nothing; an answer that was lost may have been a yes.
      await buildDevice(inputs, call).catch((error: unknown) => {
        wroteToDevice = !(error instanceof HostError);
        throw error;
      });
      wroteToDevice = true;
    } else await buildFolder(inputs, call);
    if (inputs.active) await startPool(inputs, call);
    if (inputs.autostart) await services.libvirt.setPoolAutostart(inputs.name, true, { signal });
    return await found(uuid, call);
  } catch (error) {
    return abandon(inputs, uuid, error, wroteToDevice, call);
  }
}

async function found(uuid: string, { services, signal }: Call): Promise<PoolRecord> {
  const record = await services.libvirt.findPoolByUuid(uuid, { signal });
  if (record === undefined) throw new BugError("A pool vanished while it was being made.");
  return record;
}

/** Clears away what was made. A pool whose storage was made, or that cannot be cleared away, stays and is reported as half-made. */
async function abandon(inputs: CheckedInputs, uuid: string, error: unknown, wroteToDevice: boolean, call: Call): Promise<never> {
  // What made it fail may be the end of its signal.
  const late = { ...call, signal: new AbortController().signal };
  const reasons = [error instanceof Error ? error.message : String(error)];
  if (!wroteToDevice) {
    try {
      await unmake(inputs, uuid, late);
    } catch (second) {
      reasons.push(`What was made so far could not be cleared away: ${second instanceof Error ? second.message : String(second)}`);
    }
    if (reasons.length === 1) throw error;
  }
  const record = await late.services.libvirt.findPoolByUuid(uuid).catch(() => undefined);
  if (record === undefined && wroteToDevice) throw error;
  const state = record === undefined ? { ...asValues(inputs), uuid } : stateOf(inputs, record);
  throw new CreatedButFailedError(uuid, state, asValues(inputs), reasons);
}

async function unmake(inputs: CheckedInputs, uuid: string, call: Call): Promise<void> {
  const { libvirt } = call.services;
  const record = await libvirt.findPoolByUuid(uuid);
  if (record !== undefined) {
    await libvirt.stopPool(record.name);
    await libvirt.undefinePool(record.name);
  }
  await dropPoolSecret(inputs, undefined, call);
}
