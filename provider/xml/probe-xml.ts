// The paused throw-away machine that a host's storage is asked with, and the scratch disk that is plugged into it and out again.
import type { CacheMode } from "../plan/settings";
import { addChild, newRoot, setText } from "./document";
import { writeXml } from "./write-xml";

export interface ProbeDomainRequest {
  readonly name: string;
  /** "x86_64" */
  readonly architecture: string;
  readonly machine?: string | undefined;
  /** qemu where storage is asked, so that the answer is not "no" for want of an accelerator; kvm where the accelerator itself is. */
  readonly domainType: "qemu" | "kvm";
}

export interface ProbeDiskRequest {
  readonly path: string;
  /** "sda" to "sdz" */
  readonly target: string;
  readonly cache: CacheMode;
  readonly format: "raw";
  readonly readonly?: boolean | undefined;
  /** Takes no lock that a machine which writes to the image holds. */
  readonly shareable?: boolean | undefined;
}

/** It never runs an instruction: enough for QEMU to start with. */
const probeMemoryKiB = 16 * 1024;

/**
 * The smallest machine that takes disks in and lets them go while it is paused. Its disks are SCSI ones: a SCSI disk goes at once, while a PCI one
 * (virtio) waits for the guest to let go of it, which a paused guest never does. ACPI lets a controller be plugged where one should be missing.
 */
export function probeDomainXml({ name, architecture, machine, domainType }: ProbeDomainRequest): string {
  const domain = newRoot("domain", { type: domainType });
  setText(addChild(domain, "name"), name);
  setText(addChild(domain, "memory", { unit: "KiB" }), probeMemoryKiB);
  setText(addChild(domain, "vcpu"), 1);
  setText(addChild(addChild(domain, "os"), "type", { arch: architecture, machine }), "hvm");
  addChild(addChild(domain, "features"), "acpi");
  const devices = addChild(domain, "devices");
  addChild(devices, "controller", { type: "scsi", index: 0, model: "virtio-scsi" });
  addChild(devices, "controller", { type: "usb", index: 0, model: "none" });
  addChild(devices, "memballoon", { model: "none" });
  return writeXml(domain);
}

/** Each letter is a SCSI target of its own: libvirt would plug in a second controller from "sdh" on, which q35 has no slot for. */
const scsiTargetOf = (target: string) => target.charCodeAt(target.length - 1) - "a".charCodeAt(0);

/** A scratch file as a disk of the probe machine. */
export function probeDiskXml({ path, target, cache, format, readonly, shareable }: ProbeDiskRequest): string {
  const disk = newRoot("disk", { type: "file", device: "disk" });
  addChild(disk, "driver", { name: "qemu", type: format, cache });
  addChild(disk, "source", { file: path });
  addChild(disk, "target", { dev: target, bus: "scsi" });
  if (readonly === true) addChild(disk, "readonly");
  if (shareable === true) addChild(disk, "shareable");
  addChild(disk, "address", { type: "drive", controller: 0, bus: 0, target: scsiTargetOf(target), unit: 0 });
  return writeXml(disk);
}
