// Capabilities as libvirt tells of them.
import { parseCapabilities, parseDomainCapabilities } from "./capabilities-xml";

const guest = (name: string, domains: string) => `<guest><os_type>hvm</os_type><arch name='${name}'>
  <wordsize>64</wordsize><emulator>/usr/bin/qemu-system-${name}</emulator>
  <machine maxCpus='255'>pc-i440fx-7.2</machine><machine canonical='pc-i440fx-7.2' maxCpus='255'>pc</machine>${domains}</arch></guest>`;
const capabilities = (guests: string) =>
  `<capabilities><host><uuid>u</uuid><cpu><arch>x86_64</arch><model>EPYC</model></cpu></host>${guests}</capabilities>`;

test("the host's architecture, its machines, and KVM", () => {
  const kvm = "<domain type='qemu'/><domain type='kvm'><machine canonical='pc-i440fx-7.2' maxCpus='255'>pc</machine></domain>";
  expect(parseCapabilities(capabilities(guest("i686", "<domain type='qemu'/>") + guest("x86_64", kvm)))).toEqual({
    hostArchitecture: "x86_64",
    hostUuid: "u",
    kvmOffered: true,
    machines: [
      { name: "pc-i440fx-7.2", maxCpus: 255 },
      { name: "pc", canonical: "pc-i440fx-7.2", maxCpus: 255 },
    ],
  });
});

test.each([
  { because: "only QEMU is offered", guests: guest("x86_64", "<domain type='qemu'/>") },
  { because: "KVM is offered for another architecture", guests: guest("aarch64", "<domain type='kvm'/>") },
  { because: "there is no emulator", guests: "" },
])("no KVM: $because", ({ guests }) => {
  expect(parseCapabilities(capabilities(guests)).kvmOffered).toBe(false);
});

test("domain capabilities", () => {
  const xml = `<domainCapabilities>
    <path>/usr/bin/qemu-system-x86_64</path><domain>kvm</domain><machine>pc-q35-7.2</machine><arch>x86_64</arch><vcpu max='288'/>
    <os supported='yes'><enum name='firmware'><value>efi</value></enum></os>
    <cpu><mode name='host-passthrough' supported='yes'/><mode name='maximum' supported='no'/><mode name='custom' supported='yes'><model usable='no'>EPYC</model></mode></cpu>
    <devices>
      <disk supported='yes'><enum name='diskDevice'><value>disk</value></enum><enum name='bus'><value>scsi</value><value>virtio</value></enum></disk>
      <video supported='yes'><enum name='modelType'><value>vga</value><value>none</value></enum></video>
      <graphics supported='yes'><enum name='type'><value>vnc</value><value>spice</value></enum></graphics>
    </devices></domainCapabilities>`;
  expect(parseDomainCapabilities(xml)).toEqual({
    domainType: "kvm",
    machine: "pc-q35-7.2",
    architecture: "x86_64",
    emulator: "/usr/bin/qemu-system-x86_64",
    maxCpus: 288,
    cpuModes: ["host-passthrough", "custom"],
    diskBuses: ["scsi", "virtio"],
    videoModels: ["vga", "none"],
    graphicsTypes: ["vnc", "spice"],
  });
});
