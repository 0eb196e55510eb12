// Turns a failure after the machine was defined into words that name the thing and the way out.
import { HostError } from "../../errors";
import { directIoRefusal } from "../../libvirt/direct-io-refusal";
import { storageRefusal } from "../../libvirt/storage-refusal";
import type { StorageRefusal } from "../../libvirt/storage-refusal";
import type { Call } from "../resource";
import { without } from "../values";
import type { CheckedInputs, EffectiveDisk } from "./contract";
import type { EffectiveDisks } from "./domain-plan";
import { resolveDisks } from "./effective-disks";

/** Why the machine, which is there, is not as asked. */
export const failureReason = async (inputs: CheckedInputs, error: unknown, effective: EffectiveDisks, call: Call): Promise<string> =>
  `${inputs.name} is defined, but is not as asked yet. ${await explained(inputs, error, effective, call)}`;

export async function explained(inputs: CheckedInputs, error: unknown, effective: EffectiveDisks, call: Call): Promise<string> {
  if (!(error instanceof HostError)) return error instanceof Error ? error.message : String(error);
  const refusedPath = directIoRefusal(error.libvirtMessage);
  if (refusedPath !== undefined) return directIoReason(inputs, refusedPath, effective, call);
  const refusal = storageRefusal(error.libvirtMessage);
  return refusal === undefined ? error.message : `${error.message} ${storageReason(refusal, effective)}`;
}

/** QEMU knows better than the facts: they are asked anew, and the planner says what it says of the storage as it is now. */
async function directIoReason(inputs: CheckedInputs, path: string, effective: EffectiveDisks, { services, log }: Call): Promise<string> {
  services.host.forget(path);
  const fresh = without(inputs, "effectiveDisks", "host");
  const host = inputs.host === undefined ? {} : { host: { policy: inputs.host.policy, facts: { ...inputs.host.facts, pools: {} } } };
  // After a Cancel too: what is looked at is small, and the reason is worth it.
  const observe = { depth: "probe", signal: new AbortController().signal, status: (message: string) => log.status(message) } as const;
  const resolution = await resolveDisks({ inputs: { ...fresh, ...host }, previous: effective, services, observe }).catch(() => undefined);
  const problems = resolution !== undefined && "problems" in resolution ? resolution.problems : [];
  if (problems.length > 0) return problems.map((problem) => `${problem.path}: ${problem.reason}`).join(" ");
  const [key, disk] = diskAt(path, effective) ?? directDisk(effective) ?? [];
  const now = resolution !== undefined && "effective" in resolution && key !== undefined ? resolution.effective[key] : undefined;
  const where = key === undefined ? "a disk" : `disks.${key} (cache ${disk?.cache ?? "unknown"})`;
  const means = now === undefined || now.cache === disk?.cache ? "" : ` By its storage as it is now it gets ${now.reason}`;
  return (
    `QEMU could not open ${path} with O_DIRECT, which ${where} needs. The storage behind it has no direct I/O: set its cache to "auto" or ` +
    `"writeback", or move it. If the host's storage has changed since it was looked at, run \`pulumi refresh\` first.${means}`
  );
}

type Entry = readonly [string, EffectiveDisk];

const diskAt = (path: string, effective: EffectiveDisks): Entry | undefined =>
  Object.entries(effective).find(([, disk]) => disk.path === path);

const directDisk = (effective: EffectiveDisks): Entry | undefined =>
  Object.entries(effective).find(([, { cache }]) => cache === "none" || cache === "directsync");

/** The disks that a refusal may be about: the one that it names, else those of its protocol or format. */
function disksOf({ path, protocol, format }: StorageRefusal, effective: EffectiveDisks): readonly Entry[] {
  const named = path === undefined ? undefined : diskAt(path, effective);
  if (named !== undefined) return [named];
  if (protocol !== undefined) return Object.entries(effective).filter(([, { network }]) => network?.protocol === protocol);
  return format === undefined ? [] : Object.entries(effective).filter(([, disk]) => disk.format === format);
}

function storageReason(refusal: StorageRefusal, effective: EffectiveDisks): string {
  const disks = disksOf(refusal, effective).map(([key, { path }]) => `disks.${key} (${path ?? "?"})`);
  return disks.length === 0 ? refusal.wayOut : `This is about ${disks.join(" or ")}. ${refusal.wayOut}`;
}
