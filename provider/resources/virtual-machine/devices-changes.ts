// What of the maps of devices differs: between the inputs of last time and the new ones (diff), and between a definition and the run (pending). Pure.
import type { DeviceKinds, DeviceMap } from "../../plan/devices";
import type { ObservedDomain } from "../../plan/domain";
import { deviceEffects } from "../../plan/field-effects";
import { matchDevices } from "../../xml/devices/device-kind";
import { deviceKinds, deviceMaps } from "../../xml/devices/device-maps";
import { propertyPath } from "../property-path";
import type { PropertyChange, Value, Values } from "../resource";
import { containsUnknown, isValues, sameValue } from "../values";
import { deviceInputsOf, plannedDevice } from "./devices-plan";
import type { MachineChange } from "./pending";

const kindOf = (before: Value | undefined, after: Value | undefined) =>
  before === undefined ? "add" : after === undefined ? "delete" : "update";

/** The same device, said in other words or with a default spelt out. */
function isSameDevice(name: DeviceMap, key: string, before: Value | undefined, after: Value | undefined): boolean {
  if (sameValue(before, after)) return true;
  if (containsUnknown(before) || containsUnknown(after)) return false;
  const [old, now] = [plannedDevice(name, key, before), plannedDevice(name, key, after)];
  return old !== undefined && now !== undefined && sameValue(old, now);
}

function mapDiff(name: DeviceMap, before: Value | undefined, after: Value | undefined): PropertyChange[] {
  if (containsUnknown(after) && !isValues(after)) return [{ path: name, kind: kindOf(before, after), inputDiff: true }];
  const [olds, news]: [Values, Values] = [isValues(before) ? before : {}, isValues(after) ? after : {}];
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
  return keys
    .filter((key) => !isSameDevice(name, key, olds[key], news[key]))
    .map((key) => ({ path: propertyPath([name, key]), kind: kindOf(olds[key], news[key]), inputDiff: true }));
}

export const deviceDiff = (olds: Values, news: Values): PropertyChange[] =>
  deviceMaps.flatMap((name) => mapDiff(name, olds[name], news[name]));

/** Whether our notes speak of a map: where they do not, what waits is other hands' matter. */
export const isOurs = (name: DeviceMap, { metadata }: ObservedDomain): boolean => metadata?.devices?.includes(name) ?? false;

/** A socket of no path of its own has at a run the one that libvirt made. */
function asAsked<Device>(wanted: Device, running: Device): unknown {
  const sourceOf = (device: Device) => (device as { readonly source?: unknown }).source as Values | undefined;
  const [asked, runs] = [sourceOf(wanted), sourceOf(running)];
  const isMadePath = asked?.["type"] === "unix" && asked["path"] === undefined && runs?.["type"] === "unix";
  return isMadePath ? { ...running, source: { ...runs, path: undefined } } : running;
}

/** The devices of a map, of a definition and of the run. */
export interface DeviceDelta<Name extends DeviceMap> {
  readonly added: readonly { readonly key: string; readonly device: DeviceKinds[Name] }[];
  readonly removed: readonly { readonly key: string; readonly device: DeviceKinds[Name]; readonly alias?: string | undefined }[];
  readonly changed: readonly { readonly key: string; readonly from: DeviceKinds[Name]; readonly to: DeviceKinds[Name] }[];
}

export function deviceDelta<Name extends DeviceMap>(name: Name, wanted: ObservedDomain, running: ObservedDomain): DeviceDelta<Name> {
  const devicesOf = ({ devices }: ObservedDomain) => (devices?.[name] ?? {}) as Readonly<Record<string, DeviceKinds[Name]>>;
  const asked = devicesOf(wanted);
  const present = Object.entries(devicesOf(running)).map(([key, device]) => ({ key, device, alias: running.devices?.aliases[name][key] }));
  const matched = matchDevices(asked, present, deviceKinds[name]);
  const kept = new Set(matched.values());
  return {
    added: Object.entries(asked).flatMap(([key, device]) => (matched.has(key) ? [] : [{ key, device }])),
    removed: present.filter((each) => !kept.has(each)),
    changed: [...matched].flatMap(([key, { device: from }]) => {
      const to = asked[key];
      return to === undefined || sameValue(to, asAsked(to, from)) ? [] : [{ key, from, to }];
    }),
  };
}

function mapPending(name: DeviceMap, wanted: ObservedDomain, running: ObservedDomain): MachineChange[] {
  const { added, removed, changed } = deviceDelta(name, wanted, running);
  const effects = deviceEffects[name];
  const shown = (key: string, device: DeviceKinds[DeviceMap]) => JSON.stringify(deviceInputsOf(name, key, device));
  const path = (key: string) => propertyPath([name, key]);
  return [
    ...added.map(({ key, device }) => ({ path: path(key), effect: effects.added.effect, from: "none", to: shown(key, device) })),
    ...removed.map(({ key, device }) => ({ path: path(key), effect: effects.removed.effect, from: shown(key, device), to: "none" })),
    ...changed.map(({ key, from, to }) => ({
      path: path(key),
      effect: effects.changed.effect,
      from: shown(key, from),
      to: shown(key, to),
    })),
  ];
}

export const devicesPending = (wanted: ObservedDomain, running: ObservedDomain): MachineChange[] =>
  deviceMaps.filter((name) => isOurs(name, wanted)).flatMap((name) => mapPending(name, wanted, running));
