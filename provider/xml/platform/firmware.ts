// Plan <-> <os firmware>, <firmware>, <loader> and <nvram>: BIOS, UEFI that libvirt chooses by its features, or UEFI from a named file.
import type { DomainPlatform, ObservedPlatform, UefiPlan } from "../../plan/platform";
import { ensureChild } from "../child-order";
import { addChild, attributeOf, childOf, childrenOf, removeChildren, setAttributes, setText, textOf, type XmlElement } from "../document";
import { blockOf, onOff, switchOf, yesNo } from "./words";

type FirmwareFeature = "secure-boot" | "enrolled-keys";

/** A running machine of libvirt 9.0 has no `firmware` attribute any more, but says the features still. */
const isChosen = (os: XmlElement) => attributeOf(os, "firmware") === "efi" || childOf(os, "firmware") !== undefined;

const featureOf = (os: XmlElement, name: FirmwareFeature): XmlElement | undefined => {
  const firmware = childOf(os, "firmware");
  return firmware && childrenOf(firmware, "feature").find((feature) => attributeOf(feature, "name") === name);
};

export function parseFirmware(domain: XmlElement): Pick<ObservedPlatform, "firmware" | "uefi" | "isFirmwareChosen"> {
  const os = childOf(domain, "os");
  const loader = os && childOf(os, "loader");
  const chosen = os !== undefined && isChosen(os);
  if (os === undefined || !(chosen || attributeOf(loader, "type") === "pflash")) return { firmware: "bios" };
  const files = { loader: textOf(loader), nvramTemplate: attributeOf(childOf(os, "nvram"), "template") };
  if (!chosen) return { firmware: "uefi", ...blockOf("uefi", { secureBoot: switchOf(loader, "secure"), ...files }) };
  const features = {
    secureBoot: switchOf(featureOf(os, "secure-boot"), "enabled"),
    enrolledKeys: switchOf(featureOf(os, "enrolled-keys"), "enabled"),
  };
  return { firmware: "uefi", isFirmwareChosen: true, ...blockOf("uefi", { ...features, ...files }) };
}

/** Newer libvirt writes down which files it chose: with other features it has to choose anew. The variables' own file stays. */
function setFeature(os: XmlElement, name: FirmwareFeature, isOn: boolean | undefined): void {
  const present = featureOf(os, name);
  if (isOn === undefined || switchOf(present, "enabled") === isOn) return;
  setAttributes(present ?? addChild(ensureChild(os, "firmware"), "feature"), { enabled: yesNo(isOn), name });
  forgetFiles(os);
}

function forgetFiles(os: XmlElement): void {
  removeChildren(os, "loader");
  const nvram = childOf(os, "nvram");
  if (nvram === undefined) return;
  setAttributes(nvram, { template: undefined, templateFormat: undefined });
  if ((textOf(nvram) ?? "").trim() === "") removeChildren(os, "nvram");
}

/** Secure boot is secure only where the guest cannot write the variables but through the firmware (SMM). */
function setSecure(domain: XmlElement, loader: XmlElement, secureBoot: boolean | undefined): void {
  if (secureBoot === undefined) return;
  setAttributes(loader, { secure: yesNo(secureBoot) });
  if (secureBoot) setAttributes(ensureChild(ensureChild(domain, "features"), "smm"), { state: onOff(true) });
}

function writeNamed(domain: XmlElement, os: XmlElement, path: string, { secureBoot, nvramTemplate }: UefiPlan): void {
  setAttributes(os, { firmware: undefined });
  removeChildren(os, "firmware");
  const loader = ensureChild(os, "loader");
  setAttributes(loader, { readonly: yesNo(true), type: "pflash" });
  setText(loader, path);
  setSecure(domain, loader, secureBoot);
  if (nvramTemplate !== undefined) setAttributes(ensureChild(os, "nvram"), { template: nvramTemplate });
}

function writeUefi(domain: XmlElement, os: XmlElement, uefi: UefiPlan): void {
  if (uefi.loader !== undefined) {
    writeNamed(domain, os, uefi.loader, uefi);
    return;
  }
  if (parseFirmware(domain).firmware !== "uefi") {
    removeChildren(os, "loader", "nvram");
    setAttributes(os, { firmware: "efi" });
  }
  const loader = childOf(os, "loader");
  if (isChosen(os)) {
    setFeature(os, "enrolled-keys", uefi.enrolledKeys);
    setFeature(os, "secure-boot", uefi.secureBoot);
  } else if (loader !== undefined) setSecure(domain, loader, uefi.secureBoot);
}

export function configureFirmware(domain: XmlElement, { firmware, uefi = {} }: DomainPlatform): void {
  if (firmware === undefined) return;
  if (firmware === "bios" && parseFirmware(domain).firmware === "bios") return;
  const os = ensureChild(domain, "os");
  if (firmware === "uefi") {
    writeUefi(domain, os, uefi);
    return;
  }
  setAttributes(os, { firmware: undefined });
  removeChildren(os, "firmware", "loader", "nvram");
}
