// read: the volume as the host holds it now, as state and as the inputs that would have asked for it.
import { RefusedError } from "../../errors";
import type { VolumeRecord } from "../../libvirt/port";
import type { DiskFormat } from "../../plan/domain";
import { formatSize } from "../../plan/size";
import { parseVolume } from "../../xml/storage-xml";
import { knownVolume } from "../known-volume";
import type { Call, Observed, Values } from "../resource";
import { asValues, defined } from "../values";
import type { VolumeInputs } from "./contract";
import { idOf, placeOf, stateOf } from "./state";

interface ReadRequest {
  readonly id: string;
  readonly oldInputs?: Values | undefined;
  readonly oldState?: Values | undefined;
}

export async function read({ id, oldInputs, oldState }: ReadRequest, call: Call): Promise<Observed | undefined> {
  const ref = id.startsWith("/") ? { path: id } : placeOf(id);
  if (ref === undefined) {
    throw new RefusedError([{ path: "id", reason: `is ${JSON.stringify(id)}, but must be "pool/name" or the volume's absolute path.` }]);
  }
  const record = await knownVolume(ref, call);
  if (record === undefined) return undefined;
  const inputs = oldInputs === undefined ? importedInputs(record) : driftedInputs(oldInputs, oldState, record);
  return { id: idOf(record), inputs, state: stateOf(inputs, record) };
}

/** Another capacity than last time is a size that somebody gave it; what a pool rounded up is not. */
function driftedInputs(oldInputs: Values, oldState: Values | undefined, { capacityBytes }: VolumeRecord): Values {
  const capacity = formatSize(capacityBytes);
  const isAsLeft = oldState?.["capacity"] === capacity || oldInputs["size"] === undefined;
  return isAsLeft ? oldInputs : { ...oldInputs, size: capacity };
}

const formatByWord: Readonly<Record<string, DiskFormat>> = { raw: "raw", iso: "raw", none: "raw", unknown: "raw", qcow2: "qcow2" };

function importedInputs({ pool, name, path, xml, capacityBytes }: VolumeRecord): Values {
  const { format: word, backingPath, backingFormat = "raw" } = parseVolume(xml);
  const format = formatByWord[word];
  if (format === undefined) {
    const reason = `names ${path}, which libvirt takes for ${word}: only raw and qcow2 volumes can be managed. Convert it (qemu-img convert), then import that.`;
    throw new RefusedError([{ path: "id", reason }]);
  }
  const below = backingPath === undefined ? undefined : { path: backingPath, format: formatByWord[backingFormat] ?? "raw" };
  const inputs: VolumeInputs = { pool, name, format, size: formatSize(capacityBytes), ...defined({ backingStore: below }) };
  return asValues(inputs);
}
