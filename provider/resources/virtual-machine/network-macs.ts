// The MAC addresses of a VM's network cards: those it has are kept, and those it needs are made, such that no other machine of the host has them.
import { randomBytes } from "node:crypto";
import { parseDomain } from "../../xml/parse-domain";
import { fewAtATime } from "../few-at-a-time";
import type { Call } from "../resource";
import type { CheckedInputs } from "./contract";
import type { MacAddresses } from "./network-plan";

/** QEMU's own: locally administered, and known as that of a virtual machine. */
const prefix = "52:54:00";
const ownBytes = 3;

/** What this process has made: a machine that is being made beside this one may not be on the host yet. */
const madeHere = new Set<string>();

const hex = (byte: number) => byte.toString(16).padStart(2, "0");

function newMac(taken: ReadonlyMap<string, string>, random: (bytes: number) => Uint8Array): string {
  for (;;) {
    const mac = [prefix, ...[...random(ownBytes)].map(hex)].join(":");
    if (taken.has(mac) || madeHere.has(mac)) continue;
    madeHere.add(mac);
    return mac;
  }
}

/** Whose each MAC on the host is, besides this machine's own. */
async function takenMacs(name: string, { services: { libvirt }, signal }: Call): Promise<ReadonlyMap<string, string>> {
  const others = (await libvirt.listDomains({ signal })).filter((each) => each.name !== name);
  const macs = await fewAtATime(others, async ({ uuid, name: owner }) => {
    const record = await libvirt.findDomain({ uuid }, { signal });
    if (record === undefined) return [];
    const definitions = [record.inactiveXml, ...(record.liveXml === undefined ? [] : [record.liveXml])].map(parseDomain);
    return definitions.flatMap(({ interfaces }) => interfaces.map(({ mac }) => [mac, owner] as const));
  });
  return new Map(macs.flat());
}

/**
 * A MAC for each network. `present`: those that the machine has by key. Other machines are looked at only where an address is new.
 * A MAC that the program names and another machine has too is warned of: it may be meant, for two that never run together.
 */
export async function settledMacs(
  { name, networks = {} }: Pick<CheckedInputs, "name" | "networks">,
  present: MacAddresses,
  call: Call,
  random: (bytes: number) => Uint8Array = randomBytes,
): Promise<MacAddresses> {
  const kept = (key: string) => networks[key]?.mac ?? present[key];
  const keys = Object.keys(networks);
  const isNew = keys.some((key) => kept(key) === undefined || kept(key) !== present[key]);
  if (!isNew) return Object.fromEntries(keys.map((key) => [key, kept(key) ?? ""]));
  const taken = await takenMacs(name, call);
  return Object.fromEntries(
    keys.map((key) => {
      const mac = kept(key);
      const owner = mac === undefined || mac === present[key] ? undefined : taken.get(mac);
      if (owner !== undefined)
        call.log.warn(
          `networks.${key}.mac: is ${String(mac)}, as that of the VM ${owner}: while both run in one network, they disturb each other.`,
        );
      return [key, mac ?? newMac(taken, random)];
    }),
  );
}
