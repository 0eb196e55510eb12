// The definition that a new machine starts from: what a plan does not speak of. libvirt fills in the rest (controllers, emulator, on_poweroff, …).
import type { DomainPlan } from "../../plan/domain";
import { addInOrder, ensureChild } from "../child-order";
import { addChild, newRoot, setText, type XmlElement } from "../document";

/** Architectures whose machines power off and find their CPUs by ACPI and APIC. */
const x86 = ["x86_64", "i686"];

export function newMachine({ architecture }: DomainPlan): XmlElement {
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
  addInOrder(devices, "memballoon", { model: "virtio" });
  return domain;
}
