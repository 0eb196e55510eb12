// The guest's memory as a file that another process can open: what vhost-user daemons and virtiofs need.
import { addInOrder, ensureChild } from "../child-order";
import { childOf, setAttributes, type XmlElement } from "../document";

/** Memory that is shared already stays as it is. */
export function shareMemory(domain: XmlElement): void {
  const backing = ensureChild(domain, "memoryBacking");
  const isFile = childOf(backing, "hugepages") !== undefined || childOf(backing, "source") !== undefined;
  if (!isFile) addInOrder(backing, "source", { type: "memfd" });
  setAttributes(ensureChild(backing, "access"), { mode: "shared" });
}
