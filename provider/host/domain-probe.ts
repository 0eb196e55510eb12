// The host's own QEMU is asked: one paused throw-away domain, into which a scratch disk per storage is plugged, without a cache and then with one.
import { setTimeout as sleep } from "node:timers/promises";
import { HostError } from "../errors";
import type { CallOptions, Libvirt } from "../libvirt/port";
import type { DirectIo } from "../plan/facts";
import { probeDiskXml, probeDomainXml } from "../xml/probe-xml";
import { volumeXml } from "../xml/storage-xml";
import { probeDomainName, probeVolumeName } from "./probe-names";
import { sweepProbes } from "./sweep-probes";

/** What is tried: a scratch volume in a pool, or an image that is there already (opened for reading, without its lock). */
export type ProbeTarget = { readonly pool: string } | { readonly path: string };

export interface ProbeAnswer {
  readonly directIo: DirectIo;
  readonly why: string;
  /** libvirt's code when both ways were refused: tells a missing file from other trouble. */
  readonly code?: number | undefined;
}

export interface ProbeRequest {
  readonly targets: readonly ProbeTarget[];
  /** libvirt's name of the host's architecture. */
  readonly architecture: string;
  readonly signal?: AbortSignal | undefined;
  readonly status?: ((message: string) => void) | undefined;
}

const scratchBytes = 1024 ** 2;
/** Cleaning up goes on after the run was cancelled, but not for ever. */
const cleanUpTimeoutMs = 30_000;
const cleanUp: CallOptions = { timeoutMs: cleanUpTimeoutMs };
/** SCSI disks named sda … sdz: more paths than any host has pools; each batch of them gets a domain of its own. */
const letters = "abcdefghijklmnopqrstuvwxyz";

type Attempt = { readonly accepted: true } | { readonly accepted: false; readonly error: HostError };

async function attempt(work: Promise<unknown>): Promise<Attempt> {
  try {
    await work;
    return { accepted: true };
  } catch (error) {
    if (error instanceof HostError) return { accepted: false, error };
    throw error;
  }
}

/** QEMU's words come with line ends and time stamps; a reason is one clause. */
const said = ({ libvirtMessage }: HostError) => libvirtMessage.replaceAll(/\s+/g, " ").trim();

interface Session {
  readonly libvirt: Libvirt;
  readonly uuid: string;
  readonly signal: AbortSignal | undefined;
}

interface Scratch {
  readonly path: string;
  readonly target: string;
  readonly isForeign: boolean;
}

/** Refused without a cache and accepted with one: only that is a no. */
async function compareModes({ libvirt, uuid, signal }: Session, { path, target, isForeign }: Scratch): Promise<ProbeAnswer> {
  const attach = (cache: "none" | "writeback") =>
    attempt(
      libvirt.attachLiveDevice(uuid, probeDiskXml({ path, target, cache, format: "raw", readonly: isForeign, shareable: isForeign }), {
        signal,
      }),
    );
  const direct = await attach("none");
  if (direct.accepted) return { directIo: "yes", why: "QEMU opened a disk there with O_DIRECT (cache none)" };
  const cached = await attach("writeback");
  if (cached.accepted) return { directIo: "no", why: `QEMU could open a disk there with a cache only, and said: ${said(direct.error)}` };
  return {
    directIo: "unknown",
    why: `QEMU could not open a disk there either way: ${said(cached.error)}`,
    code: cached.error.code,
  };
}

async function probeTarget(session: Session, what: ProbeTarget, target: string, leftovers: (() => Promise<void>)[]): Promise<ProbeAnswer> {
  if ("path" in what) return compareModes(session, { path: what.path, target, isForeign: true });
  const { libvirt, signal } = session;
  const name = probeVolumeName(Date.now());
  // Before it is made: a call that was cancelled may have made it all the same.
  leftovers.push(() => libvirt.deleteVolume({ pool: what.pool, name }, cleanUp));
  try {
    const xml = volumeXml({ name, capacityBytes: scratchBytes, allocationBytes: 0, format: "raw" });
    const { path } = await libvirt.createVolume(what.pool, xml, { signal });
    return await compareModes(session, { path, target, isForeign: false });
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { directIo: "unknown", why: `no scratch volume could be made there: ${said(error)}`, code: error.code };
  }
}

/** Every leftover is tried; what fails is left to a later probe's sweep. */
async function cleanUpAll(leftovers: readonly (() => Promise<void>)[]): Promise<void> {
  for (const remove of leftovers) await remove().catch(() => undefined);
}

