// Every kind of XML that we write, as files to be reviewed very carefully: UPDATE_GOLDEN=1 writes them anew. libvirt's own schemas must accept each.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DomainDisk, DomainInterface, NetworkSource } from "../plan/domain";
import { diskXml } from "./disk-xml";
import { changedInterfaceXml, interfaceXml, liveParts } from "./interface-xml";
import { cached, direct, lanCard, mediaDisk, metadata, plan, rootDisk } from "./domain-plan.fixture";
import { domainXml } from "./domain-xml";
import { because, expectValid, goldenFolder, testWithSchemas } from "../testing/golden-files";
import { parseDomain } from "./parse-domain";
import { secretXml } from "./secret-xml";
import { probeDiskXml, probeDomainXml } from "./probe-xml";
import { volumeXml } from "./storage-xml";
import { planOf } from "./domain-plan.fixture";

const { pathOf, expectGolden, expectOnly } = goldenFolder(join(__dirname, "golden"));
const baseFolder = join(__dirname, "bases");
const baseXml = (name: string) => readFileSync(join(baseFolder, `${name}.xml`), "utf8");
const over = (name: string) => domainXml(planOf(parseDomain(baseXml(name))), baseXml(name));

const scsiDisk = {
  ...rootDisk,
  key: "shared",
  bus: "scsi",
  target: "sdb",
  source: { type: "block", path: "/dev/vg0/shared" },
  format: "raw",
} as const;

const secretUuid = "5f2f1d0e-6a9e-4a43-9d6a-0b1a5a1f6c77";
const networkDisk = (letter: string, source: Omit<NetworkSource, "type">) =>
  ({
    ...rootDisk,
    key: source.protocol,
    target: `vd${letter}`,
    format: "raw",
    source: { type: "network", ...source },
    driver: cached,
  }) as const satisfies DomainDisk;

const networkDisks = [
  networkDisk("a", {
    protocol: "rbd",
    name: "libvirt/web",
    hosts: [{ name: "mon1", port: 6789 }, { name: "mon2" }],
    auth: { username: "libvirt", type: "ceph", secretUuid },
  }),
  networkDisk("b", {
    protocol: "iscsi",
    name: "iqn.2024-01.org.example:a/1",
    hosts: [{ name: "10.0.0.1", port: 3260 }],
    auth: { username: "chap", type: "iscsi", secretUuid },
    initiator: "iqn.2024-01.org.example:web",
  }),
  networkDisk("c", { protocol: "nfs", name: "/vms/web.img", hosts: [{ name: "nas" }], identity: { user: "+1000", group: "+1000" } }),
  {
    ...networkDisk("d", {
      protocol: "https",
      name: "/a%20b/debian.iso",
      query: "?token=1&x=2",
      hosts: [{ name: "example.org", port: 8443 }],
    }),
    ...{ device: "cdrom", bus: "sata", target: "sda", readonly: true },
  },
] as const satisfies readonly DomainDisk[];

const card = (index: number, more: Omit<Partial<DomainInterface>, "mac">): DomainInterface => ({
  ...lanCard,
  ...more,
  mac: `52:54:00:00:00:0${index}`,
});

const cards = [
  {
    ...lanCard,
    source: { type: "network", network: "default", portgroup: "slow" },
    bootOrder: 1,
    queues: 4,
    mtuBytes: 1400,
    bandwidth: {
      inbound: { averageKiB: 1000, peakKiB: 5000, burstKiB: 1024 },
      outbound: { averageKiB: 128 },
    },
  },
  card(1, { key: "bridged", source: { type: "bridge", bridge: "br0" }, linkState: "down", model: "e1000e" }),
  card(2, { key: "ovs", source: { type: "bridge", bridge: "ovs0", openvswitch: true }, vlan: 42 }),
  card(3, { key: "direct", source: { type: "direct", device: "eth0", mode: "bridge" } }),
  card(4, { key: "user", source: { type: "user" } }),
  card(5, { key: "daemon", source: { type: "vhostuser", socket: "/run/vhost-net.sock", mode: "client" } }),
] as const satisfies readonly DomainInterface[];

/** As libvirt shows a card that runs on a network whose bridge is virbr0. */
const runningCard = `<domain type='qemu' id='3'><devices><interface type='network'>
  <mac address='52:54:00:0a:0b:0c'/><source network='default' portid='2a7c' bridge='virbr0'/><target dev='vnet0'/><model type='virtio'/>
  <alias name='ua-lan'/><address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
</interface></devices></domain>`;

