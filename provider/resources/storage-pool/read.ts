// read: the pool as the host has it now, for refresh and import. It looks at no volume and makes libvirt scan nothing.
import { RefusedError } from "../../errors";
import type { PoolRecord } from "../../libvirt/port";
import { parsePool } from "../../xml/pool-xml";
import type { Call, Observed, Values } from "../resource";
import { isUuid } from "../uuid";
import { asValues } from "../values";
import type { CheckedInputs } from "./contract";
import { driftedInputs, importedInputs } from "./observed-inputs";
import { poolSecretUuid } from "./pool-request";
import { isPoolType, poolTypes } from "./pool-types";
import { stateOf } from "./state";

export async function read(
  { id, oldInputs }: { readonly id: string; readonly oldInputs?: Values | undefined },
  call: Call,
): Promise<Observed | undefined> {
  const record = await find(id, oldInputs === undefined, call);
  if (record === undefined) return undefined;
  const inputs = oldInputs === undefined ? imported(id, record) : await drifted(oldInputs as unknown as CheckedInputs, record, call);
  return { id: record.uuid, inputs: asValues(inputs), state: stateOf(inputs, record) };
}

/** An import may name the pool; its UUID is tried first. */
async function find(id: string, byName: boolean, { services, signal }: Call): Promise<PoolRecord | undefined> {
  const { libvirt } = services;
  const byUuid = isUuid(id) ? await libvirt.findPoolByUuid(id, { signal }) : undefined;
  return byUuid ?? (byName ? libvirt.findPool(id, { signal }) : undefined);
}

const refusal = (id: string, reason: string) => new RefusedError([{ path: "id", reason: `is ${JSON.stringify(id)}, ${reason}` }]);

function imported(id: string, record: PoolRecord): CheckedInputs {
  const { type, source } = parsePool(record.xml);
  if (!record.persistent) {
    throw refusal(
      id,
      "a transient pool: it has no definition that could be kept. Define it first: virsh pool-dumpxml, then virsh pool-define.",
    );
  }
  if (!isPoolType(type))
    throw refusal(id, `a pool of type ${type}, which this provider does not manage; it does: ${poolTypes.join(", ")}.`);
  if (source.auth !== undefined && source.auth.secretUuid === undefined) {
    throw refusal(
      id,
      "a pool that names its secret by usage. Define it with the secret's UUID first (virsh pool-edit: <secret uuid='…'/>).",
    );
  }
  return importedInputs(type, record);
}

async function drifted(old: CheckedInputs, record: PoolRecord, { services, signal }: Call): Promise<CheckedInputs> {
  const { key, password } = old.source?.auth ?? {};
  const hasSecret = key !== undefined || password !== undefined;
  const isThere = hasSecret && (await services.libvirt.findSecret(poolSecretUuid(old.name), { signal })) !== undefined;
  return driftedInputs(old, record, isThere);
}
