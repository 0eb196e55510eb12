// Plan -> <os>: architecture, machine type, direct kernel boot, and no boot list where disks or network cards carry the boot order.
import type { DomainPlan } from "../../plan/domain";
import { ensureChild } from "../child-order";
import { attributeOf, childOf, childrenOf, removeChildren, setAttributes, setText, type XmlElement } from "../document";

/** libvirt stores the versioned machine behind each of these short names. */
const machineFamilies: Readonly<Record<string, string>> = { q35: "pc-q35-", pc: "pc-i440fx-", virt: "virt-" };

/** Whether a machine type is the one asked for: "q35" is any "pc-q35-…", so that a host's upgrade never moves a guest to another machine. */
export function machineSatisfies(asked: string, present: string): boolean {
  const family = machineFamilies[asked];
  return asked === present || (family !== undefined && present.startsWith(family));
}

const familyOf = (machine: string) => Object.keys(machineFamilies).find((family) => machineSatisfies(family, machine)) ?? machine;

/** Another family of machines has other buses: addresses and bridges of the old one would make libvirt refuse the new one. */
function dropBusLayout(domain: XmlElement): void {
  const devices = ensureChild(domain, "devices");
  for (const controller of childrenOf(devices, "controller")) {
    if (attributeOf(controller, "type") === "pci") devices.removeChild(controller);
  }
  for (const device of childrenOf(devices)) {
    if (attributeOf(childOf(device, "address"), "type") === "pci") removeChildren(device, "address");
  }
}

function configureMachine(domain: XmlElement, osType: XmlElement, { architecture, machine }: DomainPlan): void {
  const oldArchitecture = attributeOf(osType, "arch");
  if (oldArchitecture !== undefined && oldArchitecture !== architecture) removeChildren(ensureChild(domain, "devices"), "emulator");
  setAttributes(osType, { arch: architecture });
  const present = attributeOf(osType, "machine");
  if (machine === undefined || (present !== undefined && machineSatisfies(machine, present))) return;
  if (present !== undefined && familyOf(present) !== familyOf(machine)) dropBusLayout(domain);
  setAttributes(osType, { machine });
}

export function configureOs(domain: XmlElement, plan: DomainPlan): void {
  const os = ensureChild(domain, "os");
  configureMachine(domain, ensureChild(os, "type"), plan);
  for (const name of ["kernel", "initrd", "cmdline"] as const) {
    const text = plan.directBoot?.[name];
    if (text === undefined) removeChildren(os, name);
    else setText(ensureChild(os, name), text);
  }
  if ([...plan.disks, ...(plan.interfaces ?? [])].some(({ bootOrder }) => bootOrder !== undefined)) removeChildren(os, "boot");
}
