// Plan -> <iothreads> and <iothreadids>: the threads numbered 1 to as many as the plan's disks want, and all others that are there.
import type { DomainPlan } from "../../plan/domain";
import { ensureChild } from "../child-order";
import { addChild, attributeOf, childOf, childrenOf, setText, textOf, type XmlElement } from "../document";
import { integerOf } from "../size";

/** Where numbers are listed, libvirt gives out no others of itself before the count asks for more: ours are listed too. Returns how many there are. */
function listNumbers(ids: XmlElement, iothreads: number): number {
  const listed = new Set(childrenOf(ids, "iothread").map((thread) => integerOf(attributeOf(thread, "id"))));
  for (let id = 1; id <= iothreads; id++) if (!listed.has(id)) addChild(ids, "iothread", { id });
  return childrenOf(ids, "iothread").length;
}

/** Threads are never taken away: other disks, controllers and pinning may count on them. */
export function configureIoThreads(domain: XmlElement, { iothreads }: DomainPlan): void {
  if (iothreads === undefined) return;
  const ids = childOf(domain, "iothreadids");
  const wanted = ids === undefined ? iothreads : listNumbers(ids, iothreads);
  const present = integerOf(textOf(childOf(domain, "iothreads"))) ?? 0;
  if (present < wanted) setText(ensureChild(domain, "iothreads"), wanted);
}
