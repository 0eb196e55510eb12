// The passwords of network disks: each is a libvirt secret of the machine's, made before the disk is used and gone with it. Converges the host.
import type { ObservedDomain } from "../../plan/domain";
import { secretXml } from "../../xml/secret-xml";
import type { Call } from "../resource";
import type { CheckedInputs, DiskInputs } from "./contract";
import { diskSecretUuid } from "./disk-sources";

interface WantedSecret {
  readonly key: string;
  readonly uuid: string;
  readonly type: "ceph" | "iscsi";
  readonly value: Uint8Array;
}

/** A cephx key is bytes, written in base64; a CHAP password is text. */
function valueOf({ rbd, iscsi }: DiskInputs): Pick<WantedSecret, "type" | "value"> | undefined {
  if (rbd?.key !== undefined) return { type: "ceph", value: Buffer.from(rbd.key, "base64") };
  if (iscsi?.password !== undefined) return { type: "iscsi", value: Buffer.from(iscsi.password, "utf8") };
  return undefined;
}

function wantedSecrets({ name, disks }: Pick<CheckedInputs, "name" | "disks">): WantedSecret[] {
  return Object.entries(disks ?? {}).flatMap(([key, disk]) => {
    const value = valueOf(disk);
    return value === undefined ? [] : [{ key, uuid: diskSecretUuid({ vm: name, key }), ...value }];
  });
}

/** Makes the secrets that are missing, and sets those whose value the program changed. `before`: the inputs that the host follows now. */
export async function ensureSecrets(
  inputs: CheckedInputs,
  before: Pick<CheckedInputs, "name" | "disks"> | undefined,
  { services: { libvirt }, signal }: Call,
): Promise<void> {
  const set = new Map((before === undefined ? [] : wantedSecrets(before)).map(({ uuid, value }) => [uuid, Buffer.from(value)]));
  for (const { key, uuid, type, value } of wantedSecrets(inputs)) {
    const isThere = (await libvirt.findSecret(uuid, { signal })) !== undefined;
    if (!isThere) {
      const usage = `pulumi-kvm ${inputs.name} ${key}`;
      await libvirt.defineSecret(
        secretXml({ uuid, type, usage, description: `The password of the disk ${key} of the VM ${inputs.name}.` }),
        {
          signal,
        },
      );
    }
    if (!isThere || set.get(uuid)?.equals(value) !== true) await libvirt.setSecretValue(uuid, value, { signal });
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
