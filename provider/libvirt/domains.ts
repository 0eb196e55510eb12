// The port's verbs about a domain's definition and life.
import {
  domainCreateFlags,
  domainDestroyFlags,
  domainShutdownFlags,
  domainStates,
  domainUndefineFlags,
  domainXmlFlags,
} from "node-libvirt";
import type { Domain } from "node-libvirt";
import { hostErrorCodes } from "./codes";
import type { HostConnection } from "./connection";
import { aboutDomain, domainRef } from "./domain-ref";
import { saysCode, unlessCode } from "./errors";
import type { CallOptions, DomainName, DomainRecord, DomainRef, DomainState, Libvirt, ShutdownMode, StartOptions } from "./port";
import { waitForState } from "./wait-for-state";

/** A domain that is on its way down still runs; a blocked one waits for I/O and runs. */
const stateByNumber: Readonly<Record<number, DomainState>> = {
  [domainStates.NOSTATE]: "running",
  [domainStates.RUNNING]: "running",
  [domainStates.BLOCKED]: "running",
  [domainStates.PAUSED]: "paused",
  [domainStates.SHUTDOWN]: "running",
  [domainStates.SHUTOFF]: "stopped",
  [domainStates.CRASHED]: "crashed",
  [domainStates.PMSUSPENDED]: "suspended",
};

const stateOf = (number: number): DomainState => stateByNumber[number] ?? "running";
const isActive = (state: DomainState) => state !== "stopped" && state !== "crashed";

/** Without a flag the QEMU driver asks a connected agent, and presses the power button where that fails or there is none. */
const shutdownFlags = {
  auto: domainShutdownFlags.DEFAULT,
  acpi: domainShutdownFlags.ACPI_POWER_BTN,
  agent: domainShutdownFlags.GUEST_AGENT,
} as const satisfies Record<ShutdownMode, number>;

/** The flags of an undefine, all of them first: a daemon that does not know the last ones refuses the call and has done nothing. */
const { MANAGED_SAVE, SNAPSHOTS_METADATA, NVRAM, CHECKPOINTS_METADATA, TPM } = domainUndefineFlags;
const undefineAttempts = [
  MANAGED_SAVE | SNAPSHOTS_METADATA | NVRAM | CHECKPOINTS_METADATA | TPM,
  MANAGED_SAVE | SNAPSHOTS_METADATA | NVRAM | CHECKPOINTS_METADATA,
  MANAGED_SAVE | SNAPSHOTS_METADATA | NVRAM,
  MANAGED_SAVE | SNAPSHOTS_METADATA,
] as const;

/** Times that a domain is read again when it started or stopped while it was being read. */
const readAttempts = 3;

async function lookUp(host: HostConnection, ref: DomainRef, options?: CallOptions): Promise<Domain | undefined> {
  const about = { doing: "Looking up", what: `the domain ${"uuid" in ref ? ref.uuid : ref.name}`, options };
  const found =
    "uuid" in ref
      ? host.call("domainLookupByUuid", { ...about, args: { uuid: ref.uuid } })
      : host.call("domainLookupByName", { ...about, args: { name: ref.name } });
  return (await unlessCode(found, hostErrorCodes.noDomain))?.dom;
}

/** Reads a domain at one moment; undefined where it started or stopped in the middle, so that the parts would not fit together. */
async function readDomain(host: HostConnection, dom: Domain, options?: CallOptions): Promise<DomainRecord | undefined> {
  const about = aboutDomain("Reading", dom.uuid, options);
  const xml = (flags: number) => host.call("domainGetXmlDesc", { ...about, args: { dom, flags } });
  const isRunning = dom.id >= 0;
  const [inactive, live, persistent, autostart, saved, state] = await Promise.all([
    xml(domainXmlFlags.INACTIVE | domainXmlFlags.SECURE),
    isRunning ? xml(domainXmlFlags.SECURE) : undefined,
    host.call("domainIsPersistent", { ...about, args: { dom } }),
    host.call("domainGetAutostart", { ...about, args: { dom } }),
    host.call("domainHasManagedSaveImage", { ...about, args: { dom, flags: 0 } }),
    host.call("domainGetState", { ...about, args: { dom, flags: 0 } }),
  ]);
  if (isActive(stateOf(state.state)) !== isRunning) return undefined;
  return {
    name: dom.name,
    uuid: dom.uuid,
    id: isRunning ? dom.id : undefined,
    state: stateOf(state.state),
    persistent: persistent.persistent,
    autostart: autostart.autostart,
    inactiveXml: inactive.xml,
    liveXml: live?.xml,
    hasManagedSave: saved.result,
  };
}

async function findDomain(host: HostConnection, ref: DomainRef, options?: CallOptions): Promise<DomainRecord | undefined> {
  for (let attempt = 1; ; attempt++) {
    const dom = await lookUp(host, ref, options);
    if (dom === undefined) return undefined;
    try {
      const record = await readDomain(host, dom, options);
      if (record !== undefined) return record;
    } catch (error) {
      // Gone since the lookup: the next lookup says so.
      if (!saysCode(error, hostErrorCodes.noDomain) || attempt === readAttempts) throw error;
    }
  }
}

