// parseDomain: definitions of any origin, inactive and live.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDomain } from "./parse-domain";

const base = (name: string) => parseDomain(readFileSync(join(__dirname, "bases", `${name}.xml`), "utf8"));
const domain = (inner: string, attributes = "type='kvm'") => parseDomain(`<domain ${attributes}><name>a</name>${inner}</domain>`);

test("an imported machine, inactive", () => {
  expect(base("virt-install-q35")).toEqual({
    platform: expect.objectContaining({ firmware: "bios", tpm: { model: "tpm-crb", version: "2.0" } }) as object,
    devices: expect.objectContaining({ shares: {}, channels: {} }) as object,
    name: "web01",
    uuid: "2f4b6f0e-6a9e-4a43-9d6a-0b1a5a1f6c01",
    description: "kept by hand",
    domainType: "kvm",
    architecture: "x86_64",
    machine: "pc-q35-7.2",
    cpus: 2,
    maxCpus: 4,
    memoryKiB: 2097152,
    maxMemoryKiB: 4194304,
    cpuMode: "host-passthrough",
    iothreads: 1,
    disks: [
      {
        key: "vda",
        device: "disk",
        bus: "virtio",
        target: "vda",
        sourceType: "file",
        source: { type: "file", path: "/var/lib/libvirt/images/web01.qcow2" },
        path: "/var/lib/libvirt/images/web01.qcow2",
        tuning: { iothread: 1, queues: 2, throttle: { totalIops: 500 } },
        format: "qcow2",
        readonly: false,
        shareable: false,
        cache: "writeback",
        discard: "unmap",
      },
      {
        key: "data",
        device: "disk",
        bus: "virtio",
        target: "vdb",
        alias: "ua-data",
        sourceType: "block",
        source: { type: "block", path: "/dev/vg0/web01-data" },
        path: "/dev/vg0/web01-data",
        format: "raw",
        readonly: false,
        shareable: false,
        serial: "data-0001",
        cache: "none",
        io: "native",
      },
      {
        key: "sda",
        device: "cdrom",
        bus: "sata",
        target: "sda",
        sourceType: "file",
        source: { type: "empty" },
        format: "raw",
        readonly: true,
        shareable: false,
      },
    ],
    interfaces: [
      {
        key: "net0",
        sourceType: "bridge",
        source: { type: "bridge", bridge: "br0" },
        model: "virtio",
        mac: "52:54:00:12:34:56",
        linkState: "up",
      },
    ],
  });
});

test("the first serial port counts", () => {
  expect(base("virt-manager")).toMatchObject({ serial: { type: "file", path: "/var/log/desktop.log" }, cpuMode: "custom" });
});

test("foreign disks are told as they are", () => {
  expect(base("qemu-commandline").disks.map(({ device, sourceType, path }) => [device, sourceType, path])).toEqual([
    ["disk", "network", undefined],
    ["disk", "file", "/images/scratch.img"],
    ["floppy", "file", "/images/floppy.img"],
  ]);
});

test.each([
  { because: "KiB is libvirt's default", xml: "<memory>2048</memory>", memoryKiB: 2048 },
  { because: "k is KiB", xml: "<memory unit='k'>2048</memory>", memoryKiB: 2048 },
  { because: "KB is a thousand bytes, rounded up", xml: "<memory unit='KB'>1025</memory>", memoryKiB: 1001 },
  { because: "bytes are rounded up", xml: "<memory unit='bytes'>1025</memory>", memoryKiB: 2 },
  { because: "letter case does not matter", xml: "<memory unit='gib'>2</memory>", memoryKiB: 2097152 },
  { because: "TiB", xml: "<memory unit='TiB'> 1 </memory>", memoryKiB: 1073741824 },
  {
    because: "the current memory is what the guest has",
    xml: "<memory>9</memory><currentMemory unit='b'>1024</currentMemory>",
    memoryKiB: 1,
  },
  { because: "an unknown unit is no number", xml: "<memory unit='pages'>9</memory>", memoryKiB: 0 },
])("memory: $because", ({ xml, memoryKiB }) => {
  expect(domain(xml).memoryKiB).toBe(memoryKiB);
});

test.each([
  { because: "no vcpu is one", xml: "", cpus: 1, maxCpus: 1 },
  { because: "without current all are there", xml: "<vcpu>4</vcpu>", cpus: 4, maxCpus: 4 },
  { because: "some are to be plugged in", xml: "<vcpu current='2'>4</vcpu>", cpus: 2, maxCpus: 4 },
])("CPUs: $because", ({ xml, cpus, maxCpus }) => {
  expect(domain(xml)).toMatchObject({ cpus, maxCpus });
});

test("live XML: run-time aliases are no identity", () => {
  const live = domain(
    `<devices><disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/><source file='/a' index='2'/><backingStore/>
     <target dev='vda' bus='virtio'/><alias name='virtio-disk0'/></disk>
     <graphics type='vnc' port='5900' autoport='yes'/><graphics type='spice'/></devices>`,
    "type='qemu' id='7'",
  );
  expect(live).toMatchObject({ disks: [{ key: "vda", path: "/a", cache: "none" }] });
});

test("CPU without a mode: a model means custom, a topology alone means nothing", () => {
  expect(domain("<cpu><model>qemu64</model></cpu>").cpuMode).toBe("custom");
  expect(domain("<cpu><topology sockets='1' cores='1' threads='1'/></cpu>").cpuMode).toBeUndefined();
});
