// Whether the host can give the machine type and the accelerator that a program names for the first time: so that it is told at preview.
import type { Problem } from "../../errors";
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
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
