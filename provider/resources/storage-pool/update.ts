// update: brings the pool to what is asked, by a new definition over its UUID; what is so already is left alone.
import { RefusedError } from "../../errors";
import type { PoolRecord } from "../../libvirt/port";
import { poolXml } from "../../xml/pool-xml";
import { sameXml } from "../../xml/same-xml";
import { poolLock } from "../pool-lock";
import type { Call, DiffRequest, Stored, Values } from "../resource";
import { defined, sameValue } from "../values";
import type { CheckedInputs } from "./contract";
import { settledFields } from "./pool-fields";
import { poolRequest } from "./pool-request";
import { dropPoolSecret, ensurePoolSecret } from "./pool-secret";
import { buildFolder, definePool, startPool, stopPool } from "./pool-steps";
import { rulesOf } from "./pool-types";
import { stateOf } from "./state";
import { warnOfUsers } from "./users";

export async function update(
  { id, oldInputs, oldState, news, preview }: DiffRequest & { readonly preview: boolean },
  call: Call,
): Promise<Stored> {
  if (preview) return { state: previewState(oldState, news) };
  const olds = oldInputs as unknown as CheckedInputs;
  const inputs = news as unknown as CheckedInputs;
  return poolLock(call.services.libvirt.uri, inputs.name, async () => {
    await converge(olds, inputs, await found(id, inputs, call), call);
    return { state: stateOf(inputs, await found(id, inputs, call)) };
  });
}

function previewState({ uuid, capacity }: Values, news: Values): Values {
  const isActive = news["active"] !== false;
  return { ...news, ...defined({ uuid, path: settledFields["target.path"](news), ...(isActive ? { capacity } : {}) }) };
}

async function found(id: string, { name }: CheckedInputs, { services, signal }: Call): Promise<PoolRecord> {
  const record = await services.libvirt.findPoolByUuid(id, { signal });
  if (record !== undefined) return record;
  throw new RefusedError([
    { path: "name", reason: `is ${JSON.stringify(name)}, a pool that the host has no longer: run pulumi refresh, then up.` },
  ]);
}

async function converge(olds: CheckedInputs, inputs: CheckedInputs, record: PoolRecord, call: Call): Promise<void> {
  const { services, signal } = call;
  await ensurePoolSecret(inputs, olds, call);
  const request = poolRequest(inputs, record.uuid);
  const xml = poolXml(request, record.xml);
  const isNew = !sameXml(xml, record.xml);
  if (isNew) await definePool(inputs, xml, call);
  // A run that failed between the definition and the restart left the old inputs: then they differ still.
  const isChanged = isNew || !sameValue(request, poolRequest(olds, record.uuid));
  await convergeActive(inputs, record, isChanged && rulesOf(inputs.type).restarts, call);
  if (record.autostart !== inputs.autostart) await services.libvirt.setPoolAutostart(inputs.name, inputs.autostart, { signal });
  await dropPoolSecret(olds, inputs, call);
}

/** A definition takes effect at a start, permissions at a build, and both want a pool that is stopped. */
async function convergeActive(inputs: CheckedInputs, { active }: PoolRecord, restart: boolean, call: Call): Promise<void> {
  if (active && inputs.active && !restart) return;
  if (active) {
    if (!inputs.active) await warnOfUsers(inputs, call);
    await stopPool(inputs, call);
  }
  if (inputs.active) {
    await buildThenStart(inputs, active, call);
    return;
  }
  if (restart) await buildFolder(inputs, call);
}

/** A pool that was active is so afterwards, even when the folder could not be given its permissions. */
async function buildThenStart(inputs: CheckedInputs, wasActive: boolean, call: Call): Promise<void> {
  try {
    await buildFolder(inputs, call);
  } catch (error) {
    if (wasActive) await startPool(inputs, { ...call, signal: new AbortController().signal }).catch(() => undefined);
    throw error;
  }
  await startPool(inputs, call);
}
