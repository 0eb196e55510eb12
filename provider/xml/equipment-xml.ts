// What libvirt's domain capabilities say of the host's equipment that not every installation has: UEFI firmware, a software TPM.
import { attributeOf, childOf, childrenOf, textOf, type XmlElement } from "./document";
import { readXml } from "./read-xml";

/** undefined: this libvirt does not tell. */
export interface HostEquipment {
  /** libvirt finds UEFI firmware by itself (`firmware='efi'`). */
  readonly uefi: boolean | undefined;
  /** swtpm is there, which libvirt runs for each VM with a TPM. */
  readonly softwareTpm: boolean | undefined;
}

function enumSays(scope: XmlElement | undefined, name: string, value: string): boolean | undefined {
  const found = scope === undefined ? undefined : childrenOf(scope, "enum").find((element) => attributeOf(element, "name") === name);
  return found && childrenOf(found, "value").some((each) => textOf(each) === value);
}

/** Reads virConnectGetDomainCapabilities. */
export function parseEquipment(domainCapabilitiesXml: string): HostEquipment {
  const capabilities = readXml(domainCapabilitiesXml);
  const tpm = childOf(capabilities, "devices", "tpm");
  return {
    uefi: enumSays(childOf(capabilities, "os"), "firmware", "efi"),
    softwareTpm: tpm === undefined ? undefined : (enumSays(tpm, "backendModel", "emulator") ?? false),
  };
}
