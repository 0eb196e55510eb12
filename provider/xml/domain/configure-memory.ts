// Plan -> <memory> (what the guest may have) and <currentMemory> (what it gets), in KiB.
import type { DomainPlan } from "../../plan/domain";
import { ensureChild } from "../child-order";
import { setAttributes, setText, type XmlElement } from "../document";

export function configureMemory(domain: XmlElement, { memoryKiB, maxMemoryKiB }: DomainPlan): void {
  for (const [name, sizeKiB] of [["memory", maxMemoryKiB] as const, ["currentMemory", memoryKiB] as const]) {
    const element = ensureChild(domain, name);
    setAttributes(element, { unit: "KiB" });
    setText(element, sizeKiB);
  }
}
