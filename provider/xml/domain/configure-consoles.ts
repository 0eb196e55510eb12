// Plan -> the first serial port and the console that libvirt shows for it: to a file, or back from a file to a pty.
import type { DomainPlan } from "../../plan/domain";
import { ensureChild } from "../child-order";
import { addChild, attributeOf, childOf, removeChildren, setAttributes, type XmlElement } from "../document";

/** libvirt lists serial port 0 a second time as the first console; both must say the same. A virtio console is none of ours. */
function isMirror(console: XmlElement): boolean {
  const target = childOf(console, "target");
  return (attributeOf(target, "type") ?? "serial") === "serial" && (attributeOf(target, "port") ?? "0") === "0";
}

function writePort(port: XmlElement, file: string | undefined): void {
  const type = file === undefined ? "pty" : "file";
  if (attributeOf(port, "type") === type && attributeOf(childOf(port, "source"), "path") === file) return;
  removeChildren(port, "source", "protocol");
  setAttributes(port, { type, tty: undefined });
  // Appended to: a cold start or a restore must not wipe out what the guest said before.
  if (file !== undefined) addChild(port, "source", { path: file, append: "on" }, port.firstChild ?? undefined);
}

export function configureConsoles(domain: XmlElement, { serialFile }: DomainPlan): void {
  const devices = ensureChild(domain, "devices");
  const isFile = attributeOf(childOf(devices, "serial"), "type") === "file";
  if (serialFile === undefined && !isFile) return;
  writePort(ensureChild(devices, "serial"), serialFile);
  const console = childOf(devices, "console");
  if (console !== undefined && isMirror(console)) writePort(console, serialFile);
}
