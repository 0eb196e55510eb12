// Every kind of XML that we write, as files to be reviewed very carefully: UPDATE_GOLDEN=1 writes them anew. libvirt's own schemas must accept each.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { diskXml } from "./disk-xml";
import { cached, direct, mediaDisk, metadata, plan, rootDisk } from "./domain-plan.fixture";
import { domainXml } from "./domain-xml";
import { parseDomain } from "./parse-domain";
import { probeDiskXml, probeDomainXml } from "./probe-xml";
import { volumeXml } from "./storage-xml";
import { planOf } from "./domain-plan.fixture";

const folder = join(__dirname, "golden");
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

const goldens: Readonly<Record<string, { because: string; schema: "domain" | "storagevol" | "none"; xml: () => string }>> = {
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
  "domain-direct-boot": {
    because: "direct kernel boot with the console to a file, on TCG, still being made",
    schema: "domain",
    xml: () =>
      domainXml({
        ...plan,
        domainType: "qemu",
        machine: undefined,
        directBoot: { kernel: "/boot/vmlinuz", initrd: "/boot/initrd", cmdline: "console=ttyS0 quiet" },
        serialFile: "/var/log/libvirt/qemu/web-serial.log",
        description: "Made by a test\n<on two lines>",
        metadata: { ...metadata, phase: "creating", maker: { hostname: "builder", pid: 4711, since: "2024-05-01T12:00:00Z" } },
      }),
  },
  "domain-growable-desktop": {
    because: "room for more memory and CPUs, VNC on the host itself only, a video model",
    schema: "domain",
    xml: () => domainXml({ ...plan, maxCpus: 8, maxMemoryKiB: 8388608, cpuMode: "host-passthrough", graphics: "vnc", video: "virtio" }),
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

const update = process.env["UPDATE_GOLDEN"] === "1";
const pathOf = (name: string) => join(folder, `${name}.xml`);

describe("golden XML", () => {
  test.each(Object.entries(goldens))("%s", (name, { xml }) => {
    if (update) writeFileSync(pathOf(name), xml());
    expect(xml()).toBe(readFileSync(pathOf(name), "utf8"));
  });

  test("no file is left over from a golden that is gone", () => {
    expect(readdirSync(folder).sort()).toEqual(
      Object.keys(goldens)
        .map((name) => `${name}.xml`)
        .sort(),
    );
  });
});

const schemaFolder = "/usr/share/libvirt/schemas";
const canValidate = existsSync(schemaFolder) && spawnSync("xmllint", ["--version"]).status === 0;
const because = canValidate ? "" : " [skipped: needs xmllint and libvirt's schemas, from libxml2-utils and libvirt0]";

describe("libvirt's schemas", () => {
  const validate = (schema: string, files: readonly string[]) =>
    spawnSync("xmllint", ["--noout", "--relaxng", join(schemaFolder, `${schema}.rng`), ...files], { encoding: "utf8" });
  const testOrSkip = canValidate ? test : test.skip;
  const bases = readdirSync(baseFolder).map((file) => join(baseFolder, file));

  testOrSkip.each(["domain", "storagevol"] as const)(`accept what we write: %s${because}`, (schema) => {
    const files = Object.entries(goldens).flatMap(([name, golden]) => (golden.schema === schema ? [pathOf(name)] : []));
    const { status, stderr } = validate(schema, files);
    expect({ status, wrong: stderr.split("\n").filter((line) => !line.endsWith(" validates") && line !== "") }).toEqual({
      status: 0,
      wrong: [],
    });
  });

  testOrSkip(`accept the definitions that the merge tests start from${because}`, () => {
    expect(validate("domain", bases).status).toBe(0);
  });
});
