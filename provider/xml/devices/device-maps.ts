// Plan <-> the maps of devices: shares, devices of the host, serial ports, consoles and channels.
import { deviceMapNames, type DeviceKinds, type DeviceMap, type DomainDevices, type ObservedDevices } from "../../plan/devices";
import type { DomainPlan } from "../../plan/domain";
import { addInOrder, ensureChild } from "../child-order";
import { childOf, newRoot, type XmlElement } from "../document";
import { shareMemory } from "../domain/share-memory";
import { writeXml } from "../write-xml";
import { channelKind, consoleKind, serialKind } from "./character-devices";
import { configureMap, foundDevices, writeNew, type DeviceKind } from "./device-kind";
import { hostDeviceKind } from "./host-devices";
import { shareKind } from "./shares";

export const deviceKinds: { readonly [Name in DeviceMap]: DeviceKind<DeviceKinds[Name]> } = {
  shares: shareKind,
  hostDevices: hostDeviceKind,
  serials: serialKind,
  consoles: consoleKind,
  channels: channelKind,
};
export const deviceMaps: readonly DeviceMap[] = deviceMapNames;

/** Ports of the map come behind the first, which every machine of ours has. */
function ensureFirstPort(domain: XmlElement): void {
  const devices = ensureChild(domain, "devices");
  if (childOf(devices, "serial") === undefined) addInOrder(devices, "serial", { type: "pty" });
}

function configureOne<Name extends DeviceMap>(domain: XmlElement, name: Name, wanted: DomainDevices[Name]): void {
  if (wanted !== undefined) configureMap<Name>(domain, deviceKinds[name], wanted);
}

/** After the first serial port and the platform, whose memory a virtiofs daemon shares. */
export function configureDevices(domain: XmlElement, plan: DomainPlan): void {
  if (Object.keys(plan.devices?.serials ?? {}).length > 0) ensureFirstPort(domain);
  for (const name of deviceMaps) configureOne(domain, name, plan.devices?.[name]);
  if (Object.values(plan.devices?.shares ?? {}).some(({ driver }) => driver === "virtiofs")) shareMemory(domain);
}

export function parseDevices(domain: XmlElement): ObservedDevices {
  const devices = childOf(domain, "devices");
  const found = deviceMaps.map(
    (name) => [name, devices === undefined ? [] : foundDevices<unknown>(devices, deviceKinds[name] as never)] as const,
  );
  const aliases = found.map(([name, each]) => [
    name,
    Object.fromEntries(each.flatMap(({ key, alias }) => (alias === undefined ? [] : [[key, alias]]))),
  ]);
  return {
    ...(Object.fromEntries(found.map(([name, each]) => [name, Object.fromEntries(each.map(({ key, device }) => [key, device]))])) as Omit<
      ObservedDevices,
      "aliases"
    >),
    aliases: Object.fromEntries(aliases) as ObservedDevices["aliases"],
  };
}

/** A device by itself, to be plugged into a running machine. */
export function deviceXml<Name extends DeviceMap>(name: Name, key: string, device: DeviceKinds[Name]): string {
  const kind: DeviceKind<DeviceKinds[Name]> = deviceKinds[name];
  const element = newRoot(kind.element);
  writeNew(element, kind, key, device);
  return writeXml(element);
}
