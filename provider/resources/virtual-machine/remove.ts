// remove: stops the machine, removes its definition with all that hangs on it, and deletes the volumes that were made for it.
import type { Problem } from "../../errors";
import { RefusedError } from "../../errors";
import type { DomainRecord } from "../../libvirt/port";
import type { OwnedVolume } from "../../plan/domain";
import type { Call, Values } from "../resource";
import { parseDomain } from "../../xml/parse-domain";
import type { ObservedSnapshot } from "../../xml/parse-snapshot";
import type { CheckedInputs, VirtualMachineOutputs } from "./contract";
import { diskKeysOf, dropSecrets } from "./disk-secrets";
import { isKept } from "./domain-plan";
import { dropOverlays, mergeSnapshots, snapshotProblems, snapshotsOf } from "./lifecycle-snapshots";
import { powerOf, stopGracefully } from "./power";
import { applyStatic, entriesOf, planStatic } from "./static-addresses";
import { deleteVolume } from "./volumes";

interface RemoveRequest {
  readonly id: string;
  readonly oldInputs: Values;
  readonly oldState: Values;
}

export async function remove({ id, oldInputs, oldState }: RemoveRequest, call: Call): Promise<void> {
  const { libvirt } = call.services;
  const inputs = oldInputs as unknown as CheckedInputs;
  const record = await libvirt.findDomain({ uuid: id }, { signal: call.signal });
  const volumes = volumesOf(record, oldState, inputs);
  const gone = new Set(volumes.filter((volume) => !isKept(volume, inputs.disks)).map(({ path }) => path));
  const snapshots = record === undefined ? [] : await removeMachine(record, inputs, gone, call);
  for (const volume of volumes) {
    if (gone.has(volume.path)) await deleteVolume(volume, call);
    else call.log.info(`disks.${volume.key}: the volume ${volume.path} is kept (keepOnDelete)`);
  }
  await dropOverlays(snapshots, gone, call);
}

/** Those that we made: by the definition's notes, or by the state where there is no definition any more. */
function volumesOf(
  record: DomainRecord | undefined,
  { volumes = {} }: Partial<VirtualMachineOutputs>,
  { disks }: CheckedInputs,
): readonly OwnedVolume[] {
  const noted = record === undefined ? undefined : parseDomain(record.inactiveXml).metadata?.volumes;
  return noted ?? Object.entries(volumes).map(([key, volume]) => ({ ...volume, key, keep: disks?.[key]?.keepOnDelete ?? false }));
}

/** All that speaks against it, before anything is touched. */
function refuse(record: DomainRecord, snapshots: readonly ObservedSnapshot[], inputs: CheckedInputs): void {
  const problems = [
    ...(inputs.stopOnDelete === false ? runningProblems(record) : []),
    ...(inputs.snapshotsOnDelete === "delete" ? [] : snapshotProblems(record.name, snapshots)),
  ];
  if (problems.length > 0) throw new RefusedError(problems);
}

const stateWords = { running: "runs", paused: "is paused", stopped: "lies saved" } as const;

function runningProblems(record: DomainRecord): Problem[] {
  const power = powerOf(record);
  if (power === "stopped" && !record.hasManagedSave) return [];
  const reason = `is false, and ${record.name} ${stateWords[power]}: stop it first (power: "stopped", or virsh shutdown ${record.name}), or say stopOnDelete: true and run \`pulumi up\` before.`;
  return [{ path: "stopOnDelete", reason }];
}

/** Returns the snapshots whose files are still there; `gone` are the images that go with the machine. */
async function removeMachine(
  record: DomainRecord,
  inputs: CheckedInputs,
  gone: ReadonlySet<string>,
  call: Call,
): Promise<readonly ObservedSnapshot[]> {
  const { services, signal, log } = call;
  const { libvirt } = services;
  const { uuid, name } = record;
  const snapshots = await snapshotsOf(uuid, call);
  refuse(record, snapshots, inputs);
  const power = powerOf(record);
  if (power === "running") await stopGracefully(record, inputs, call);
  if (power === "paused") await libvirt.destroyDomain(uuid, { signal });
  if (power === "stopped" && record.hasManagedSave) log.warn(`${name} lay saved: the memory of its guest goes with it.`);
  const left = await mergeSnapshots(uuid, { snapshots, gone }, call);
  const domain = parseDomain(record.inactiveXml);
  const keys = [...diskKeysOf(domain), ...Object.keys(inputs.disks ?? {})];
  await dropSecrets({ name, keys }, call);
  await libvirt.undefineDomain(uuid, { signal });
  await applyStatic(await planStatic([], entriesOf(domain.metadata), call), call);
  return left;
}
