// read: what the host holds now, as state and as the inputs that would have asked for it; for an import the name or UUID alone must do.
import { BugError, RefusedError } from "../../errors";
import type { Call, Observed, Values } from "../resource";
import { isUuid } from "../uuid";
import { asValues } from "../values";
import { withSeed, withoutSeed } from "./cloud-init";
import { observeAddresses } from "./addresses";
import type { CheckedInputs, VirtualMachineOutputs } from "./contract";
import type { VolumeCapacities } from "./observed-disks";
import { driftedInputs, importedInputs } from "./observed-inputs";
import { observeMachine } from "./observe-machine";
import { outputsOf, stateOf } from "./state";
import { withStaticAddresses } from "./static-addresses";
import { volumeNameIn } from "./volumes";

interface ReadRequest {
  readonly id: string;
  readonly oldInputs?: Values | undefined;
  readonly oldState?: Values | undefined;
}

export async function read({ id, oldInputs, oldState }: ReadRequest, call: Call): Promise<Observed | undefined> {
  const byUuid = isUuid(id) ? await observeMachine({ uuid: id }, call) : undefined;
  const machine = byUuid ?? (oldInputs === undefined ? await observeMachine({ name: id }, call) : undefined);
  if (machine === undefined) return undefined;
  if (!machine.record.persistent) {
    throw new RefusedError([
      {
        path: "id",
        reason: `is ${JSON.stringify(id)}, a transient VM: it has no definition that could be kept. Define it first: virsh dumpxml, then virsh define.`,
      },
    ]);
  }
  const seen = oldInputs === undefined ? importedInputs(machine) : await drifted(oldInputs, oldState, machine, call);
  const networks = await withStaticAddresses(seen.networks, machine.defined, call);
  const inputs = networks === undefined ? seen : { ...seen, networks };
  const effective = inputs.effectiveDisks;
  if (effective === undefined) throw new BugError("A machine was read without its disks.");
  const outputs = outputsOf(machine, effective, await observeAddresses(machine, call));
  return { id: outputs.uuid, inputs: asValues(inputs), state: stateOf(inputs, outputs) };
}

async function drifted(
  oldInputs: Values,
  oldState: Values | undefined,
  machine: NonNullable<Awaited<ReturnType<typeof observeMachine>>>,
  call: Call,
): Promise<CheckedInputs> {
  const state = (oldState ?? {}) as unknown as Partial<VirtualMachineOutputs>;
  const asked = oldInputs as unknown as CheckedInputs;
  const old = {
    ...asked,
    ...((asked.effectiveDisks ?? state.effectiveDisks) === undefined
      ? {}
      : { effectiveDisks: asked.effectiveDisks ?? state.effectiveDisks }),
  } as CheckedInputs;
  const seeded = withSeed(old);
  return withoutSeed(driftedInputs(seeded, machine, await capacities(seeded, machine, call)), old);
}

/** Capacity of each volume that was made or asked for by pool, by path; one that libvirt does not find is left out. */
async function capacities(
  old: CheckedInputs,
  { defined: { disks } }: NonNullable<Awaited<ReturnType<typeof observeMachine>>>,
  call: Call,
): Promise<VolumeCapacities> {
  const found = await Promise.all(
    disks.map(async ({ key, path }) => {
      const pool = old.disks?.[key]?.pool;
      return path === undefined || pool === undefined ? undefined : ([path, await capacity(pool, path, call)] as const);
    }),
  );
  return new Map(found.flatMap((entry) => (entry?.[1] === undefined ? [] : [[entry[0], entry[1]]])));
}

/** A pool that is not started does not tell; nor does one whose volumes go by other names than the disk's source (iscsi-direct). */
async function capacity(pool: string, path: string, { services: { libvirt }, signal }: Call): Promise<number | "not told" | undefined> {
  const record = await libvirt.findPool(pool, { signal });
  if (record?.active === false || path.startsWith("iscsi:")) return "not told";
  return (await libvirt.findVolume({ pool, name: volumeNameIn(path) }, { signal }))?.capacityBytes;
}
