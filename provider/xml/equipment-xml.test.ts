// Equipment out of domain capabilities as libvirt words them.
import { parseEquipment } from "./equipment-xml";

const capabilities = (os: string, devices: string) =>
  `<domainCapabilities><os supported='yes'>${os}</os><devices>${devices}</devices></domainCapabilities>`;
const enumXml = (name: string, ...values: readonly string[]) =>
  `<enum name='${name}'>${values.map((value) => `<value>${value}</value>`).join("")}</enum>`;

test.each([
  {
    because: "both are there",
    xml: capabilities(enumXml("firmware", "efi"), `<tpm supported='yes'>${enumXml("backendModel", "passthrough", "emulator")}</tpm>`),
    is: { uefi: true, softwareTpm: true },
  },
  {
    because: "no firmware file is installed, and only a real TPM could be handed on",
    xml: capabilities(enumXml("firmware"), `<tpm supported='yes'>${enumXml("backendModel", "passthrough")}</tpm>`),
    is: { uefi: false, softwareTpm: false },
  },
  { because: "no TPM at all", xml: capabilities(enumXml("firmware"), "<tpm supported='no'/>"), is: { uefi: false, softwareTpm: false } },
  { because: "an old libvirt does not tell", xml: capabilities("", ""), is: { uefi: undefined, softwareTpm: undefined } },
])("$because", ({ xml, is }) => expect(parseEquipment(xml)).toEqual(is));
