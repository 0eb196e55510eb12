// update: grows the volume in place; everything else that changes here is only for later. Converges the host.
import { RefusedError } from "../../errors";
import type { VolumeRecord } from "../../libvirt/port";
import { formatSize } from "../../plan/size";
import { parsePool } from "../../xml/pool-xml";
import { growVolume, ungrowableReason } from "../grow-volume";
import { knownVolume } from "../known-volume";
import type { Call, DiffRequest, Stored, Values } from "../resource";
import { unknown } from "../resource";
import { sizeBytes } from "../values";
import { volumeUses } from "../volume-uses";
import { shrinkReason } from "./check";
import { placeOf, stateOf } from "./state";

/** Fields that say how a volume is made. */
const onlyAtBirth = ["preallocation", "imageFormat"] as const;

export async function update(
  { id, news, oldInputs, oldState, preview }: DiffRequest & { readonly preview: boolean },
  call: Call,
): Promise<Stored> {
  const place = placeOf(id);
  const record = place && (await knownVolume(place, call));
  if (place === undefined || record === undefined) {
    throw new RefusedError([
      { path: "name", reason: `names ${id}, which is gone from the host. Run pulumi refresh, then it is made anew.` },
    ]);
  }
  const born = onlyAtBirth.filter((field) => news[field] !== oldInputs[field]);
  if (preview && born.length > 0) call.log.info(`${born.join(", ")}: heard only when a volume is made; this one stays as it is.`);
  const wantedBytes = news["size"] === unknown ? undefined : sizeBytes(news["size"]);
  const toGrow = wantedBytes !== undefined && wantedBytes !== oldCapacity(oldInputs, oldState, record);
  if (toGrow) await requireGrowable(place.pool, record, wantedBytes, call);
  if (preview) return { state: { ...stateOf(news, record), capacity: capacityAfter(news, record, toGrow ? wantedBytes : undefined) } };
  if (!toGrow || wantedBytes <= record.capacityBytes) return { state: stateOf(news, record) };
  await grow(place, record, wantedBytes, call);
  return { state: stateOf(news, (await knownVolume(place, call)) ?? record) };
}

/** What the volume has, in the words of what was asked: a pool that rounded the size up then has as much as was asked for. */
function oldCapacity(oldInputs: Values, oldState: Values, { capacityBytes }: VolumeRecord): number {
  const asked = sizeBytes(oldInputs["size"]);
  return asked !== undefined && oldState["capacity"] === formatSize(capacityBytes) ? asked : capacityBytes;
}

function capacityAfter(news: Values, { capacityBytes }: VolumeRecord, wantedBytes: number | undefined) {
  if (news["size"] === unknown) return unknown;
  return formatSize(Math.max(capacityBytes, wantedBytes ?? 0));
}

async function requireGrowable(
  pool: string,
  { capacityBytes }: VolumeRecord,
  wantedBytes: number,
  { services: { libvirt }, signal }: Call,
): Promise<void> {
  if (wantedBytes < capacityBytes) throw new RefusedError([{ path: "size", reason: shrinkReason(wantedBytes, capacityBytes) }]);
  const record = await libvirt.findPool(pool, { signal });
  const reason = record && ungrowableReason({ name: pool, type: parsePool(record.xml).type }, wantedBytes);
  if (reason !== undefined) throw new RefusedError([{ path: "size", reason }]);
}

async function grow(
  place: { readonly pool: string; readonly name: string },
  record: VolumeRecord,
  capacityBytes: number,
  call: Call,
): Promise<void> {
  const { machines } = await volumeUses(record.path, call, { machinesOnly: true });
  const running = machines.find(({ state, depth }) => state === "running" && depth === 0);
  const where = running === undefined ? "" : ` while the VM ${running.name} runs on it`;
  call.log.status(`growing volume ${place.name} from ${formatSize(record.capacityBytes)} to ${formatSize(capacityBytes)}${where}`);
  await growVolume({ ...place, capacityBytes, running }, call);
}
