// Devices of the host and channels that come and go while the machine runs, and the display's password. Converges the host.
import type { DeviceMap } from "../../plan/devices";
import type { ObservedDomain } from "../../plan/domain";
import { deviceEffects } from "../../plan/field-effects";
import { deviceMaps, deviceXml } from "../../xml/devices/device-maps";
import { changedPasswordXml } from "../../xml/devices/graphics";
import { propertyPath } from "../property-path";
import type { Call } from "../resource";
import { deviceDelta, isOurs } from "./devices-changes";
import { passwordChanges } from "./platform-changes";
import { unplugLive, type Attempt } from "./unplug-live";

export interface DeviceWork {
  readonly uuid: string;
  /** The definition as it is now, parsed. */
  readonly wanted: ObservedDomain;
  readonly running: ObservedDomain;
  readonly liveXml: string;
  readonly unplugTimeoutSeconds: number;
}

async function unplug(name: DeviceMap, work: DeviceWork, attempt: Attempt, call: Call): Promise<void> {
  for (const { key, alias } of deviceDelta(name, work.wanted, work.running).removed) {
    await unplugLive({ path: propertyPath([name, key]), alias, what: "device" }, work, attempt, call);
  }
}

async function plug(name: DeviceMap, { uuid, wanted, running }: DeviceWork, attempt: Attempt, call: Call): Promise<void> {
  for (const { key, device } of deviceDelta(name, wanted, running).added) {
    const attach = () => call.services.libvirt.attachLiveDevice(uuid, deviceXml(name, key, device), { signal: call.signal });
    await attempt(propertyPath([name, key]), attach);
  }
}

async function setPassword({ uuid, wanted, running, liveXml }: DeviceWork, attempt: Attempt, call: Call): Promise<void> {
  const { graphics } = wanted.platform ?? {};
  if (graphics?.password === undefined || graphics.type !== running.platform?.graphics?.type) return;
  for (const { path } of passwordChanges(wanted, running)) {
    const xml = changedPasswordXml(liveXml, graphics.password);
    await attempt(path, () => call.services.libvirt.updateLiveDevice(uuid, xml, { signal: call.signal }));
  }
}

/** Those that go come first: the new one may be the same device under another key. */
export async function applyDevices(work: DeviceWork, attempt: Attempt, call: Call): Promise<void> {
  const ours = deviceMaps.filter((name) => isOurs(name, work.wanted));
  for (const name of ours.filter((each) => deviceEffects[each].removed.effect === "live")) await unplug(name, work, attempt, call);
  for (const name of ours.filter((each) => deviceEffects[each].added.effect === "live")) await plug(name, work, attempt, call);
  await setPassword(work, attempt, call);
}
