// Network cards that come, go and change while the machine runs. Converges the host.
import type { DomainInterface, ObservedDomain } from "../../plan/domain";
import type { LivePart } from "../../xml/interface-xml";
import { changedInterfaceXml, interfaceXml, liveParts } from "../../xml/interface-xml";
import { propertyPath } from "../property-path";
import type { Call } from "../resource";
import { areOurs, cardDelta } from "./network-pending";
import type { ObservedMachine } from "./state";
import { unplugLive, type Attempt } from "./unplug-live";

export interface NetworkWork {
  readonly machine: ObservedMachine;
  /** The definition as it is now, parsed, and the cards that it was made of. */
  readonly wanted: ObservedDomain;
  readonly interfaces: readonly DomainInterface[];
  readonly running: ObservedDomain;
  readonly liveXml: string;
  readonly unplugTimeoutSeconds: number;
}

export async function applyNetworks(work: NetworkWork, attempt: Attempt, call: Call): Promise<void> {
  const { machine, wanted, running, interfaces, liveXml, unplugTimeoutSeconds } = work;
  if (!areOurs(wanted)) return;
  const { uuid } = machine.record;
  const { libvirt } = call.services;
  const options = { signal: call.signal };
  const { pairs, added, removed } = cardDelta(wanted, running);
  const planned = new Map(interfaces.map((card) => [card.key, card]));
  const pathOf = (key: string) => propertyPath(["networks", key]);

  for (const { key, alias } of removed) {
    await unplugLive({ path: pathOf(key), alias, what: "network card" }, { uuid, unplugTimeoutSeconds }, attempt, call);
  }
  for (const { wanted: card, running: now, changes } of pairs) {
    const plan = planned.get(card.key);
    const alias = now.alias;
    if (plan === undefined || alias === undefined) continue;
    // One by one: what the host cannot do (limits, on a kernel without them) holds nothing else back.
    const done = new Set<LivePart>();
    for (const part of liveParts) {
      const change = changes.find((each) => each.part === part && each.change.effect === "live")?.change;
      if (change === undefined) continue;
      await attempt(change.path, async () => {
        await libvirt.updateLiveDevice(uuid, changedInterfaceXml(liveXml, alias, plan, new Set([...done, part])), options);
        done.add(part);
      });
    }
  }
  for (const { key } of added) {
    const plan = planned.get(key);
    if (plan !== undefined) await attempt(pathOf(key), () => libvirt.attachLiveDevice(uuid, interfaceXml(plan), options));
  }
}
