// The steps that create and update share: build, start and stop a pool, with progress, and with a way out in what goes wrong.
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import type { Call } from "../resource";
import type { CheckedInputs } from "./contract";
import { rulesOf } from "./pool-types";

/** The same error with what the user can do about it. */
async function withWayOut<Result>(work: Promise<Result>, wayOutOf: (error: HostError) => string | undefined): Promise<Result> {
  return work.catch((error: unknown) => {
    if (!(error instanceof HostError)) throw error;
    const wayOut = wayOutOf(error) ?? error.context.wayOut;
    throw wayOut === undefined ? error : new HostError(error.code, error.libvirtMessage, { ...error.context, wayOut });
  });
}

export async function definePool({ type }: CheckedInputs, xml: string, { services: { libvirt }, signal }: Call): Promise<void> {
  const { driver } = rulesOf(type);
  await withWayOut(libvirt.definePool(xml, { signal }), ({ code }) => {
    if (code === hostErrorCodes.operationFailed) {
      return "Another pool is on that storage: use that one (`virsh pool-list --all`; pulumi import takes it over), or give this one storage of its own.";
    }
    if (code !== hostErrorCodes.internalError || driver === undefined) return undefined;
    return `Check that libvirt's storage driver for pools of type ${type} is installed on the host (Debian: ${driver}); libvirt's daemon has to be started anew for it.`;
  });
}

/** Whether building writes to a device. */
export const buildsDevice = ({ type, build }: CheckedInputs): boolean => build === true && rulesOf(type).makes !== undefined;

/** Makes the folder or mount point that is missing, and gives a folder its permissions; destroys nothing. */
export async function buildFolder({ name, type, build }: CheckedInputs, { services: { libvirt }, signal }: Call): Promise<void> {
  if (build === false || !rulesOf(type).buildsFolder) return;
  await withWayOut(
    libvirt.buildPool(name, { signal }),
    () => "Check the path, and that libvirt may make folders there (the file system may be read-only).",
  );
}

/** What the program asked to be made on devices. */
export async function buildDevice(inputs: CheckedInputs, { services: { libvirt }, signal, log }: Call): Promise<void> {
  const { name, type, overwrite, source } = inputs;
  const { makes } = rulesOf(type);
  if (makes === undefined) return;
  const where = (source?.devices ?? []).join(", ") || (source?.name ?? name);
  log.status(`making ${makes.what} on ${where}`);
  const device = overwrite === true ? "overwrite" : makes.overwrites ? "ifEmpty" : undefined;
  await withWayOut(libvirt.buildPool(name, { device, signal }), ({ code }) => {
    if (code !== hostErrorCodes.poolBuilt) return "Check on the host that the devices are there and not in use.";
    const asItIs = "Nothing was written. To use what is there, leave `build` out";
    return makes.overwrites ? `${asItIs}; to lose it, set \`overwrite: true\`.` : `${asItIs}.`;
  });
}

export async function startPool({ name, type }: CheckedInputs, { services: { libvirt }, signal, log }: Call): Promise<void> {
  log.status(`starting pool ${name}`);
  await withWayOut(libvirt.startPool(name, { signal }), () => rulesOf(type).whenNotStarting);
}

export async function stopPool({ name, type }: CheckedInputs, { services: { libvirt }, signal, log }: Call): Promise<void> {
  log.status(`stopping pool ${name}`);
  await withWayOut(libvirt.stopPool(name, { signal }), () =>
    type === "fs" || type === "netfs" || type === "logical"
      ? "Something uses it: stop the VMs that have disks on it, wait for what copies to or from it, and run again."
      : "Wait for what is copied to or from its volumes, and run again.",
  );
}
