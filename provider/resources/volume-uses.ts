// Who uses a volume: machines whose disks it is part of, and volumes that it is the backing file of. Reads the host.
import type { DomainRecord } from "../libvirt/port";
import { diskChains } from "../xml/disk-chains";
import { parsePool } from "../xml/pool-xml";
import { parseVolume } from "../xml/storage-xml";
import { fewAtATime } from "./few-at-a-time";
import type { Call } from "./resource";
import { isFolderPool } from "./volume-clone";

export interface MachineUse {
  readonly uuid: string;
  readonly name: string;
  /** `saved`: stopped, with a memory image that goes on with these disks. */
  readonly state: "running" | "saved" | "stopped";
  /** Of the disk that it is, or is a backing file of. */
  readonly target: string;
  /** How far below the disk's own image: 0 is that. */
  readonly depth: number;
}

export interface VolumeUses {
  readonly machines: readonly MachineUse[];
  /** "pool/name" of each volume on top of it. */
  readonly overlays: readonly string[];
}

const stateOf = ({ liveXml, hasManagedSave }: DomainRecord): MachineUse["state"] =>
  liveXml !== undefined ? "running" : hasManagedSave ? "saved" : "stopped";

async function machineUses(path: string, { services: { libvirt }, signal }: Call): Promise<MachineUse[]> {
  const names = await libvirt.listDomains({ signal });
  const uses = await fewAtATime(names, async ({ uuid, name }): Promise<MachineUse[]> => {
    const record = await libvirt.findDomain({ uuid }, { signal });
    if (record === undefined) return [];
    const state = stateOf(record);
    const inner = state === "running" ? record.liveXml : state === "saved" ? await libvirt.savedXml(uuid, { signal }) : undefined;
    const chains = [...(inner === undefined ? [] : diskChains(inner)), ...diskChains(record.inactiveXml)];
    const found = chains.find(({ images }) => images.includes(path));
    return found === undefined ? [] : [{ uuid, name, state, target: found.target, depth: found.images.indexOf(path) }];
  });
  return uses.flat();
}

/** Only volumes that are files, and logical ones, may have a backing file. */
const mayHaveBacking = (type: string) => isFolderPool(type) || type === "logical";

async function overlays(path: string, { services: { libvirt }, signal }: Call): Promise<string[]> {
  const pools = (await libvirt.listPools({ signal })).filter(({ active, xml }) => active && mayHaveBacking(parsePool(xml).type));
  const found: string[] = [];
  for (const { name: pool } of pools) {
    const names = await libvirt.listVolumes(pool, { signal });
    const volumes = await fewAtATime(names, (name) => libvirt.findVolume({ pool, name }, { signal }));
    const above = volumes.filter((volume) => volume !== undefined && parseVolume(volume.xml).backingPath === path);
    found.push(...above.map((volume) => `${pool}/${volume?.name}`));
  }
  return found;
}

/**
 * Looks at every machine and, as far as libvirt knows them, every volume. A stopped machine's backing files are found through its volume.
 */
export async function volumeUses(
  path: string,
  call: Call,
  { machinesOnly = false }: { readonly machinesOnly?: boolean } = {},
): Promise<VolumeUses> {
  return { machines: await machineUses(path, call), overlays: machinesOnly ? [] : await overlays(path, call) };
}

/** "disk vda of the running VM web", "a backing file of disk vda of the saved VM db". */
export const shownMachineUse = ({ name, state, target, depth }: MachineUse): string =>
  `${depth === 0 ? "" : "a backing file of "}disk ${target} of the ${state} VM ${name}`;
