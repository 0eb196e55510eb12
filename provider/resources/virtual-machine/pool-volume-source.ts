// A volume of a network pool -> the source by which QEMU itself reaches it: `type='volume'` is never written. Pure.
import type { DiskAuth, NetworkSource } from "../../plan/domain";
import type { ObservedPool } from "../../xml/pool-xml";

type PoolSource = NonNullable<ObservedPool["source"]>;
type VolumeSource = NetworkSource | { readonly problem: string };

function authOf({ auth }: PoolSource, type: DiskAuth["type"]): Pick<NetworkSource, "auth"> | { readonly problem: string } {
  if (auth === undefined) return {};
  const { username, secretUuid } = auth;
  if (secretUuid === undefined) {
    return { problem: "which names its secret by usage: define the pool again with the secret's UUID (<secret uuid='…'/>)" };
  }
  return { auth: { username, type, secretUuid } };
}

/** libvirt's names of an iscsi-direct pool's volumes: "unit:0:0:1" is logical unit 1. */
const unitOf = (name: string): string | undefined => /^unit:\d+:\d+:(\d+)$/.exec(name)?.[1];

const sourceByType: Readonly<Record<string, (source: PoolSource, volume: string) => VolumeSource>> = {
  rbd: (source, volume) => {
    const auth = authOf(source, "ceph");
    if ("problem" in auth) return auth;
    return { type: "network", protocol: "rbd", name: `${source.name ?? ""}/${volume}`, hosts: source.hosts, ...auth };
  },
  "iscsi-direct": (source, volume) => {
    const auth = authOf(source, "iscsi");
    if ("problem" in auth) return auth;
    const unit = unitOf(volume);
    const target = source.devices[0];
    if (unit === undefined || target === undefined) {
      return {
        problem: `whose volumes are the target's logical units ("unit:0:0:1"), and ${JSON.stringify(volume)} is none; none can be made there`,
      };
    }
    const { initiator } = source;
    return {
      type: "network",
      protocol: "iscsi",
      name: `${target}/${unit}`,
      hosts: source.hosts,
      ...(initiator === undefined ? {} : { initiator }),
      ...auth,
    };
  },
};

/** undefined: the pool's volumes are files or devices. */
export function volumeSource({ type, source }: ObservedPool, volume: string): VolumeSource | undefined {
  return sourceByType[type]?.(source, volume);
}
