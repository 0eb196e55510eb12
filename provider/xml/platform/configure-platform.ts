// Plan -> the platform's parts of a definition, one configurator each.
import type { DomainPlatform } from "../../plan/platform";
import type { XmlElement } from "../document";
import { deviceConfigurators } from "../devices/single-devices";
import { configureClock } from "./clock";
import { configureCpuModel } from "./cpu";
import { configureBalloon, configurePanic, configureRng, configureWatchdog } from "./devices";
import { configureFeatures, configureHyperv } from "./features";
import { configureFirmware } from "./firmware";
import { configureLifecycleActions } from "./lifecycle-actions";
import { configureMemoryBacking } from "./memory-backing";
import { configureNuma } from "./numa";
import { configurePinning } from "./pinning";
import { configureSmbios } from "./smbios";
import { configureTpm } from "./tpm";

/** Features come before firmware, which may need one of them. */
const configurators: readonly ((domain: XmlElement, platform: DomainPlatform) => void)[] = [
  configureMemoryBacking,
  configurePinning,
  configureNuma,
  configureSmbios,
  configureFeatures,
  configureHyperv,
  configureFirmware,
  configureCpuModel,
  configureClock,
  configureLifecycleActions,
  configureTpm,
  configureWatchdog,
  configureBalloon,
  configureRng,
  configurePanic,
  ...deviceConfigurators,
];

/** Writes what the plan says; everything else in the definition stays. After configureCpu, whose mode a CPU model goes with. */
export function configurePlatform(domain: XmlElement, { platform }: { readonly platform?: DomainPlatform | undefined }): void {
  if (platform !== undefined) for (const configure of configurators) configure(domain, platform);
}
