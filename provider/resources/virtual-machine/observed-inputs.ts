// What a definition on the host would have been asked as: the inputs that Read returns, for drift and for import. Pure.
import { cpuModes } from "../../plan/policy";
import { formatSize } from "../../plan/size";
import { isSayable } from "../../xml/parse-domain";
import { defined, sameValue, without } from "../values";
import type { CheckedInputs } from "./contract";
import { kibOf, sameMachine } from "./domain-plan";
import { driftedDevices, importedDevices } from "./devices-observed";
import { characterInputs, characterSource } from "./devices-plan";
import { driftedNetworks, importedNetworks } from "./network-observed";
import { platformNames } from "./platform-fields";
import { driftedPlatform, importedPlatform } from "./platform-observed";
import type { VolumeCapacities } from "./observed-disks";
import { driftedDisks, importedDisk, observedEffective, oneOf } from "./observed-disks";
import { powerOf } from "./power";
import type { ObservedMachine } from "./state";

const bytesPerKiB = 1024;

/** The inputs of a machine that the state does not know: everything the definition says. */
export function importedInputs({ record, defined: domain }: ObservedMachine): CheckedInputs {
  const disks = domain.disks.filter(isSayable);
  const networks = importedNetworks(domain);
  const kib = (value: number) => formatSize(value * bytesPerKiB);
  return {
    name: domain.name,
    cpus: domain.cpus,
    memory: kib(domain.memoryKiB),
    machine: domain.machine,
    accelerator: domain.domainType === "kvm" ? "kvm" : "qemu",
    applyChanges: "nextBoot",
    autostart: record.autostart,
    power: powerOf(record),
    ...defined({
      description: domain.description,
      maxCpus: domain.maxCpus === domain.cpus ? undefined : domain.maxCpus,
      maxMemory: domain.maxMemoryKiB === domain.memoryKiB ? undefined : kib(domain.maxMemoryKiB),
      cpuMode: oneOf(cpuModes, domain.cpuMode),
      directBoot: domain.directBoot,
      serial: domain.serial && characterInputs(domain.serial),
    }),
    ...importedPlatform(domain.platform),
    ...importedDevices(domain),
    ...(Object.keys(networks).length === 0 ? {} : { networks }),
    disks: Object.fromEntries(disks.map((disk) => [disk.key, importedDisk(disk)])),
    effectiveDisks: Object.fromEntries(disks.map((disk) => [disk.key, observedEffective(disk, undefined)])),
  };
}

/** The inputs of last time, with everything that differs on the host put in its place. */
export function driftedInputs(old: CheckedInputs, machine: ObservedMachine, volumes: VolumeCapacities): CheckedInputs {
  const observed = importedInputs(machine);
  const { record, defined: domain } = machine;
  const result: CheckedInputs = {
    ...without(old, ...platformNames),
    ...driftedPlatform(old, domain.platform),
    ...driftedDevices(old, domain),
    name: observed.name,
    cpus: observed.cpus,
    memory: kibOf(old.memory) === domain.memoryKiB ? old.memory : observed.memory,
    autostart: observed.autostart,
    power: powerOf(record),
    ...driftedDisks(old, domain, volumes),
    ...driftedNetworks(old.networks, domain),
  };
  return withOptionalFields(result, old, observed);
}

/** Fields whose absence means "as it is": only a program that says them is told of a difference. */
const keptFields = {
  machine: (asked: unknown, found: unknown) => typeof asked === "string" && typeof found === "string" && sameMachine(asked, found),
  cpuMode: sameValue,
  accelerator: (asked: unknown, found: unknown) => asked === "auto" || asked === found,
} as const satisfies Partial<Record<keyof CheckedInputs, (asked: unknown, found: unknown) => boolean>>;

function withOptionalFields(result: CheckedInputs, old: CheckedInputs, observed: CheckedInputs): CheckedInputs {
  const kept = Object.entries(keptFields).flatMap(([field, same]): [string, unknown][] => {
    const name = field as keyof typeof keptFields;
    return old[name] === undefined || same(old[name], observed[name]) ? [] : [[name, observed[name]]];
  });
  const { description, directBoot } = observed;
  const serial = driftedSerial(old.serial, observed.serial);
  const rest = without(result, "description", "directBoot", "serial");
  const found: Partial<CheckedInputs> = Object.fromEntries(kept);
  return { ...rest, ...found, ...driftedMaxima(old, observed), ...defined({ description, directBoot, serial }) };
}

/** What the program says in other words stays as it says it. */
function driftedSerial(asked: CheckedInputs["serial"], found: CheckedInputs["serial"]): CheckedInputs["serial"] {
  if (asked === undefined || found === undefined) return found;
  return sameValue(characterSource(asked), characterSource(found)) ? asked : found;
}

/** Absent, the maxima are what there is: only another value is told. */
function driftedMaxima(old: CheckedInputs, observed: CheckedInputs): Partial<CheckedInputs> {
  const [maxCpus, maxMemory] = [observed.maxCpus ?? observed.cpus, observed.maxMemory ?? observed.memory];
  return {
    ...(maxCpus === (old.maxCpus ?? observed.cpus) ? {} : { maxCpus }),
    ...(kibOf(maxMemory) === kibOf(old.maxMemory ?? observed.memory) ? {} : { maxMemory }),
  };
}
