// A definition -> what it says of firmware and platform, inactive or live.
import type { ObservedPlatform } from "../../plan/platform";
import { childOf, type XmlElement } from "../document";
import { parseSingleDevices } from "../devices/single-devices";
import { parseClock } from "./clock";
import { parseCpu } from "./cpu";
import { parsePlatformDevices } from "./devices";
import { parseFeatures, parseHyperv } from "./features";
import { parseFirmware } from "./firmware";
import { parseLifecycleActions } from "./lifecycle-actions";
import { parseMemoryBacking } from "./memory-backing";
import { parseNuma } from "./numa";
import { parsePinning } from "./pinning";
import { parseSmbios } from "./smbios";
import { parseTpm } from "./tpm";

const ofDevices = (devices: XmlElement | undefined): ObservedPlatform =>
  devices === undefined ? {} : { ...parseTpm(devices), ...parsePlatformDevices(devices), ...parseSingleDevices(devices) };

export const parsePlatform = (domain: XmlElement): ObservedPlatform => ({
  ...parseFirmware(domain),
  ...parseCpu(domain),
  ...parsePinning(domain),
  ...parseNuma(domain),
  ...parseMemoryBacking(domain),
  ...parseClock(domain),
  ...parseFeatures(domain),
  ...parseHyperv(domain),
  ...parseSmbios(domain),
  ...parseLifecycleActions(domain),
  ...ofDevices(childOf(domain, "devices")),
});
