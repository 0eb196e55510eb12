// Turns a failure after the machine was defined into words with a way out: QEMU's O_DIRECT refusal becomes the planner's message.
import { HostError } from "../../errors";
import { directIoRefusal } from "../../libvirt/direct-io-refusal";
import type { EffectiveDisks } from "./domain-plan";

/** Why the machine, which is there, is not as asked. */
export const failureReason = (name: string, error: unknown, effective: EffectiveDisks): string =>
  `${name} is defined, but is not as asked yet. ${explained(error, effective)}`;

export function explained(error: unknown, effective: EffectiveDisks): string {
  const message = error instanceof Error ? error.message : String(error);
  const refusedPath = error instanceof HostError ? directIoRefusal(error.libvirtMessage) : undefined;
  if (refusedPath === undefined) return message;
  const [key, disk] =
    Object.entries(effective).find(([, { path }]) => path === refusedPath) ??
    Object.entries(effective).find(([, { cache }]) => cache === "none" || cache === "directsync") ??
    [];
  const where = key === undefined ? "a disk" : `disks.${key} (cache ${disk?.cache ?? "unknown"})`;
  return (
    `QEMU could not open ${refusedPath} with O_DIRECT, which ${where} needs. The storage behind it has no direct I/O: set its cache to "auto" or ` +
    `"writeback", or move it. If the host's storage has changed since it was looked at, run \`pulumi refresh\` first.`
  );
}
