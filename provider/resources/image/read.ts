// read: whether the image is on the host and whole. Nothing is downloaded, and nothing hashed.
import { HostError, RefusedError } from "../../errors";
import type { VolumeRecord } from "../../libvirt/port";
import { knownVolume } from "../known-volume";
import type { Call, Observed, Values } from "../resource";
import { asValues } from "../values";
import type { ImageInputs } from "./contract";
import { importedSource } from "./source";
import { damageOf, idOf, placeOf, stateOf } from "./state";

interface ReadRequest {
  readonly id: string;
  readonly oldInputs?: Values | undefined;
  readonly oldState?: Values | undefined;
}

export async function read({ id, oldInputs, oldState }: ReadRequest, call: Call): Promise<Observed | undefined> {
  const place = placeOf(id);
  if (place === undefined) {
    const reason = `is ${JSON.stringify(id)}, but must be "pool/volume" of an image that was uploaded by this provider: NAME-<16 hexadecimal digits>.qcow2 or .raw. Take other volumes in as Volumes.`;
    throw new RefusedError([{ path: "id", reason }]);
  }
  const record = await knownVolume(place, call);
  if (record === undefined) return undefined;
  if (oldInputs === undefined || oldState === undefined) {
    const inputs = importedInputs(place);
    return { id, inputs, state: stateOf(inputs, record, undefined) };
  }
  const { sha256 } = oldState;
  const damage = await lasting(record, oldState, call);
  const state = damage === undefined ? stateOf(oldInputs, record, typeof sha256 === "string" ? sha256 : undefined) : oldState;
  const initErrors = damage === undefined ? [] : [`The image ${id} is not whole: it ${damage}. The next update uploads it again.`];
  return { id: idOf(record), inputs: oldInputs, state, initErrors };
}

/** Damage that is still there after libvirt has looked at the file once more. */
async function lasting(record: VolumeRecord, oldState: Values, { services: { libvirt }, signal }: Call): Promise<string | undefined> {
  if (damageOf(record, oldState) === undefined) return undefined;
  try {
    await libvirt.refreshPool(record.pool, { signal });
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
  }
  const again = await libvirt.findVolume({ pool: record.pool, name: record.name }, { signal });
  return again === undefined ? "is gone" : damageOf(again, oldState);
}

/** The source is not known any more: what stands for it can be exchanged for the real one, which is then compared by its checksum. */
function importedInputs({ pool, name, format }: NonNullable<ReturnType<typeof placeOf>>): Values {
  const digitsAndFormat = /-[0-9a-f]{16}\.[a-z0-9]+$/;
  const inputs: ImageInputs = { source: importedSource(idOf({ pool, name })), pool, format, name: name.replace(digitsAndFormat, "") };
  return asValues(inputs);
}
