// What each disk is, before its storage is asked: defaults, volume names and targets. Pure.
import type { DiskBus, DiskDevice } from "../../plan/domain";
import { assignTargets } from "../../plan/disk-targets";
import { seedKey } from "./cloud-init";
import type { DiskInputs, EffectiveDisk, VirtualMachineInputs } from "./contract";

/** A disk with its defaults filled in. */
export interface DiskLayout {
  readonly key: string;
  readonly inputs: DiskInputs;
  readonly device: DiskDevice;
  readonly bus: DiskBus;
  readonly target: string;
  readonly readonly: boolean;
  readonly shareable: boolean;
}

/** What the guest and QEMU see of a disk besides its data: compared by diff, and read back from a definition. */
export const diskShapeFields = [
  "device",
  "bus",
  "readonly",
  "shareable",
  "serial",
  "wwn",
  "bootOrder",
  "iothread",
  "queues",
  "discardNoUnref",
] as const satisfies readonly (keyof DiskInputs)[];

/** The bus of a disk whose inputs name none. */
export const defaultBus = { disk: "virtio", cdrom: "sata" } as const satisfies Record<DiskDevice, DiskBus>;

/** Media that no guest can write: CD-ROMs, and what lies on a web server. */
export const isReadonlyByNature = ({ device, http }: { readonly device?: unknown; readonly http?: unknown }): boolean =>
  device === "cdrom" || http !== undefined;

/** The seed disk comes last: a firmware boots from the first. */
const place = (key: string) => (key === seedKey ? `~${key}` : key);

/** The disks in the order of their keys; targets given earlier are kept. */
export function diskLayouts(
  disks: VirtualMachineInputs["disks"],
  previous: Readonly<Record<string, EffectiveDisk>> | undefined,
): DiskLayout[] {
  const entries = Object.entries(disks ?? {})
    .map(([key, inputs]) => {
      const device = inputs.device ?? "disk";
      return { key, inputs, device, bus: inputs.bus ?? defaultBus[device] };
    })
    .sort((left, right) => (place(left.key) < place(right.key) ? -1 : 1));
  const kept = new Map(Object.entries(previous ?? {}).map(([key, { target }]) => [place(key), target]));
  const targets = assignTargets(
    entries.map(({ key, bus }) => ({ key: place(key), bus })),
    kept,
  );
  return entries.map((entry) => ({
    ...entry,
    target: targets.get(place(entry.key)) ?? entry.key,
    readonly: entry.inputs.readonly ?? isReadonlyByNature(entry.inputs),
    shareable: entry.inputs.shareable ?? false,
  }));
}

/** Name of the volume that is made for a disk. */
export const volumeName = (vmName: string, key: string, { volume, format }: DiskInputs): string =>
  volume ?? `${vmName}-${key}.${format === "raw" ? "img" : "qcow2"}`;
