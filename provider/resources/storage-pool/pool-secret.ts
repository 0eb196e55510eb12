// The password of a network pool: a libvirt secret of the pool's, made before the pool is started and gone with it. Converges the host.
import { secretXml } from "../../xml/secret-xml";
import type { Call } from "../resource";
import type { CheckedInputs } from "./contract";
import { poolSecretUuid } from "./pool-request";

/** A cephx key is bytes, written in base64; a CHAP password is text. */
function wantedSecret({ source }: CheckedInputs): { readonly type: "ceph" | "iscsi"; readonly value: Buffer } | undefined {
  const { key, password } = source?.auth ?? {};
  if (key !== undefined) return { type: "ceph", value: Buffer.from(key, "base64") };
  if (password !== undefined) return { type: "iscsi", value: Buffer.from(password, "utf8") };
  return undefined;
}

/** Makes the secret where it is missing, and sets its value where the program changed it. `before`: the inputs that the host follows now. */
export async function ensureSecret(
  inputs: CheckedInputs,
  before: CheckedInputs | undefined,
  { services: { libvirt }, signal }: Call,
): Promise<void> {
  const wanted = wantedSecret(inputs);
  if (wanted === undefined) return;
  const uuid = poolSecretUuid(inputs.name);
  const isThere = (await libvirt.findSecret(uuid, { signal })) !== undefined;
  if (!isThere) {
    const description = `The password of the storage pool ${inputs.name}.`;
    await libvirt.defineSecret(secretXml({ uuid, type: wanted.type, usage: `pulumi-kvm pool ${inputs.name}`, description }), { signal });
  }
  const set = before && wantedSecret(before)?.value;
  if (!isThere || set?.equals(wanted.value) !== true) await libvirt.setSecretValue(uuid, wanted.value, { signal });
}

/** The secret of ours is in use: for a password of the program's, or (after an import) by its UUID. */
const usesOurs = (inputs: CheckedInputs): boolean =>
  wantedSecret(inputs) !== undefined || inputs.source?.auth?.secretUuid === poolSecretUuid(inputs.name);

/** Removes our secret where the inputs that it was for used it, and `inputs` (none: the pool goes) do not. */
export async function dropSecret(
  before: CheckedInputs,
  inputs: CheckedInputs | undefined,
  { services: { libvirt }, signal }: Call,
): Promise<void> {
  if (!usesOurs(before) || (inputs !== undefined && usesOurs(inputs))) return;
  await libvirt.undefineSecret(poolSecretUuid(before.name), { signal });
}
