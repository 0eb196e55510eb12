// The port's verbs about the host itself: versions and capabilities.
import type { HostConnection } from "./connection";
import type { CallOptions, DomainCapabilitiesQuery, HostIdentity, Libvirt } from "./port";

/** libvirt packs a version into one number: 1,000,000 * major + 1,000 * minor + release. */
export function versionText(packed: bigint): string {
  const number = Number(packed);
  return [Math.floor(number / 1_000_000), Math.floor(number / 1_000) % 1_000, number % 1_000].join(".");
}

async function identify(host: HostConnection, options?: CallOptions): Promise<HostIdentity> {
  const about = { doing: "Asking", what: "the host for its versions and capabilities", args: {}, options };
  const [libvirt, qemu, name, capabilities] = await Promise.all([
    host.call("connectGetLibVersion", about),
    host.call("connectGetVersion", about),
    host.call("connectGetHostname", about),
    host.callSlowly("connectGetCapabilities", about),
  ]);
  return {
    libvirtVersion: versionText(libvirt.libVer),
    qemuVersion: versionText(qemu.hvVer),
    hostname: name.hostname,
    capabilitiesXml: capabilities.capabilities,
  };
}

async function domainCapabilitiesXml(host: HostConnection, query: DomainCapabilitiesQuery, options?: CallOptions): Promise<string> {
  const { capabilities } = await host.callSlowly("connectGetDomainCapabilities", {
    doing: "Asking",
    what: `the host what a domain of type ${query.virtType} can have`,
    args: { virttype: query.virtType, arch: query.arch ?? null, machine: query.machine ?? null, flags: 0 },
    options,
  });
  return capabilities;
}

export function hostVerbs(host: HostConnection): Pick<Libvirt, "identify" | "domainCapabilitiesXml"> {
  return {
    identify: (options) => identify(host, options),
    domainCapabilitiesXml: (query, options) => domainCapabilitiesXml(host, query, options),
  };
}