async function startDomain(host: HostConnection, uuid: string, options?: StartOptions): Promise<void> {
  const flags = options?.paused === true ? domainCreateFlags.START_PAUSED : 0;
  await host.callSlowly("domainCreateWithFlags", { ...aboutDomain("Starting", uuid, options), args: { dom: domainRef(uuid), flags } });
}

async function destroyDomain(host: HostConnection, uuid: string, options?: CallOptions): Promise<void> {
  const ended = host.callSlowly("domainDestroyFlags", {
    ...aboutDomain("Stopping", uuid, options),
    args: { dom: domainRef(uuid), flags: domainDestroyFlags.DEFAULT },
  });
  await unlessCode(ended, hostErrorCodes.operationInvalid, hostErrorCodes.noDomain);
}

async function undefineDomain(host: HostConnection, uuid: string, options?: CallOptions): Promise<void> {
  const about = aboutDomain("Undefining", uuid, options);
  const undefine = (flags: number) =>
    unlessCode(host.call("domainUndefineFlags", { ...about, args: { dom: domainRef(uuid), flags } }), hostErrorCodes.noDomain);
  for (const [index, flags] of undefineAttempts.entries()) {
    try {
      await undefine(flags);
      return;
    } catch (error) {
      const refusesFlags = saysCode(error, hostErrorCodes.invalidArgument, hostErrorCodes.argumentUnsupported);
      if (!refusesFlags || index === undefineAttempts.length - 1) throw error;
    }
  }
}

async function createProbeDomain(host: HostConnection, xml: string, options?: CallOptions): Promise<DomainName> {
  const { dom } = await host.callSlowly("domainCreateXml", {
    doing: "Starting",
    what: "a probe domain",
    args: { xml, flags: domainCreateFlags.START_PAUSED | domainCreateFlags.START_AUTODESTROY },
    options,
  });
  return { name: dom.name, uuid: dom.uuid };
}

async function isInState(host: HostConnection, uuid: string, wanted: "stopped" | "running", options?: CallOptions): Promise<boolean> {
  const read = host.call("domainGetState", { ...aboutDomain("Reading", uuid, options), args: { dom: domainRef(uuid), flags: 0 } });
  const answer = await unlessCode(read, hostErrorCodes.noDomain);
  // A domain that is gone has stopped: a transient one goes with its run.
  const state = answer === undefined ? "stopped" : stateOf(answer.state);
  return wanted === "stopped" ? !isActive(state) : state === wanted;
}

type DomainVerb =
  | "listDomains"
  | "findDomain"
  | "defineDomain"
  | "startDomain"
  | "requestShutdown"
  | "destroyDomain"
  | "pauseDomain"
  | "resumeDomain"
  | "undefineDomain"
  | "setAutostart"
  | "waitForState"
  | "createProbeDomain";

export function domainVerbs(host: HostConnection): Pick<Libvirt, DomainVerb> {
  return {
    listDomains: async (options) => {
      const { domains } = await host.call("connectListAllDomains", {
        doing: "Listing",
        what: "the host's domains",
        args: { needResults: true, flags: 0 },
        options,
      });
      return domains.map(({ name, uuid }) => ({ name, uuid }));
    },
    findDomain: (ref, options) => findDomain(host, ref, options),
    defineDomain: async (xml, options) => {
      // Slow where QEMU's user may not open /dev/kvm: libvirt then probes QEMU anew at each definition, seconds each and one at a time.
      const { dom } = await host.callSlowly("domainDefineXmlFlags", {
        doing: "Defining",
        what: "a domain",
        args: { xml, flags: 0 },
        options,
      });
      return { name: dom.name, uuid: dom.uuid };
    },
    startDomain: (uuid, options) => startDomain(host, uuid, options),
    requestShutdown: async (uuid, options) => {
      const about = aboutDomain("Asking the guest to stop in", uuid, options);
      await host.callSlowly("domainShutdownFlags", {
        ...about,
        args: { dom: domainRef(uuid), flags: shutdownFlags[options?.by ?? "auto"] },
      });
    },
    destroyDomain: (uuid, options) => destroyDomain(host, uuid, options),
    pauseDomain: async (uuid, options) => {
      await host.call("domainSuspend", { ...aboutDomain("Pausing", uuid, options), args: { dom: domainRef(uuid) } });
    },
    resumeDomain: async (uuid, options) => {
      await host.call("domainResume", { ...aboutDomain("Resuming", uuid, options), args: { dom: domainRef(uuid) } });
    },
    undefineDomain: (uuid, options) => undefineDomain(host, uuid, options),
    setAutostart: async (uuid, autostart, options) => {
      await host.call("domainSetAutostart", {
        ...aboutDomain("Setting autostart of", uuid, options),
        args: { dom: domainRef(uuid), autostart },
      });
    },
    waitForState: (uuid, state, options) =>
      waitForState(host, uuid, { ...options, isReached: () => isInState(host, uuid, state, { signal: options.signal }) }),
    createProbeDomain: (xml, options) => createProbeDomain(host, xml, options),
  };
}
