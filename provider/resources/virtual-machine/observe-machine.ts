// Reads a machine from the host: both definitions, whichever of running and saved there is.
import type { DomainRef } from "../../libvirt/port";
import type { Call, Services } from "../resource";
import type { ObservedMachine } from "./state";
import { observedMachine } from "./state";

/** undefined only when libvirt says that there is no such domain. */
export async function observeMachine(
  ref: DomainRef,
  { services: { libvirt }, signal }: Pick<Call, "signal"> & { readonly services: Pick<Services, "libvirt"> },
): Promise<ObservedMachine | undefined> {
  const record = await libvirt.findDomain(ref, { signal });
  if (record === undefined) return undefined;
  const saved = record.liveXml === undefined && record.hasManagedSave ? await libvirt.savedXml(record.uuid, { signal }) : undefined;
  return observedMachine(record, saved);
}