/** A daemon that was not heard to the end may still be starting the domain. */
const lateStartMs = 2_000;
const lateStartPollMs = 100;

/** By name. What fails is left to the end of the connection, which takes the domain with it. */
async function removeDomain(libvirt: Libvirt, name: string, waitMs = 0): Promise<void> {
  const endsAt = performance.now() + waitMs;
  for (;;) {
    const found = await libvirt.findDomain({ name }, cleanUp).catch(() => undefined);
    if (found !== undefined) return libvirt.destroyDomain(found.uuid, cleanUp).catch(() => undefined);
    if (performance.now() >= endsAt) return;
    await sleep(lateStartPollMs);
  }
}

/** After a failed start: a refusal leaves nothing, but after a cancel or a lost answer the daemon may start it yet. */
const removeLate = (libvirt: Libvirt, name: string, error: unknown) =>
  error instanceof HostError ? removeDomain(libvirt, name) : removeDomain(libvirt, name, lateStartMs);

async function probeBatch(
  libvirt: Libvirt,
  targets: readonly ProbeTarget[],
  { architecture, signal }: ProbeRequest,
): Promise<readonly ProbeAnswer[]> {
  const name = probeDomainName(Date.now());
  const leftovers: (() => Promise<void>)[] = [];
  try {
    const started = libvirt.createProbeDomain(probeDomainXml({ name, architecture, domainType: "qemu" }), { signal });
    const { uuid } = await started.catch(async (error: unknown) => {
      await removeLate(libvirt, name, error);
      throw error;
    });
    // First, so that it lets go of the volumes before they are deleted.
    leftovers.push(() => libvirt.destroyDomain(uuid, cleanUp));
    const answers: ProbeAnswer[] = [];
    for (const [index, target] of targets.entries()) {
      answers.push(await probeTarget({ libvirt, uuid, signal }, target, `sd${letters[index] ?? ""}`, leftovers));
    }
    return answers;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return targets.map(() => ({ directIo: "unknown", why: `no probe domain could be started: ${said(error)}`, code: error.code }));
  } finally {
    await cleanUpAll(leftovers);
  }
}

/** One answer a target, in order. Leaves nothing on the host, and takes away what killed probes left. Rejects when the host cannot be asked. */
export async function probeByDomain(libvirt: Libvirt, request: ProbeRequest): Promise<readonly ProbeAnswer[]> {
  const { targets, signal, status } = request;
  const pools = targets.flatMap((target) => ("pool" in target ? [target.pool] : []));
  await sweepProbes(libvirt, pools, Date.now(), { signal });
  const answers: ProbeAnswer[] = [];
  for (let first = 0; first < targets.length; first += letters.length) {
    status?.(`probing direct I/O with a paused throw-away domain (${first + 1} of ${targets.length})`);
    answers.push(...(await probeBatch(libvirt, targets.slice(first, first + letters.length), request)));
  }
  return answers;
}

export interface KvmQuestion extends Pick<ProbeRequest, "architecture" | "signal"> {
  /** Why a refusal is no surprise: then it is believed without a comparison. */
  readonly expected?: string | undefined;
}

async function tryDomain(libvirt: Libvirt, domainType: "kvm" | "qemu", { architecture, signal }: KvmQuestion): Promise<Attempt> {
  const name = probeDomainName(Date.now());
  const started = libvirt.createProbeDomain(probeDomainXml({ name, architecture, domainType }), { signal });
  const ended = started.then(
    () => removeDomain(libvirt, name),
    async (error: unknown) => {
      await removeLate(libvirt, name, error);
      throw error;
    },
  );
  return attempt(ended);
}

/** Whether a domain of type kvm starts here; a refusal counts as a no only when it was expected, or when the same domain without KVM starts. */
export async function probeKvm(libvirt: Libvirt, question: KvmQuestion): Promise<ProbeAnswer> {
  const withKvm = await tryDomain(libvirt, "kvm", question);
  if (withKvm.accepted) return { directIo: "yes", why: "a paused probe domain with KVM started" };
  const { code } = withKvm.error;
  if (question.expected !== undefined) return { directIo: "no", why: `${question.expected}: ${said(withKvm.error)}`, code };
  const without = await tryDomain(libvirt, "qemu", question);
  if (without.accepted)
    return { directIo: "no", why: `a paused probe domain starts without KVM, and with it QEMU said: ${said(withKvm.error)}`, code };
  return { directIo: "unknown", why: `no probe domain starts, with KVM or without: ${said(without.error)}`, code };
}
