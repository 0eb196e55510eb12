// Which VMs use a pool's storage: by what their disks are made of, backing files included. Reads the host.
import { diskChains } from "../../xml/disk-chains";
import type { Call } from "../resource";
import type { CheckedInputs } from "./contract";
import { pathOf } from "./pool-request";

export interface StorageUser {
  /** "the running VM web". */
  readonly vm: string;
  /** A path, or for Ceph "pool/image". */
  readonly storage: string;
}

/** What begins the names of a pool's volumes in a VM's definition; undefined where nothing tells (partitions are anywhere in /dev). */
function prefixOf(inputs: CheckedInputs): string | undefined {
  if (inputs.type === "rbd") return `${inputs.source?.name ?? ""}/`;
  if (inputs.type === "iscsi-direct") return `${inputs.source?.devices?.[0] ?? ""}/`;
  if (inputs.type === "disk") return inputs.source?.devices?.[0];
  const path = pathOf(inputs);
  return path === undefined ? undefined : `${path}/`;
}

async function usersIn(uuid: string, { services: { libvirt }, signal }: Call): Promise<StorageUser[]> {
  const record = await libvirt.findDomain({ uuid }, { signal });
  const saved = record?.liveXml === undefined && record?.hasManagedSave === true ? await libvirt.savedXml(uuid, { signal }) : undefined;
  const xml = record?.liveXml ?? saved;
  if (record === undefined || xml === undefined) return [];
  const vm = `the ${saved === undefined ? "running" : "saved"} VM ${record.name}`;
  return diskChains(xml).flatMap(({ images }) => images.map((storage) => ({ vm, storage })));
}

/** Each use of storage by a VM that runs, or that will go on from a managed save. One that goes meanwhile uses nothing. */
export async function storageUsers(call: Call): Promise<readonly StorageUser[]> {
  const domains = await call.services.libvirt.listDomains({ signal: call.signal });
  return (await Promise.all(domains.map(({ uuid }) => usersIn(uuid, call)))).flat();
}

/** libvirt stops a pool under running VMs, whose disks go on working. */
export async function warnOfUsers(inputs: CheckedInputs, call: Call): Promise<void> {
  const prefix = prefixOf(inputs);
  if (prefix === undefined) return;
  const using = (await storageUsers(call)).filter(({ storage }) => storage.startsWith(prefix));
  for (const { vm, storage } of using) {
    call.log.warn(
      `${vm} is on ${storage}, in the pool ${inputs.name} that is being stopped: the disk goes on working; no pool tells of its volume meanwhile.`,
    );
  }
}
