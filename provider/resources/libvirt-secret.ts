// A password that libvirt keeps for a pool or a disk of ours: its value from the inputs, and the step that makes and sets it.
import { secretXml, type SecretRequest } from "../xml/secret-xml";
import type { Call } from "./resource";

export interface SecretValue {
  readonly type: SecretRequest["type"];
  readonly value: Buffer;
}

/** A cephx key is bytes, written in base64; a CHAP password is text. */
export function secretValueOf({ key, password }: { key?: string | undefined; password?: string | undefined }): SecretValue | undefined {
  if (key !== undefined) return { type: "ceph", value: Buffer.from(key, "base64") };
  if (password !== undefined) return { type: "iscsi", value: Buffer.from(password, "utf8") };
  return undefined;
}

/** Makes the secret where it is missing, and sets its value where it is another than `set`, which the host holds as far as is known. */
export async function ensureSecret(
  { value, ...secret }: SecretRequest & SecretValue,
  set: Buffer | undefined,
  { services: { libvirt }, signal }: Call,
): Promise<void> {
  const isThere = (await libvirt.findSecret(secret.uuid, { signal })) !== undefined;
  if (!isThere) await libvirt.defineSecret(secretXml(secret), { signal });
  if (!isThere || set?.equals(value) !== true) await libvirt.setSecretValue(secret.uuid, value, { signal });
}
