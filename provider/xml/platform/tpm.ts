// Plan <-> <tpm>: a TPM that swtpm emulates, or none. One that is handed through from the host reads as nothing that a plan says.
import { tpmModels, tpmVersions, type DomainPlatform } from "../../plan/platform";
import { addInOrder, ensureChild } from "../child-order";
import { addChild, attributeOf, childOf, childrenOf, remove, removeChildren, setAttributes, type XmlElement } from "../document";
import { blockOf, wordOf } from "./words";

const emulated = (tpm: XmlElement) => childrenOf(tpm, "backend").find((backend) => attributeOf(backend, "type") === "emulator");

export function parseTpm(devices: XmlElement): Pick<DomainPlatform, "tpm"> {
  const tpm = childOf(devices, "tpm");
  if (tpm === undefined) return { tpm: { model: "none" } };
  const backend = emulated(tpm);
  if (backend === undefined) return {};
  return blockOf("tpm", {
    model: wordOf(tpmModels, attributeOf(tpm, "model")),
    version: wordOf(tpmVersions, attributeOf(backend, "version")),
  });
}

function backendOf(tpm: XmlElement): XmlElement {
  const present = emulated(tpm);
  if (present !== undefined) return present;
  removeChildren(tpm, "backend");
  return addChild(tpm, "backend", { type: "emulator" }, tpm.firstChild ?? undefined);
}

export function configureTpm(domain: XmlElement, { tpm: { model, version } = {} }: DomainPlatform): void {
  if (model === undefined) return;
  const devices = ensureChild(domain, "devices");
  if (model === "none") {
    remove(...childrenOf(devices, "tpm"));
    return;
  }
  const tpm = childOf(devices, "tpm") ?? addInOrder(devices, "tpm");
  if (attributeOf(tpm, "model") !== model) {
    removeChildren(tpm, "address");
    setAttributes(tpm, { model });
  }
  const backend = backendOf(tpm);
  if (version !== undefined) setAttributes(backend, { version });
}
