// Whether the host knows the machine type that a program names for the first time: asked at check, so that a typing error is told at preview.
import type { Problem } from "../../errors";
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
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
