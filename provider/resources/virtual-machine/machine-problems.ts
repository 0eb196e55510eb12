// Whether the host can give the machine type and the accelerator that a program names for the first time: so that it is told at preview.
import type { Problem } from "../../errors";
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { parseDomainCapabilities } from "../../xml/capabilities-xml";
import { isValues } from "../values";
import type { Call, Values } from "../resource";

export async function machineProblems(inputs: Values, olds: Values | undefined, { services, signal }: Call): Promise<Problem[]> {
  const machine = inputs["machine"];
  if (typeof machine !== "string" || machine === olds?.["machine"]) return [];
  try {
    // TCG is on every host, so the answer is about the machine type alone.
    await services.libvirt.domainCapabilitiesXml({ virtType: "qemu", machine }, { signal });
    return [];
  } catch (error) {
    // So libvirt answers a question about a machine type that the emulator has not.
    if (!(error instanceof HostError) || error.code !== hostErrorCodes.invalidArgument) throw error;
    const reason = `is ${JSON.stringify(machine)}, which the host's QEMU does not have: ${error.libvirtMessage}. \`virsh capabilities\` lists its machine types; "q35" and "pc" are the usual ones.`;
    return [{ path: "machine", reason }];
  }
}

/** A display for the first time that the host's QEMU was built without. libvirt that does not tell leaves it to the start. */
export async function displayProblems(inputs: Values, olds: Values | undefined, { services, signal }: Call): Promise<Problem[]> {
  const { graphics } = inputs;
  if (graphics !== "spice" || graphics === olds?.["graphics"]) return [];
  const { graphicsTypes } = parseDomainCapabilities(await services.libvirt.domainCapabilitiesXml({ virtType: "qemu" }, { signal }));
  if (graphicsTypes.length === 0 || graphicsTypes.includes(graphics)) return [];
  const reason = `is "spice", which the host's QEMU does not have: install its SPICE modules (Debian: qemu-system-modules-spice), or say "vnc".`;
  return [{ path: "graphics", reason }];
}

/** KVM asked for by name where the host's facts say that QEMU may not use it. Unknown is not no. */
export function acceleratorProblems(inputs: Values, olds: Values | undefined): Problem[] {
  const { host, accelerator } = inputs;
  const facts = isValues(host) ? host["facts"] : undefined;
  const kvm = isValues(facts) ? facts["kvm"] : undefined;
  if (accelerator !== "kvm" || olds?.["accelerator"] === "kvm" || !isValues(kvm) || kvm["usable"] !== "no") return [];
  const why = typeof kvm["why"] === "string" ? kvm["why"] : "QEMU may not use it";
  return [
    {
      path: "accelerator",
      reason: `is "kvm", which cannot be used on this host: ${why}. Ways out: mend that, or "auto" or "qemu" (software emulation, slow).`,
    },
  ];
}
