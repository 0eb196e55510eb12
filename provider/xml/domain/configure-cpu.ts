// Plan -> <vcpu> and <cpu mode>.
import type { DomainPlan } from "../../plan/domain";
import { ensureChild } from "../child-order";
import { attributeOf, childOf, removeChildren, setAttributes, setText, textOf, type XmlElement } from "../document";
import { integerOf } from "../size";

const topologyParts = ["sockets", "dies", "clusters", "cores", "threads"] as const;

/** A topology must multiply to the number of CPUs, or libvirt refuses the definition: one that no longer does is dropped. */
function dropStaleTopology(cpu: XmlElement, maxCpus: number): void {
  const topology = childOf(cpu, "topology");
  const product = topologyParts.reduce((total, part) => total * (integerOf(attributeOf(topology, part)) ?? 1), 1);
  if (topology !== undefined && product !== maxCpus) removeChildren(cpu, "topology");
}

function configureCounts(domain: XmlElement, cpus: number, maxCpus: number): void {
  const vcpu = ensureChild(domain, "vcpu");
  const before = [attributeOf(vcpu, "current") ?? textOf(vcpu), textOf(vcpu)].map(integerOf);
  // <vcpus> says of each single CPU whether it is there: true for the old count only.
  if (before[0] !== cpus || before[1] !== maxCpus) removeChildren(domain, "vcpus");
  setAttributes(vcpu, { current: cpus === maxCpus ? undefined : cpus });
  setText(vcpu, maxCpus);
}

export function configureCpu(domain: XmlElement, { cpus, maxCpus, cpuMode }: DomainPlan): void {
  configureCounts(domain, cpus, maxCpus);
  const present = childOf(domain, "cpu");
  if (present !== undefined) dropStaleTopology(present, maxCpus);
  if (cpuMode === undefined || attributeOf(present, "mode") === cpuMode) return;
  const cpu = present ?? ensureChild(domain, "cpu");
  setAttributes(cpu, { mode: cpuMode, match: undefined, check: undefined, migratable: undefined });
  removeChildren(cpu, "model", "vendor");
}