const goldens: Readonly<Record<string, { because: string; schema: "domain" | "storagevol" | "secret" | "none"; xml: () => string }>> = {
  "domain-minimal": { because: "the smallest machine that a program can ask for", schema: "domain", xml: () => domainXml(plan) },
  "domain-no-disks": { because: "a machine needs no disk", schema: "domain", xml: () => domainXml({ ...plan, disks: [] }) },
  "domain-disks": {
    because: "every kind of disk; boot order stands at the disks; SCSI gets its controller",
    schema: "domain",
    xml: () =>
      domainXml({
        ...plan,
        disks: [
          { ...rootDisk, bootOrder: 1, serial: "root" },
          { ...mediaDisk, bootOrder: 2 },
          { ...scsiDisk, shareable: true, readonly: true, driver: { ...direct, io: "threads" } },
          { ...rootDisk, key: "usb", bus: "usb", target: "sdc", driver: cached },
        ],
      }),
  },
  "domain-network-disks": {
    because: "every kind of network source, with all that it may have",
    schema: "domain",
    xml: () => domainXml({ ...plan, disks: networkDisks }),
  },
  "domain-device-disks": {
    because: "a controller and a daemon take no driver settings; the daemon wants shared memory",
    schema: "domain",
    xml: () =>
      domainXml({
        ...plan,
        disks: [
          { ...rootDisk, format: "raw", source: { type: "nvme", address: "0000:01:00.0", namespace: 1 } },
          {
            ...rootDisk,
            key: "daemon",
            target: "vdb",
            format: "raw",
            source: { type: "vhostuser", socket: "/run/vhost.sock" },
            tuning: { queues: 4 },
          },
        ],
      }),
  },
  "domain-tuned-disks": {
    because: "threads, queues and limits at virtio disks, a World Wide Name at a SCSI disk",
    schema: "domain",
    xml: () =>
      domainXml({
        ...plan,
        iothreads: 2,
        disks: [
          {
            ...rootDisk,
            tuning: { iothread: 2, queues: 4, throttle: { totalBytesPerSecond: 104857600, maxTotalBytesPerSecond: 209715200 } },
          },
          { ...rootDisk, key: "data", target: "vdb", tuning: { throttle: { readIops: 500, writeIops: 200, group: "data" } } },
          { ...scsiDisk, serial: "shared", tuning: { wwn: "5000c50015ea71ad" } },
        ],
      }),
  },
  "domain-network-cards": {
    because: "every kind of network, with all that a card may have; the daemon wants shared memory",
    schema: "domain",
    xml: () =>
      domainXml({ ...plan, disks: [], interfaces: cards, metadata: { ...metadata, interfaces: [{ key: "lan", mac: lanCard.mac }] } }),
  },
  "domain-discard-no-unref": {
    because: "libvirt knows the word from 9.5 on, and so do its schemas: older ones refuse this file",
    schema: "none",
    xml: () => domainXml({ ...plan, disks: [{ ...rootDisk, tuning: { discardNoUnref: true } }] }),
  },
  "domain-direct-boot": {
    because: "direct kernel boot with the console to a file, on TCG, still being made",
    schema: "domain",
    xml: () =>
      domainXml({
        ...plan,
        domainType: "qemu",
        machine: undefined,
        directBoot: { kernel: "/boot/vmlinuz", initrd: "/boot/initrd", cmdline: "console=ttyS0 quiet" },
        serial: { type: "file", path: "/var/log/libvirt/qemu/web-serial.log" },
        description: "Made by a test\n<on two lines>",
        metadata: { ...metadata, phase: "creating", maker: { hostname: "builder", pid: 4711, since: "2024-05-01T12:00:00Z" } },
      }),
  },
  "domain-ignition": {
    because: "Ignition's configuration is a file on the host, named by fw_cfg; the seed disk of cloud-init is read-only",
    schema: "domain",
    xml: () =>
      domainXml({
        ...plan,
        ignitionFile: "/var/lib/libvirt/images/web-ignition.json",
        disks: [
          rootDisk,
          {
            ...rootDisk,
            key: "cidata",
            target: "vdb",
            format: "raw",
            readonly: true,
            source: { type: "file", path: "/var/lib/libvirt/images/web-cidata.iso" },
          },
        ],
        metadata: { ...metadata, instanceId: "iid-2f4b6f0e-6a9e-4a43-9d6a-0b1a5a1f6c01" },
      }),
  },
  "domain-growable-desktop": {
    because: "room for more memory and CPUs, VNC on the host itself only, a video model",
    schema: "domain",
    xml: () =>
      domainXml({
        ...plan,
        maxCpus: 8,
        maxMemoryKiB: 8388608,
        cpuMode: "host-passthrough",
        platform: { graphics: { type: "vnc" }, video: { model: "virtio" } },
      }),
  },
  "over-virt-install-q35": {
    because: "an imported machine keeps its addresses and devices",
    schema: "domain",
    xml: () => over("virt-install-q35"),
  },
  "over-virt-manager": { because: "SPICE, UEFI and a file console with append survive", schema: "domain", xml: () => over("virt-manager") },
  "over-virsh-minimal": { because: "comments survive, units become KiB", schema: "domain", xml: () => over("virsh-minimal") },
  "over-qemu-commandline": {
    because: "QEMU's own options and network disks survive",
    schema: "domain",
    xml: () => over("qemu-commandline"),
  },
  "disk-hotplug": {
    because: "the device that a running machine gets",
    schema: "none",
    xml: () => diskXml({ ...rootDisk, serial: "root" }),
  },
  "interface-hotplug": {
    because: "the card that a running machine gets",
    schema: "none",
    xml: () => interfaceXml({ ...lanCard, mtuBytes: 1400, bandwidth: { inbound: { averageKiB: 1000 } } }),
  },
  "interface-change": {
    because: "a running card with another link, other limits and another bridge; what libvirt filled in stays",
    schema: "none",
    xml: () =>
      changedInterfaceXml(
        runningCard,
        "ua-lan",
        {
          ...lanCard,
          source: { type: "bridge", bridge: "br0" },
          linkState: "down",
          bandwidth: { outbound: { averageKiB: 500, peakKiB: 1000, burstKiB: 64 } },
        },
        new Set(liveParts),
      ),
  },
  "volume-raw": {
    because: "a sparse raw volume",
    schema: "storagevol",
    xml: () => volumeXml({ name: "web-data", capacityBytes: 10737418240, allocationBytes: 0, format: "raw" }),
  },
  "volume-overlay": {
    because: "a qcow2 over a base image",
    schema: "storagevol",
    xml: () =>
      volumeXml({
        name: "web-root.qcow2",
        capacityBytes: 21474836480,
        format: "qcow2",
        backing: { path: "/var/lib/libvirt/images/debian-12.qcow2", format: "qcow2" },
      }),
  },
  "secret-ceph": {
    because: "a cephx key's place, under its usage",
    schema: "secret",
    xml: () => secretXml({ uuid: secretUuid, type: "ceph", usage: "kvm web root", description: "The password of a disk." }),
  },
  "secret-iscsi": {
    because: "a CHAP password's place has another name for its usage",
    schema: "secret",
    xml: () => secretXml({ uuid: secretUuid, type: "iscsi", usage: "kvm web data" }),
  },
  "disk-network-hotplug": {
    because: "a running machine gets network disks whole",
    schema: "none",
    xml: () => diskXml({ ...networkDisks[0], tuning: { iothread: 1, throttle: { totalIops: 500 } } }),
  },
  "probe-domain": {
    because: "the paused throw-away machine",
    schema: "domain",
    xml: () => probeDomainXml({ name: "kvm-probe-1", architecture: "x86_64", machine: "q35", domainType: "qemu" }),
  },
  "probe-disk": {
    because: "the scratch disk that is plugged in and out",
    schema: "none",
    xml: () => probeDiskXml({ path: "/pool/.kvm-probe-1", target: "sda", cache: "none", format: "raw", readonly: true }),
  },
};

describe("golden XML", () => {
  test.each(Object.entries(goldens))("%s", (name, { xml }) => expectGolden(name, xml()));

  test("no file is left over from a golden that is gone", () => expectOnly(Object.keys(goldens)));
});

describe("libvirt's schemas", () => {
  testWithSchemas.each(["domain", "storagevol", "secret"] as const)(`accept what we write: %s${because}`, (schema) => {
    expectValid(
      schema,
      Object.entries(goldens).flatMap(([name, golden]) => (golden.schema === schema ? [pathOf(name)] : [])),
    );
  });

  testWithSchemas(`accept the definitions that the merge tests start from${because}`, () => {
    expectValid(
      "domain",
      readdirSync(baseFolder).map((file) => join(baseFolder, file)),
    );
  });
});
