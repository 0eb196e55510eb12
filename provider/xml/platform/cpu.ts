// Plan <-> the model, the features and the topology in <cpu>; its mode and the number of CPUs are configure-cpu's.
import { cpuFeaturePolicies, type CpuFeaturePolicy, type CpuPlan, type CpuTopology, type DomainPlatform } from "../../plan/platform";
import { addInOrder, ensureChild } from "../child-order";
import { attributeOf, childOf, childrenOf, remove, removeChildren, setAttributes, setText, textOf, type XmlElement } from "../document";
import { integerOf } from "../size";
import { blockOf, wordOf } from "./words";

const isCustom = (cpu: XmlElement) => (attributeOf(cpu, "mode") ?? "custom") === "custom";

/** libvirt takes a feature without a policy for a required one. */
const defaultPolicy: CpuFeaturePolicy = "require";

const parseFeatures = (cpu: XmlElement): Record<string, CpuFeaturePolicy> =>
  Object.fromEntries(
    childrenOf(cpu, "feature").map((feature) => [
      attributeOf(feature, "name") ?? "",
      wordOf(cpuFeaturePolicies, attributeOf(feature, "policy")) ?? defaultPolicy,
    ]),
  );

function parseTopology(cpu: XmlElement): CpuTopology | undefined {
  const topology = childOf(cpu, "topology");
  if (topology === undefined) return undefined;
  const count = (name: keyof CpuTopology) => integerOf(attributeOf(topology, name)) ?? 1;
  return { sockets: count("sockets"), dies: count("dies"), cores: count("cores"), threads: count("threads") };
}

export function parseCpu(domain: XmlElement): Pick<DomainPlatform, "cpu"> {
  const cpu = childOf(domain, "cpu");
  if (cpu === undefined) return { cpu: { features: {} } };
  const model = isCustom(cpu) ? textOf(childOf(cpu, "model")) : undefined;
  return blockOf("cpu", { model, features: parseFeatures(cpu), topology: parseTopology(cpu) });
}

function writeModel(cpu: XmlElement, model: string): void {
  if (!isCustom(cpu)) {
    setAttributes(cpu, { migratable: undefined, check: undefined });
    removeChildren(cpu, "model");
  }
  if (attributeOf(cpu, "mode") !== "custom") setAttributes(cpu, { mode: "custom", match: attributeOf(cpu, "match") ?? "exact" });
  const present = ensureChild(cpu, "model");
  if (textOf(present) === model) return;
  // A model of another maker would contradict the vendor asked for.
  removeChildren(cpu, "vendor");
  setText(present, model);
}

function writeFeatures(cpu: XmlElement, features: NonNullable<CpuPlan["features"]>): void {
  const present = new Map(childrenOf(cpu, "feature").map((feature) => [attributeOf(feature, "name") ?? "", feature]));
  const before = parseFeatures(cpu);
  remove(...[...present].filter(([name]) => !Object.hasOwn(features, name)).map(([, feature]) => feature));
  for (const [name, policy] of Object.entries(features).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (Object.hasOwn(before, name) && before[name] === policy) continue;
    setAttributes(present.get(name) ?? addInOrder(cpu, "feature"), { policy, name });
  }
}

export function configureCpuModel(domain: XmlElement, { cpu: wanted }: DomainPlatform): void {
  if (wanted === undefined) return;
  const { model, features, topology } = wanted;
  if (model !== undefined) writeModel(ensureChild(domain, "cpu"), model);
  const hasFeatures = features !== undefined && Object.keys(features).length > 0;
  const present = hasFeatures || topology !== undefined ? ensureChild(domain, "cpu") : childOf(domain, "cpu");
  if (present === undefined) return;
  if (features !== undefined) writeFeatures(present, features);
  if (topology === undefined) return;
  const { sockets, dies, cores, threads } = topology;
  setAttributes(ensureChild(present, "topology"), { sockets, dies, cores, threads });
}
