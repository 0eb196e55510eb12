// What libvirt holds -> the outputs of a VirtualMachine. Pure.
import type { DomainRecord } from "../../libvirt/port";
import type { ObservedDomain } from "../../plan/domain";
import { parseDomain } from "../../xml/parse-domain";
import type { Values } from "../resource";
import { asValues, defined } from "../values";
import type { CheckedInputs, RunningDisk, VirtualMachineOutputs } from "./contract";
import type { EffectiveDisks } from "./domain-plan";
import { volumesByKey } from "./domain-plan";
import type { AddressOutputs } from "./network-contract";
import { macAddressesOf } from "./network-observed";
import { usedPaths } from "./owned-volumes";
import { driverOf, pendingChanges, pendingSentence } from "./pending";

/** A machine's two definitions: the one the next cold start uses, and the one that runs or lies saved. */
export interface ObservedMachine {
  readonly record: DomainRecord;
  readonly defined: ObservedDomain;
  readonly running?: ObservedDomain | undefined;
}

export function observedMachine(record: DomainRecord, savedXml?: string): ObservedMachine {
  const running = record.liveXml ?? savedXml;
  return { record, defined: parseDomain(record.inactiveXml), running: running === undefined ? undefined : parseDomain(running) };
}

function runningDisks({ defined: definition, running }: ObservedMachine): Record<string, RunningDisk> {
  const keys = new Map(definition.disks.map(({ target, key }) => [target, key]));
  return Object.fromEntries(
    (running?.disks ?? []).map((disk) => [
      keys.get(disk.target) ?? disk.key,
      { target: disk.target, ...defined({ path: disk.path }), ...driverOf(disk) },
    ]),
  );
}

const noAddresses = ({ defined: definition }: ObservedMachine): AddressOutputs => ({
  macAddresses: macAddressesOf(definition),
  addresses: {},
});

const asOutputs = ({ macAddresses, addresses, ipAddress }: AddressOutputs) => ({
  macAddresses: { ...macAddresses },
  addresses: { ...addresses },
  ...defined({ ipAddress }),
});

/** `known`: what was found out about the addresses; nothing where the machine cannot have any. */
export function outputsOf(
  machine: ObservedMachine,
  effectiveDisks: EffectiveDisks,
  known: AddressOutputs = noAddresses(machine),
): VirtualMachineOutputs {
  const { defined: definition, running } = machine;
  const pending = running === undefined ? [] : pendingChanges(definition, running);
  const owned = definition.metadata?.volumes ?? [];
  const inUse = usedPaths(machine);
  const leftOver = owned.filter(({ path, keep }) => !keep && !inUse.has(path));
  return {
    uuid: definition.uuid,
    domainType: definition.domainType === "kvm" ? "kvm" : "qemu",
    effectiveDisks,
    runningDisks: runningDisks(machine),
    ...asOutputs(known),
    restartPending: pending.length > 0,
    pendingChanges: [
      ...pending.map(pendingSentence),
      ...leftOver.map(({ key, path }) => `volumes.${key}: ${path} => none, as no disk is on it any more`),
    ],
    // A disk that moved has two for a while: the one that it is on counts.
    volumes: volumesByKey([...owned].sort((one, other) => Number(inUse.has(one.path)) - Number(inUse.has(other.path)))),
  };
}

/** The whole state: what was asked, and what came of it. */
export const stateOf = (inputs: CheckedInputs, outputs: VirtualMachineOutputs): Values => ({ ...asValues(inputs), ...asValues(outputs) });
