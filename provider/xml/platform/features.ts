// Plan <-> <features>: switches of the virtual board, and the enlightenments for Windows.
import { ioapicDrivers, type DomainPlatform, type FeaturesPlan } from "../../plan/platform";
import { addInOrder, ensureChild, setFlag } from "../child-order";
import { attributeOf, childOf, childrenOf, remove, removeChildren, setAttributes, type XmlElement } from "../document";
import { hypervTimer } from "./clock";
import { blockOf, onOff, switchOf, wordOf, yesNo } from "./words";

/** Elements whose being there is the switch. */
const flags = ["acpi", "apic", "pae"] as const;
/** Elements with a state, by path. */
const states = { kvmHidden: ["kvm", "hidden"], pmu: ["pmu"], smm: ["smm"], vmport: ["vmport"] } as const satisfies Partial<
  Record<keyof FeaturesPlan, readonly string[]>
>;
type StateName = keyof typeof states;

const partOf = (features: XmlElement | undefined, path: readonly string[]) => features && childOf(features, ...path);

export function parseFeatures(domain: XmlElement): Pick<DomainPlatform, "features"> {
  const features = childOf(domain, "features");
  const state = (name: StateName) => switchOf(partOf(features, states[name]), "state");
  return blockOf("features", {
    acpi: partOf(features, ["acpi"]) !== undefined,
    apic: partOf(features, ["apic"]) !== undefined,
    pae: partOf(features, ["pae"]) !== undefined,
    kvmHidden: state("kvmHidden"),
    pmu: state("pmu"),
    smm: state("smm"),
    vmport: state("vmport"),
    ioapic: wordOf(ioapicDrivers, attributeOf(partOf(features, ["ioapic"]), "driver")),
  });
}

export function configureFeatures(domain: XmlElement, { features: wanted }: DomainPlatform): void {
  if (wanted === undefined) return;
  const features = ensureChild(domain, "features");
  for (const flag of flags) {
    const isOn = wanted[flag];
    if (isOn !== undefined) setFlag(features, flag, isOn);
  }
  for (const name of Object.keys(states) as StateName[]) {
    const isOn = wanted[name];
    if (isOn !== undefined) setAttributes(states[name].reduce(ensureChild, features), { state: onOff(isOn) });
  }
  if (wanted.ioapic !== undefined) setAttributes(ensureChild(features, "ioapic"), { driver: wanted.ioapic });
  if (childrenOf(features).length === 0) remove(features);
}

/** How often Windows tries a lock before it asks the hypervisor: the number that Hyper-V itself recommends. */
const spinlockRetries = 8191;

/** What QEMU's documentation recommends for all Windows guests; all of it has been in KVM since Linux 4.20 (docs/system/i386/hyperv.rst). */
const enlightenments = [
  "relaxed",
  "vapic",
  "spinlocks",
  "vpindex",
  "runtime",
  "synic",
  "stimer",
  "frequencies",
  "tlbflush",
  "ipi",
] as const;

const timerOf = (domain: XmlElement): XmlElement | undefined => {
  const clock = childOf(domain, "clock");
  return clock && childrenOf(clock, "timer").find((timer) => attributeOf(timer, "name") === hypervTimer);
};

/** The whole set reads as true, none of it as false; a part of it is something that a plan does not say. */
export function parseHyperv(domain: XmlElement): Pick<DomainPlatform, "hyperv"> {
  const hyperv = childOf(domain, "features", "hyperv");
  const isTimerOn = timerOf(domain) !== undefined && switchOf(timerOf(domain), "present") !== false;
  if (hyperv === undefined) return isTimerOn ? {} : { hyperv: false };
  const isWhole = enlightenments.every((name) => switchOf(childOf(hyperv, name), "state") === true);
  return isWhole && isTimerOn ? { hyperv: true } : {};
}

export function configureHyperv(domain: XmlElement, { hyperv: wanted }: DomainPlatform): void {
  if (wanted === undefined || parseHyperv(domain).hyperv === wanted) return;
  if (!wanted) {
    const features = childOf(domain, "features");
    if (features !== undefined) removeChildren(features, "hyperv");
    remove(timerOf(domain));
    return;
  }
  const hyperv = ensureChild(ensureChild(domain, "features"), "hyperv");
  setAttributes(hyperv, { mode: "custom" });
  for (const name of enlightenments) {
    const element = ensureChild(hyperv, name);
    const retries = name === "spinlocks" ? { retries: attributeOf(element, "retries") ?? spinlockRetries } : {};
    setAttributes(element, { state: onOff(true), ...retries });
  }
  setAttributes(timerOf(domain) ?? addInOrder(ensureChild(domain, "clock"), "timer"), { name: hypervTimer, present: yesNo(true) });
}
