// Which running VMs are on a network: by what their network cards are plugged into. Reads the host.
import { RefusedError } from "../../errors";
import type { NetworkRecord } from "../../libvirt/port";
import { networkUses } from "../../xml/network-uses";
import { parseNetwork } from "../../xml/parse-network";
import { fewAtATime } from "../few-at-a-time";
import type { Call } from "../resource";
import { modeOf, rulesOf } from "./network-modes";

/** The bridge that a stop takes away; undefined where the bridge is the host's own. */
function ownBridgeOf({ liveXml }: NetworkRecord): string | undefined {
  const live = liveXml === undefined ? undefined : parseNetwork(liveXml);
  const mode = live && modeOf(live);
  return mode !== undefined && rulesOf(mode).ownBridge ? live?.bridge : undefined;
}

/** Names of the running VMs that are plugged into the network, or into the bridge that it made. One that goes meanwhile is on none. */
export async function networkUsers(record: NetworkRecord, { services: { libvirt }, signal }: Call): Promise<readonly string[]> {
  if (!record.active) return [];
  const bridge = ownBridgeOf(record);
  const domains = await libvirt.listDomains({ signal });
  const users = await fewAtATime(domains, async ({ uuid }) => {
    const domain = await libvirt.findDomain({ uuid }, { signal });
    const uses = domain?.liveXml === undefined ? [] : networkUses(domain.liveXml);
    const isOn = uses.some((use) => use.network === record.name || (bridge !== undefined && use.bridge === bridge));
    return domain !== undefined && isOn ? [domain.name] : [];
  });
  return users.flat().sort();
}

export const listed = (names: readonly string[]) => names.join(", ");

/** A stop takes the connection from VMs, which do not get it back when the network is started again: never done to one that runs. */
export function refuseUsers(path: string, isAsked: string, name: string, users: readonly string[]): void {
  if (users.length === 0) return;
  const reason = `${isAsked}, but running VMs are on the network ${name} and would be cut off: ${listed(users)}. Stop them or take their network cards off it first; or cut them off yourself: virsh net-destroy ${name}.`;
  throw new RefusedError([{ path, reason }]);
}
