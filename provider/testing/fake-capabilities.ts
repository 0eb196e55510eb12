// The fake host's capabilities, as libvirt 9.0 words them and as short as the provider's readers need.
import { create } from "xmlbuilder2";

const emulator = "/usr/bin/qemu-system-x86_64";
const machine = "pc-q35-7.2";

/** The machine types of the fake's QEMU. */
export const fakeMachines = /^(q35|pc|isapc|microvm|pc-(q35|i440fx)-[\d.]+)$/;

const text = (root: Record<string, unknown>) => create(root).end({ headless: true, prettyPrint: true });

export function fakeCapabilitiesXml(kvm: boolean): string {
  return text({
    capabilities: {
      host: {
        uuid: "5a1b2c3d-0000-4000-8000-00000000fa4e",
        cpu: { arch: "x86_64", model: "EPYC-IBPB", vendor: "AMD" },
        secmodel: {
          model: "dac",
          doi: "0",
          baselabel: [
            { "@type": "kvm", "#": "+64055:+109" },
            { "@type": "qemu", "#": "+64055:+109" },
          ],
        },
      },
      guest: {
        os_type: "hvm",
        arch: {
          "@name": "x86_64",
          wordsize: "64",
          emulator,
          machine: [
            { "@maxCpus": "255", "#": "pc-i440fx-7.2" },
            { "@canonical": "pc-i440fx-7.2", "@maxCpus": "255", "#": "pc" },
            { "@maxCpus": "288", "#": machine },
            { "@canonical": machine, "@maxCpus": "288", "#": "q35" },
          ],
          domain: [{ "@type": "qemu" }, ...(kvm ? [{ "@type": "kvm" }] : [])],
        },
        features: { acpi: { "@default": "on", "@toggle": "yes" }, apic: { "@default": "on", "@toggle": "no" } },
      },
    },
  });
}

export function fakeDomainCapabilitiesXml(virtType: "kvm" | "qemu", asked = machine): string {
  return text({
    domainCapabilities: {
      path: emulator,
      domain: virtType,
      machine: asked === "q35" ? machine : asked,
      arch: "x86_64",
      vcpu: { "@max": "288" },
      iothreads: { "@supported": "yes" },
      cpu: {
        mode: [
          { "@name": "host-passthrough", "@supported": virtType === "kvm" ? "yes" : "no" },
          { "@name": "maximum", "@supported": "yes" },
          { "@name": "host-model", "@supported": "yes" },
          { "@name": "custom", "@supported": "yes" },
        ],
      },
    },
  });
}
