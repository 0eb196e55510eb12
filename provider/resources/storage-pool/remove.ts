// remove: stops and undefines the pool; its content stays, unless deleteContent says that it goes too.
import { HostError, RefusedError } from "../../errors";
import type { PoolRecord } from "../../libvirt/port";
import { poolLock } from "../pool-lock";
import type { Call, Values } from "../resource";
import type { CheckedInputs } from "./contract";
import { dropPoolSecret } from "./pool-secret";
import { startPool, stopPool } from "./pool-steps";
import { rulesOf } from "./pool-types";
import { pathOf } from "./pool-request";
import { storageUsers, warnOfUsers } from "./users";

export async function remove({ id, oldInputs }: { readonly id: string; readonly oldInputs: Values }, call: Call): Promise<void> {
  const inputs = oldInputs as unknown as CheckedInputs;
  const { libvirt } = call.services;
  await poolLock(libvirt.uri, inputs.name, async () => {
    const record = await libvirt.findPoolByUuid(id, { signal: call.signal });
    if (record !== undefined) await removePool(inputs, record, call);
    await dropPoolSecret(inputs, undefined, call);
  });
}

async function removePool(inputs: CheckedInputs, { name, active }: PoolRecord, call: Call): Promise<void> {
  const { services, signal } = call;
  if (inputs.deleteContent) await deleteVolumes(inputs, active, call);
  else if (active) await warnOfUsers(inputs, call);
  if (active || inputs.deleteContent) await stopPool(inputs, call);
  if (inputs.deleteContent) await deleteStorage(inputs, call);
  await services.libvirt.undefinePool(name, { signal });
}

/** Only a pool that is active tells of its volumes; a look at the storage finds those that were made outside libvirt. */
async function deleteVolumes(inputs: CheckedInputs, active: boolean, call: Call): Promise<void> {
  const { services, signal, log } = call;
  const { libvirt } = services;
  const { name } = inputs;
  if (active) await libvirt.refreshPool(name, { signal });
  else await startPool(inputs, call);
  const volumes = await libvirt.listVolumes(name, { signal });
  await refuseVolumesInUse(inputs, volumes, call);
  for (const [index, volume] of volumes.entries()) {
    log.status(`deleting volume ${index + 1} of ${volumes.length} in pool ${name}: ${volume}`);
    await libvirt.deleteVolume({ pool: name, name: volume }, { signal });
  }
}

/** Nothing is deleted when one of them is in use. */
async function refuseVolumesInUse({ name }: CheckedInputs, volumes: readonly string[], call: Call): Promise<void> {
  const { services, signal } = call;
  const users = volumes.length === 0 ? [] : await storageUsers(call);
  if (users.length === 0) return;
  const records = await Promise.all(volumes.map((volume) => services.libvirt.findVolume({ pool: name, name: volume }, { signal })));
  const paths = new Set(records.map((record) => record?.path));
  const problems = users
    .filter(({ storage }) => paths.has(storage))
    .map(({ vm, storage }) => ({
      path: "deleteContent",
      reason: `is true, but ${vm} has a disk on ${storage}: nothing was deleted. Stop that VM or take the disk out, or set deleteContent to false (pulumi up), which leaves the content.`,
    }));
  if (problems.length > 0) throw new RefusedError(problems);
}

/** Folders go when they are empty: what else is in one was never the pool's. The rest goes, or the pool stays. */
async function deleteStorage(inputs: CheckedInputs, { services, signal, log }: Call): Promise<void> {
  const { deletes } = rulesOf(inputs.type);
  if (deletes !== "folder" && deletes !== "storage") return;
  log.status(`deleting the storage of pool ${inputs.name}`);
  try {
    await services.libvirt.deletePoolStorage(inputs.name, { signal });
  } catch (error) {
    if (deletes === "storage" || !(error instanceof HostError)) throw error;
    log.warn(
      `deleteContent: the volumes are deleted, and the folder ${pathOf(inputs) ?? ""} stays: libvirt says: ${error.libvirtMessage}.`,
    );
  }
}
