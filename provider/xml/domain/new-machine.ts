// The definition that a new machine starts from: what a plan does not speak of. libvirt fills in the rest (controllers, emulator, on_poweroff, …).
import type { DomainPlan } from "../../plan/domain";
import { addInOrder, ensureChild } from "../child-order";
import { addChild, newRoot, setText, type XmlElement } from "../document";
import { configureRng } from "../platform/devices";
import { machineSatisfies } from "./configure-os";

/** Architectures whose machines power off and find their CPUs by ACPI and APIC. */
const x86 = ["x86_64", "i686"];

/** Machines whose devices each sit in a PCI Express port of their own. libvirt makes as many ports as there are devices, so that nothing could be plugged in. */
const pcieMachines = ["q35", "virt"];

/** As many as virt-install gives: the guest's firmware has I/O space for about that many. */
const usualPorts = 14;
/** USB, SCSI, balloon, random numbers and one more. */
const otherDevices = 5;
/** Free for disks and network cards that come while the machine runs. */
const sparePorts = 6;

/** Ports cost next to nothing, and none can be added to a running machine. */
function addPorts(devices: XmlElement, { machine, disks, interfaces = [] }: DomainPlan): void {
  if (machine === undefined || !pcieMachines.some((family) => machineSatisfies(family, machine))) return;
  const virtioDisks = disks.filter(({ bus }) => bus === "virtio").length;
  const ports = Math.max(usualPorts, virtioDisks + interfaces.length + otherDevices + sparePorts);
  for (let index = 1; index <= ports; index++) addInOrder(devices, "controller", { type: "pci", index, model: "pcie-root-port" });
}

export function newMachine(plan: DomainPlan): XmlElement {
  const { architecture } = plan;
  const domain = newRoot("domain");
  setText(addChild(ensureChild(domain, "os"), "type"), "hvm");
  if (x86.includes(architecture)) {
    const features = addInOrder(domain, "features");
    addChild(features, "acpi");
    addChild(features, "apic");
  }
  addInOrder(domain, "clock", { offset: "utc" });
  const devices = addInOrder(domain, "devices");
  addChild(addInOrder(devices, "serial", { type: "pty" }), "target", { port: 0 });
  addChild(addInOrder(devices, "console", { type: "pty" }), "target", { type: "serial", port: 0 });
  addPorts(devices, plan);
  addInOrder(devices, "memballoon", { model: "virtio" });
  // As virt-install has it: without one a young guest waits for random numbers.
  configureRng(domain, { rng: plan.platform?.rng ?? true });
  return domain;
}
