// A decided machine -> libvirt's definition of it, new or written over the one that libvirt has.
import type { DomainPlan } from "../plan/domain";
import type { XmlElement } from "./document";
import { configureDevices } from "./devices/device-maps";
import { configureConsoles } from "./domain/configure-consoles";
import { configureCpu } from "./domain/configure-cpu";
import { configureDisks } from "./domain/configure-disks";
import { configureFragments } from "./domain/configure-fragments";
import { configureFwCfg } from "./domain/configure-fw-cfg";
import { configureIdentity } from "./domain/configure-identity";
import { configureInterfaces } from "./domain/configure-interfaces";
import { configureIoThreads } from "./domain/configure-io-threads";
import { configureMemory } from "./domain/configure-memory";
import { configureMetadata } from "./domain/configure-metadata";
import { configureOs } from "./domain/configure-os";
import { newMachine } from "./domain/new-machine";
import { configurePlatform } from "./platform/configure-platform";
import { readXml } from "./read-xml";
import { writeXml } from "./write-xml";

type Configurator = (domain: XmlElement, plan: DomainPlan) => void;

/** Each writes its part of the plan into the document. Disks and network cards come before metadata: they read the old one for the keys of what was imported. */
const configurators: readonly Configurator[] = [
  configureIdentity,
  configureMemory,
  configureCpu,
  configureIoThreads,
  configureOs,
  configureFwCfg,
  configurePlatform,
  configureDisks,
  configureInterfaces,
  configureConsoles,
  configureDevices,
  configureFragments,
  configureMetadata,
];

/**
 * Writes a plan as a domain definition. With `base` (the inactive XML as libvirt returned it) only what a plan speaks of is changed; addresses, other
 * devices, foreign metadata, comments and QEMU's own options survive. Absent optional fields of the plan leave the base as it is, except
 * `description` and `directBoot` (removed) and `serial` (the first port goes back to a pty).
 * Idempotent: written over its own result it gives the same text. Throws BugError on a value that XML cannot hold (see xmlTextProblem).
 */
export function domainXml(plan: DomainPlan, base?: string): string {
  const domain = base === undefined ? newMachine(plan) : readXml(base);
  for (const configure of configurators) configure(domain, plan);
  return writeXml(domain);
}
