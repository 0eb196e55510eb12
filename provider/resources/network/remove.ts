// remove: stops and undefines the network; not under running VMs, which would be cut off and not come back by themselves.
import type { Call, Values } from "../resource";
import type { CheckedInputs } from "./contract";
import { networkLock } from "./network-lock";
import { stopNetwork } from "./network-steps";
import { networkUsers, refuseUsers } from "./users";

export async function remove({ id, oldInputs }: { readonly id: string; readonly oldInputs: Values }, call: Call): Promise<void> {
  const inputs = oldInputs as unknown as CheckedInputs;
  const { libvirt } = call.services;
  await networkLock(call, inputs.name, async () => {
    const record = await libvirt.findNetworkByUuid(id, { signal: call.signal });
    if (record === undefined) return;
    refuseUsers("name", "is to be deleted", record.name, await networkUsers(record, call));
    if (record.active) await stopNetwork(inputs, call);
    if (record.persistent) await libvirt.undefineNetwork(record.name, { signal: call.signal });
  });
}
