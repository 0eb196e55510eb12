// Names of what a probe makes on a host: they carry their time, so that a later probe can tell what a killed one left behind.
import { randomBytes } from "node:crypto";

const domainPrefix = "pulumi-kvm-probe-";
/** Hidden, so that people who list the pool's folder do not take it for theirs. */
const volumePrefix = `.${domainPrefix}`;
const timeRadix = 36;
const randomByteCount = 4;
/** No probe takes that long; a machine whose clock is off by less is still safe. */
const staleAfterMs = 10 * 60_000;

const stamp = (nowMs: number) => `${nowMs.toString(timeRadix)}-${randomBytes(randomByteCount).toString("hex")}`;

export const probeDomainName = (nowMs: number) => `${domainPrefix}${stamp(nowMs)}`;
export const probeVolumeName = (nowMs: number) => `${volumePrefix}${stamp(nowMs)}`;

/** Whether it is a probe's name, and the probe must be over. */
export function isStaleProbe(name: string, nowMs: number): boolean {
  const time = /^\.?pulumi-kvm-probe-([0-9a-z]+)-[0-9a-f]{8}$/.exec(name)?.[1];
  return time !== undefined && nowMs - Number.parseInt(time, timeRadix) > staleAfterMs;
}
