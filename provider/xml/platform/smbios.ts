// Plan <-> <smbios> in <os> and <sysinfo type='smbios'>: what the firmware's tables tell the guest of its hardware.
import { smbiosFields, smbiosModes, type DomainPlatform } from "../../plan/platform";
import { addInOrder, ensureChild } from "../child-order";
import { addChild, attributeOf, childOf, childrenOf, setAttributes, setText, textOf, type XmlElement } from "../document";
import { blockOf, known, wordOf } from "./words";

const blockIn = (domain: XmlElement) => childrenOf(domain, "sysinfo").find((block) => attributeOf(block, "type") === "smbios");

const entryIn = (system: XmlElement | undefined, name: string) =>
  system && childrenOf(system, "entry").find((entry) => attributeOf(entry, "name") === name);

export function parseSmbios(domain: XmlElement): Pick<DomainPlatform, "smbios"> {
  const block = blockIn(domain);
  const system = block && childOf(block, "system");
  const entries = known(Object.fromEntries(smbiosFields.map((name) => [name, textOf(entryIn(system, name))])));
  return blockOf("smbios", {
    mode: wordOf(smbiosModes, attributeOf(childOf(domain, "os", "smbios"), "mode")),
    system: Object.keys(entries).length === 0 ? undefined : entries,
  });
}

export function configureSmbios(domain: XmlElement, { smbios: wanted }: DomainPlatform): void {
  if (wanted === undefined) return;
  const { mode, system } = wanted;
  if (mode !== undefined) setAttributes(ensureChild(ensureChild(domain, "os"), "smbios"), { mode });
  if (system === undefined) return;
  const element = ensureChild(blockIn(domain) ?? addInOrder(domain, "sysinfo", { type: "smbios" }), "system");
  for (const name of smbiosFields) {
    const text = system[name];
    if (text !== undefined) setText(entryIn(element, name) ?? addChild(element, "entry", { name }), text);
  }
}
