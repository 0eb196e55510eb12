// remove: deletes the volume, unless something lives on it. Converges the host.
import type { Problem } from "../../errors";
import { RefusedError } from "../../errors";
import { knownVolume } from "../known-volume";
import { poolLock } from "../pool-lock";
import type { Call, Values } from "../resource";
import { shownMachineUse, volumeUses } from "../volume-uses";
import type { VolumeUses } from "../volume-uses";
import { placeOf } from "./state";

interface RemoveRequest {
  readonly id: string;
  readonly oldInputs: Values;
  readonly oldState: Values;
}

export async function remove({ id, oldInputs }: RemoveRequest, call: Call): Promise<void> {
  const { services, signal, log } = call;
  const { libvirt } = services;
  const place = placeOf(id);
  if (place === undefined) return;
  if (oldInputs["keepOnDelete"] === true) {
    log.info(`the volume ${id} is kept (keepOnDelete)`);
    return;
  }
  await poolLock(libvirt.uri, place.pool, async () => {
    const record = await knownVolume(place, call);
    if (record === undefined) return;
    const uses = await volumeUses(record.path, call);
    const problems = useProblems(id, uses);
    if (problems.length > 0) throw new RefusedError(problems);
    for (const use of uses.machines) log.warn(`${id} was ${shownMachineUse(use)}, which will not start without it`);
    await libvirt.deleteVolume(place, { signal });
  });
}

function useProblems(id: string, { machines, overlays }: VolumeUses): Problem[] {
  const live = machines.filter(({ state }) => state !== "stopped").map(shownMachineUse);
  return [
    ...(live.length === 0
      ? []
      : [
          {
            path: "name",
            reason: `${id} is ${live.join(" and ")}, and stays. Stop that VM or take the disk from it first; or keep the volume: keepOnDelete.`,
          },
        ]),
    ...(overlays.length === 0
      ? []
      : [
          {
            path: "name",
            reason: `${id} is the backing file of ${overlays.join(", ")}, and stays. Delete these first; or keep the volume: keepOnDelete.`,
          },
        ]),
  ];
}
