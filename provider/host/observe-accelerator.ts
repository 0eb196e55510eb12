// Whether QEMU may use KVM on the host: what libvirt offers, who QEMU runs as and the device's permissions here, and a probe domain where that leaves it open.
import type { Libvirt } from "../libvirt/port";
import type { AcceleratorFacts } from "../plan/facts";
import { probeKvm } from "./domain-probe";
import type { Eyes, Host } from "./eyes";
import type { Machine, PathInfo } from "./machine";
import type { ObserveOptions } from "./observer";
import { permissionBits, qemuGroups, qemuUserOf } from "./qemu-user";

const device = "/dev/kvm";
const readAndWrite = 0o6;
const modeMask = 0o777;

/** Run as root on the host, it lets QEMU's user open the device where libvirt's packages have put that user into the group kvm. */
export const kvmPermissionFix = `chgrp kvm ${device} && chmod 660 ${device}`;
/** How `why` speaks of it. */
export const kvmPermissionHint = `; \`${kvmPermissionFix}\` usually mends that`;

const shownOwner = ({ mode, uid, gid }: PathInfo) => `mode ${(mode & modeMask).toString(8).padStart(4, "0")}, owner ${uid}, group ${gid}`;

/** By the device's owner, group and mode, as the kernel decides; undefined where they cannot be read. */
async function permittedHere(machine: Machine, libvirt: Libvirt, capabilitiesXml: string): Promise<AcceleratorFacts | undefined> {
  const found = await machine.stat(device);
  if (found === undefined) return undefined;
  if (new URL(libvirt.uri).pathname === "/session") {
    return (await machine.mayReadAndWrite(device))
      ? { usable: "yes", why: `this user, whom QEMU runs as, may open ${device}` }
      : { usable: "no", why: `this user, whom QEMU runs as, may not open ${device} (${shownOwner(found)})` };
  }
  const user = qemuUserOf(capabilitiesXml);
  if (user === undefined) return undefined;
  const bits = permissionBits(found, user.uid, await qemuGroups(machine, user));
  const isPermitted = user.uid === 0 || (bits & readAndWrite) === readAndWrite;
  return isPermitted
    ? { usable: "yes", why: `QEMU's user (${user.uid}) may open ${device} (${shownOwner(found)})` }
    : {
        usable: "no",
        why: `QEMU's user (${user.uid}) may not open ${device} (${shownOwner(found)})${kvmPermissionHint}`,
      };
}

/** An earlier answer for the same versions. */
function knownAnswer({ platform }: Host, { known }: ObserveOptions): AcceleratorFacts | undefined {
  const isSame = known?.libvirtVersion === platform.libvirtVersion && known.qemuVersion === platform.qemuVersion;
  return isSame && known.kvm.usable !== "unknown" ? known.kvm : undefined;
}

export async function observeAccelerator(eyes: Eyes, host: Host, options: ObserveOptions): Promise<AcceleratorFacts> {
  const { libvirt, machine, askKvmOnce } = eyes;
  const here = libvirt.isLocalSocket ? await permittedHere(machine, libvirt, host.identity.capabilitiesXml) : undefined;
  if (!host.kvmOffered) {
    const isRefused = here?.usable === "no" ? `: ${here.why}` : "; the host has none, or its QEMU may not use it";
    return { usable: "no", why: `libvirt offers no KVM there${isRefused}` };
  }
  // libvirt itself has seen KVM work when it looked at QEMU, and the permissions agree.
  if (here?.usable === "yes") return here;
  if (options.depth === "probe") {
    const { architecture } = host.platform;
    return askKvmOnce(async () => {
      const { directIo: usable, why } = await probeKvm(libvirt, { architecture, signal: options.signal, expected: here?.why });
      return { usable, why };
    });
  }
  // A socket at a place of its own may belong to a daemon that has a device folder of its own.
  if (here !== undefined && !new URL(libvirt.uri).searchParams.has("socket")) return here;
  return (
    knownAnswer(host, options) ?? {
      usable: "unknown",
      why: "libvirt offers KVM, but whether QEMU may use it shows only when a domain starts",
    }
  );
}
