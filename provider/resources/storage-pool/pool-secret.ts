// The password of a network pool: a libvirt secret of the pool's, made before the pool is started and gone with it. Converges the host.
import { ensureSecret, secretValueOf } from "../libvirt-secret";
import type { Call } from "../resource";
import type { CheckedInputs } from "./contract";
import { poolSecretUuid } from "./pool-request";

const wantedSecret = ({ source }: CheckedInputs) => secretValueOf(source?.auth ?? {});

/** Makes the secret where it is missing, and sets its value where the program changed it. `before`: the inputs that the host follows now. */
export async function ensurePoolSecret(inputs: CheckedInputs, before: CheckedInputs | undefined, call: Call): Promise<void> {
  const wanted = wantedSecret(inputs);
  if (wanted === undefined) return;
  const { name } = inputs;
  const secret = {
    uuid: poolSecretUuid(name),
    usage: `pulumi-kvm pool ${name}`,
    description: `The password of the storage pool ${name}.`,
    ...wanted,
  };
  await ensureSecret(secret, before && wantedSecret(before)?.value, call);
}

/** The secret of ours is in use: for a password of the program's, or (after an import) by its UUID. */
const usesOurs = (inputs: CheckedInputs): boolean =>
  wantedSecret(inputs) !== undefined || inputs.source?.auth?.secretUuid === poolSecretUuid(inputs.name);

/** Removes our secret where the inputs that it was for used it, and `inputs` (none: the pool goes) do not. */
export async function dropPoolSecret(
  before: CheckedInputs,
  inputs: CheckedInputs | undefined,
  { services: { libvirt }, signal }: Call,
): Promise<void> {
  if (!usesOurs(before) || (inputs !== undefined && usesOurs(inputs))) return;
  await libvirt.undefineSecret(poolSecretUuid(before.name), { signal });
}
