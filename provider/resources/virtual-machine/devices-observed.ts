// The maps of devices of a definition as inputs: what Read returns of them, for import and for drift; and which of them a program must name. Pure.
import { RefusedError } from "../../errors";
import type { DeviceKinds, DeviceMap } from "../../plan/devices";
import type { ObservedDomain } from "../../plan/domain";
import { matchDevices } from "../../xml/devices/device-kind";
import { deviceKinds, deviceMaps } from "../../xml/devices/device-maps";
import type { Value, Values } from "../resource";
import { sameValue } from "../values";
import { isOurs } from "./devices-changes";
import type { DeviceInputs } from "./devices-contract";
import { deviceInputsOf, plannedDevice } from "./devices-plan";

const foundIn = <Name extends DeviceMap>(name: Name, { devices }: ObservedDomain) =>
  Object.entries((devices?.[name] ?? {}) as Readonly<Record<string, DeviceKinds[Name]>>).map(([key, device]) => ({ key, device }));

/** Everything that the definition holds and inputs can say. */
export function importedDevices(domain: ObservedDomain): Partial<DeviceInputs> {
  const maps = deviceMaps.map((name) => {
    const entries = foundIn(name, domain).map(({ key, device }) => [key, deviceInputsOf(name, key, device)] as const);
    return [name, Object.fromEntries(entries)] as const;
  });
  return Object.fromEntries(maps.filter(([, map]) => Object.keys(map).length > 0));
}

/** The devices that a program asks for, each with the one of the definition that it is. */
function asked<Name extends DeviceMap>(name: Name, map: Values, domain: ObservedDomain) {
  const wanted = Object.fromEntries(
    Object.entries(map).flatMap(([key, inputs]) => {
      const device = plannedDevice(name, key, inputs);
      return device === undefined ? [] : [[key, device] as const];
    }),
  );
  const found = foundIn(name, domain);
  return { wanted, found, matched: matchDevices<DeviceKinds[Name], (typeof found)[number]>(wanted, found, deviceKinds[name]) };
}

/** What the program says in other words stays as it says it. */
function driftedMap(name: DeviceMap, map: Values, domain: ObservedDomain): Values {
  const { wanted, found, matched } = asked(name, map, domain);
  const keys = new Map([...matched].map(([key, each]) => [each, key]));
  const entries = found.map((each): [string, Value] => {
    const key = keys.get(each) ?? each.key;
    const before = map[key];
    const isSame = before !== undefined && sameValue(wanted[key], each.device);
    return [key, isSame ? before : deviceInputsOf(name, key, each.device)];
  });
  return Object.fromEntries(entries);
}

/** The maps of last time with what differs on the host put in its place; what they do not speak of is not told. */
export function driftedDevices(old: DeviceInputs, domain: ObservedDomain): Partial<DeviceInputs> {
  const maps = deviceMaps.filter((name) => old[name] !== undefined);
  return Object.fromEntries(maps.map((name) => [name, driftedMap(name, old[name] as unknown as Values, domain)]));
}

/** A program that speaks of a map for the first time, while other hands gave the machine such devices: these must be named, or they would go. */
export function refuseForeignDevices(olds: Values, news: DeviceInputs, domain: ObservedDomain): void {
  const problems = deviceMaps
    .filter((name) => news[name] !== undefined && olds[name] === undefined && !isOurs(name, domain))
    .flatMap((name) => {
      const { found, matched } = asked(name, news[name] as unknown as Values, domain);
      const named = new Set(matched.values());
      const foreign = found.filter((each) => !named.has(each));
      if (foreign.length === 0) return [];
      const shown = foreign.map(({ key, device }) => `${key} (${JSON.stringify(deviceInputsOf(name, key, device))})`).join(", ");
      const reason = `would take away what other hands gave the VM: ${shown}. Name each in \`${name}\`, or take it out of the VM by hand first.`;
      return [{ path: name, reason }];
    });
  if (problems.length > 0) throw new RefusedError(problems);
}
