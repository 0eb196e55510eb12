// read: what the host holds now, as state and as the inputs that would have asked for it; for an import the name or UUID alone must do.
import { BugError, RefusedError } from "../../errors";
import type { Call, Observed, Values } from "../resource";
import { asValues } from "../values";
import type { CheckedInputs, VirtualMachineOutputs } from "./contract";
import type { VolumeCapacities } from "./observed-disks";
import { driftedInputs, importedInputs } from "./observed-inputs";
import { observeMachine } from "./observe-machine";
import { outputsOf, stateOf } from "./state";

interface ReadRequest {
  readonly id: string;
  readonly oldInputs?: Values | undefined;
  readonly oldState?: Values | undefined;
}

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export async function read({ id, oldInputs, oldState }: ReadRequest, call: Call): Promise<Observed | undefined> {
  const byUuid = uuidPattern.test(id) ? await observeMachine({ uuid: id }, call) : undefined;
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
  const inputs = oldInputs === undefined ? importedInputs(machine) : await drifted(oldInputs, oldState, machine, call);
  const effective = inputs.effectiveDisks;
  if (effective === undefined) throw new BugError("A machine was read without its disks.");
  const outputs = outputsOf(machine, effective);
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
  return driftedInputs(old, machine, await capacities(old, machine, call));
}

/** Capacity of each volume that was made or asked for by pool; one that libvirt does not find is left out. */
async function capacities(
  old: CheckedInputs,
  machine: NonNullable<Awaited<ReturnType<typeof observeMachine>>>,
  { services, signal }: Call,
): Promise<VolumeCapacities> {
  const paths = machine.defined.disks.flatMap(({ key, path }) =>
    old.disks?.[key]?.pool === undefined || path === undefined ? [] : [path],
  );
  const found = await Promise.all(
    paths.map(async (path) => [path, (await services.libvirt.findVolume({ path }, { signal }))?.capacityBytes] as const),
  );
  return new Map(found.flatMap(([path, capacity]) => (capacity === undefined ? [] : [[path, capacity]])));
}
