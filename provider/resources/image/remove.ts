// remove: deletes the image from the host, unless somebody lives on it: other stacks may share it. Converges the host.
import { knownVolume } from "../known-volume";
import { poolLock } from "../pool-lock";
import type { Call, Values } from "../resource";
import { shownMachineUse, volumeUses } from "../volume-uses";
import { isClaimed } from "./claimed";
import { placeOf } from "./state";

interface RemoveRequest {
  readonly id: string;
  readonly oldInputs: Values;
  readonly oldState: Values;
}

export async function remove({ id, oldInputs }: RemoveRequest, call: Call): Promise<void> {
  const { log } = call;
  const place = placeOf(id);
  if (place === undefined) return;
  const why = oldInputs["keepOnDelete"] === true ? "keepOnDelete" : await deleted(place, id, call);
  if (why !== undefined) log.info(`the image ${id} stays on the host: ${why}`);
}

/** undefined: it is gone; else why it stays. The lock of uploads comes first: one of the same image may be under way in this very run. */
function deleted({ pool, name }: { readonly pool: string; readonly name: string }, id: string, call: Call): Promise<string | undefined> {
  const { libvirt } = call.services;
  return poolLock(libvirt.uri, `${pool}/${name}`, () =>
    poolLock(libvirt.uri, pool, async () => {
      if (isClaimed(libvirt.uri, id)) return "another resource of this run is the same image";
      const record = await knownVolume({ pool, name }, call);
      if (record === undefined) return undefined;
      const { machines, overlays } = await volumeUses(record.path, call);
      const users = [...machines.map(shownMachineUse), ...overlays.map((overlay) => `the volume ${overlay} on top of it`)];
      if (users.length > 0) return `it is used by ${users.join(", ")}`;
      await libvirt.deleteVolume({ pool, name }, { signal: call.signal });
      return undefined;
    }),
  );
}
