// remove: stops the machine, removes its definition with all that hangs on it, and deletes the volumes that were made for it.
import type { Call, Values } from "../resource";
import { parseDomain } from "../../xml/parse-domain";
import type { CheckedInputs, VirtualMachineOutputs } from "./contract";
import { diskKeysOf, dropSecrets } from "./disk-secrets";
import { isKept } from "./domain-plan";
import { powerOf, stopGracefully } from "./power";
import { applyStatic, entriesOf, planStatic } from "./static-addresses";
import { deleteVolume } from "./volumes";

interface RemoveRequest {
  readonly id: string;
  readonly oldInputs: Values;
  readonly oldState: Values;
}

export async function remove({ id, oldInputs, oldState }: RemoveRequest, call: Call): Promise<void> {
  const { services, signal, log } = call;
  const { libvirt } = services;
  const inputs = oldInputs as unknown as CheckedInputs;
  const record = await libvirt.findDomain({ uuid: id }, { signal });
  if (record !== undefined) {
    const power = powerOf(record);
    if (power === "running") await stopGracefully(record, inputs.shutdownTimeoutSeconds, call);
    if (power === "paused") await libvirt.destroyDomain(id, { signal });
    const keys = [...diskKeysOf(parseDomain(record.inactiveXml)), ...Object.keys(inputs.disks ?? {})];
    await dropSecrets({ name: record.name, keys }, call);
    const { metadata } = parseDomain(record.inactiveXml);
    await libvirt.undefineDomain(id, { signal });
    await applyStatic(await planStatic([], entriesOf(metadata), call), call);
  }
  const fromState = Object.entries((oldState as unknown as Partial<VirtualMachineOutputs>).volumes ?? {});
  const owned = record === undefined ? undefined : parseDomain(record.inactiveXml).metadata?.volumes;
  const volumes = owned ?? fromState.map(([key, volume]) => ({ ...volume, key, keep: inputs.disks?.[key]?.keepOnDelete ?? false }));
  for (const volume of volumes) {
    if (isKept(volume, inputs.disks)) {
      log.info(`disks.${volume.key}: the volume ${volume.path} is kept (keepOnDelete)`);
      continue;
    }
    await deleteVolume(volume, call);
  }
}
