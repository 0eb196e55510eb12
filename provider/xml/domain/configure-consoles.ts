// Plan <-> the first serial port and the console that libvirt shows for it: where it goes on the host, or back to a pty.
import type { CharacterSource } from "../../plan/devices";
import type { DomainPlan } from "../../plan/domain";
import { ensureChild } from "../child-order";
import { attributeOf, childOf, type XmlElement } from "../document";
import { parseCharacterSource, writeCharacterSource } from "../devices/character-source";

/** libvirt lists serial port 0 a second time as the first console; both must say the same. A virtio console is none of ours. */
function isMirror(console: XmlElement): boolean {
  const target = childOf(console, "target");
  return (attributeOf(target, "type") ?? "serial") === "serial" && (attributeOf(target, "port") ?? "0") === "0";
}

/** undefined: a pty, none, or one that a plan cannot say. */
export function parseFirstSerial(domain: XmlElement): CharacterSource | undefined {
  const serial = childOf(domain, "devices", "serial");
  const source = serial && parseCharacterSource(serial);
  return source?.type === "pty" ? undefined : source;
}

export function configureConsoles(domain: XmlElement, { serial }: DomainPlan): void {
  if (serial === undefined && parseFirstSerial(domain) === undefined) return;
  const devices = ensureChild(domain, "devices");
  const source = serial ?? { type: "pty" };
  writeCharacterSource(ensureChild(devices, "serial"), source);
  const console = childOf(devices, "console");
  if (console !== undefined && isMirror(console)) writeCharacterSource(console, source);
}
