// The passwords of network disks: each is a libvirt secret of the machine's, made before the disk is used and gone with it. Converges the host.
import type { ObservedDomain } from "../../plan/domain";
import { ensureSecret, secretValueOf, type SecretValue } from "../libvirt-secret";
import type { Call } from "../resource";
import type { CheckedInputs } from "./contract";
import { diskSecretUuid } from "./disk-sources";

interface WantedSecret extends SecretValue {
  readonly key: string;
  readonly uuid: string;
}

function wantedSecrets({ name, disks }: Pick<CheckedInputs, "name" | "disks">): WantedSecret[] {
  return Object.entries(disks ?? {}).flatMap(([key, { rbd, iscsi }]) => {
    const value = secretValueOf({ key: rbd?.key, password: iscsi?.password });
    return value === undefined ? [] : [{ key, uuid: diskSecretUuid({ vm: name, key }), ...value }];
  });
}

/** Makes the secrets that are missing, and sets those whose value the program changed. `before`: the inputs that the host follows now. */
export async function ensureSecrets(
  inputs: CheckedInputs,
  before: Pick<CheckedInputs, "name" | "disks"> | undefined,
  call: Call,
): Promise<void> {
  const set = new Map((before === undefined ? [] : wantedSecrets(before)).map(({ uuid, value }) => [uuid, value]));
  for (const { key, ...wanted } of wantedSecrets(inputs)) {
    const { name } = inputs;
    const secret = { ...wanted, usage: `pulumi-kvm ${name} ${key}`, description: `The password of the disk ${key} of the VM ${name}.` };
    await ensureSecret(secret, set.get(wanted.uuid), call);
  }
}

/** Our secrets that a definition's disks use. */
function secretsOf({ name, disks }: ObservedDomain): string[] {
  return disks.flatMap(({ key, source }) => {
    const uuid = source?.type === "network" ? source.auth?.secretUuid : undefined;
    return uuid !== undefined && uuid === diskSecretUuid({ vm: name, key }) ? [uuid] : [];
  });
}

export interface SecretUse {
  readonly name: string;
  /** Keys of disks that may have had a secret: of now, and of earlier. */
  readonly keys: readonly string[];
  /** The inputs whose secrets stay. */
  readonly inputs?: CheckedInputs | undefined;
  /** What runs now, which may still need a secret of earlier. */
  readonly running?: ObservedDomain | undefined;
}

/** Removes the machine's secrets that neither inputs nor run need any more. */
export async function dropSecrets({ name, keys, inputs, running }: SecretUse, { services: { libvirt }, signal }: Call): Promise<void> {
  const needed = new Set([
    ...(inputs === undefined ? [] : wantedSecrets(inputs).map(({ uuid }) => uuid)),
    ...(running === undefined ? [] : secretsOf(running)),
  ]);
  for (const uuid of new Set(keys.map((key) => diskSecretUuid({ vm: name, key })))) {
    if (!needed.has(uuid) && (await libvirt.findSecret(uuid, { signal })) !== undefined) await libvirt.undefineSecret(uuid, { signal });
  }
}

export const diskKeysOf = (...domains: readonly (ObservedDomain | undefined)[]): string[] =>
  domains.flatMap((domain) => domain?.disks.map(({ key }) => key) ?? []);
