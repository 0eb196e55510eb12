// The doctor's eyes: everything that the findings are made from, read from the host at once.
import { HostError } from "../errors";
import type { HostIdentity, NetworkRecord, PoolRecord } from "../libvirt/port";
import type { HostFacts } from "../plan/facts";
import { planPoolDefault, type PoolDefault } from "../plan/plan-pool-default";
import { parseCapabilities } from "../xml/capabilities-xml";
import { parseEquipment, type HostEquipment } from "../xml/equipment-xml";
import { observing, type CommandContext } from "./command";

export interface DoctorFacts {
  readonly uri: string;
  readonly identity: HostIdentity;
  /** libvirt offers KVM; whether QEMU may use it is another question. */
  readonly kvmOffered: boolean;
  readonly host: HostFacts;
  readonly pools: readonly PoolRecord[];
  /** What a new disk in each pool gets where nobody asks for anything. */
  readonly defaults: Readonly<Record<string, PoolDefault>>;
  readonly networks: readonly NetworkRecord[];
  readonly equipment: HostEquipment;
  /** No probe domain was allowed, so some answers stay open. */
  readonly onlyLooked: boolean;
}

/** UEFI machines are q35. A host that has no such machine does not tell of its equipment. */
async function observeEquipment({ libvirt, signal }: CommandContext, kvmOffered: boolean): Promise<HostEquipment> {
  try {
    const query = { virtType: kvmOffered ? "kvm" : "qemu", machine: "q35" } as const;
    return parseEquipment(await libvirt.domainCapabilitiesXml(query, { signal }));
  } catch (error) {
    if (error instanceof HostError) return { uefi: undefined, softwareTpm: undefined };
    throw error;
  }
}

export async function observeForDoctor(context: CommandContext): Promise<DoctorFacts> {
  const { libvirt, host, signal, depth } = context;
  const identity = await libvirt.identify({ signal });
  const { kvmOffered } = parseCapabilities(identity.capabilitiesXml);
  const [observed, networks, equipment] = await Promise.all([
    host.observeHost(observing(context)),
    libvirt.listNetworks({ signal }),
    observeEquipment(context, kvmOffered),
  ]);
  const facts = "facts" in observed ? observed.facts : { ...(await host.observePlatform(observing(context))), pools: {} };
  return {
    uri: libvirt.uri,
    identity,
    kvmOffered,
    host: facts,
    // After the observer, which rescans pools: their free space is of now.
    pools: [...(await libvirt.listPools({ signal }))].sort((one, other) => one.name.localeCompare(other.name)),
    defaults: Object.fromEntries(Object.entries(facts.pools).map(([name, pool]) => [name, planPoolDefault(name, pool, {}, facts)])),
    networks,
    equipment,
    onlyLooked: depth === "look",
  };
}
