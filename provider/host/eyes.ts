// What an observer sees with: the port to libvirt, the machine it runs on, and who the host is, which is asked once in a run of the engine.
import type { HostIdentity, Libvirt } from "../libvirt/port";
import type { AcceleratorFacts, PlatformFacts } from "../plan/facts";
import { parseCapabilities } from "../xml/capabilities-xml";
import { createAskOnce } from "./ask-once";
import { createKeptProbes } from "./kept-probes";
import type { KeptProbes } from "./kept-probes";
import { createLocalWrites } from "./local-writes";
import type { LocalWrites } from "./local-writes";
import type { Machine } from "./machine";

/** Who the host is. */
export interface Host {
  readonly identity: HostIdentity;
  readonly platform: Omit<PlatformFacts, "kvm">;
  /** libvirt offers the domain type kvm. */
  readonly kvmOffered: boolean;
}

export interface Eyes {
  readonly libvirt: Libvirt;
  readonly machine: Machine;
  /** Can take seconds where libvirt looks at QEMU anew: so only what needs it asks. */
  readonly meet: (signal: AbortSignal | undefined) => Promise<Host>;
  /** What was tried in this run, so that many disks on one storage ask once. */
  readonly writes: LocalWrites;
  readonly probes: KeptProbes;
  /** Asks a probe domain for KVM, or tells what one said before. */
  readonly askKvmOnce: (ask: () => Promise<AcceleratorFacts>) => Promise<AcceleratorFacts>;
}

async function meet(libvirt: Libvirt, signal: AbortSignal | undefined): Promise<Host> {
  const identity = await libvirt.identify({ signal });
  const { hostArchitecture: architecture, kvmOffered } = parseCapabilities(identity.capabilitiesXml);
  const { libvirtVersion, qemuVersion } = identity;
  return { identity, platform: { libvirtVersion, qemuVersion, architecture }, kvmOffered };
}

export function openEyes(libvirt: Libvirt, machine: Machine): Eyes {
  const [meetOnce, askKvmOnce] = [createAskOnce<Host>(), createAskOnce<AcceleratorFacts>()];
  return {
    libvirt,
    machine,
    meet: (signal) => meetOnce(() => meet(libvirt, signal)),
    writes: createLocalWrites(machine),
    probes: createKeptProbes(),
    askKvmOnce,
  };
}
