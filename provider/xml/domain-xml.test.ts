// domainXml: any plan comes back as it was, and over any definition only what the plan speaks of changes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { plainSource, sourceName } from "../plan/disk-source";
import type { DiskTuning, DomainPlan, ObservedDisk, ObservedDomain } from "../plan/domain";
import { anyPlan, cached, direct, mediaDisk, plan, planOf, rootDisk } from "./domain-plan.fixture";
import { domainXml } from "./domain-xml";
import { machineSatisfies } from "./domain/configure-os";
import { differences } from "./lines-of.fixture";
import { parseDomain } from "./parse-domain";
import { readXml } from "./read-xml";

const baseXml = (name: string) => readFileSync(join(__dirname, "bases", `${name}.xml`), "utf8");
const baseNames = ["virt-install-q35", "virt-manager", "virsh-minimal", "qemu-commandline"] as const;
const withoutGaps = (values: object): object => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

/** An empty tuning, and what is off by default, say nothing. */
function observedTuning({ throttle, discardNoUnref, ...tuning }: DiskTuning = {}): Partial<ObservedDisk> {
  const limits = throttle === undefined || Object.keys(throttle).length === 0 ? {} : { throttle };
  const said = { ...tuning, ...limits, ...(discardNoUnref === true ? { discardNoUnref } : {}) };
  return Object.keys(said).length === 0 ? {} : { tuning: said };
}

const without = (observed: object, field: keyof ObservedDomain): object =>
  Object.fromEntries(Object.entries(observed).filter(([key]) => key !== field));

/** What parseDomain must say of a plan that was written without a base. */
function observedOf(written: DomainPlan): ObservedDomain {
  const disks = written.disks.map(({ source, driver, tuning, ...disk }) => ({
    ...withoutGaps(disk),
    sourceType: source.type === "empty" ? "file" : source.type,
    source: plainSource(source),
    alias: `ua-${disk.key}`,
    ...withoutGaps({ path: sourceName(source) }),
    ...(source.type === "nvme" || source.type === "vhostuser" ? {} : driver),
    ...observedTuning(tuning),
  }));
  const directBoot = written.directBoot && withoutGaps(written.directBoot);
  const interfaces = (written.interfaces ?? []).map(({ source, ...card }) => ({
    ...withoutGaps(card),
    alias: `ua-${card.key}`,
    sourceType: source.type,
    source: withoutGaps(source),
  }));
  return withoutGaps({
    ...written,
    interfaces,
    uuid: written.uuid ?? "",
    machine: written.machine ?? "",
    directBoot,
    disks,
  }) as unknown as ObservedDomain;
}

describe("any plan", () => {
  test("is read back as it was written, whatever its texts hold", () => {
    fc.assert(
      fc.property(anyPlan, (any) =>
        expect(without(without(parseDomain(domainXml(any)), "platform"), "devices")).toEqual(without(observedOf(any), "devices")),
      ),
      { numRuns: 200 },
    );
  });

  test("adds no element for anything that a text holds", () => {
    const harmless = /^[\w:#]+$/;
    fc.assert(
      fc.property(anyPlan, (any) => {
        const names = [...readXml(domainXml(any)).getElementsByTagName("*")].map((element) => element.nodeName);
        expect(names.filter((name) => !harmless.test(name) || name === "evil")).toEqual([]);
      }),
    );
  });

  test("written over its own result changes nothing", () => {
    fc.assert(
      fc.property(anyPlan, (any) => {
        const once = domainXml(any);
        expect(domainXml(any, once)).toBe(once);
      }),
      { numRuns: 100 },
    );
  });

  test.each(baseNames)("written over %s a second time changes nothing", (name) => {
    fc.assert(
      fc.property(anyPlan, (any) => {
        const once = domainXml(any, baseXml(name));
        expect(domainXml(any, once)).toBe(once);
      }),
      { numRuns: 25 },
    );
  });
});

test("a character that XML cannot hold is our own mistake by now, and names its place", () => {
  expect(() => domainXml({ ...plan, name: "a\u0007" })).toThrow("The value of <name> holds the character U+0007");
});

describe("over a definition that somebody else made", () => {
  const metadataLines = [
    '/domain/metadata/kvm:domain phase="ready" xmlns:kvm="https://pulumi-kvm.dev/domain/1"',
    "/domain/metadata/kvm:domain/kvm:urn urn:test",
  ];
  const isDriver = (line: string) => line.startsWith("/domain/devices/disk/driver ");

  test.each([
    { name: "virt-install-q35", gone: [], added: [], because: "all is there but explicit drivers and our metadata" },
    { name: "virt-manager", gone: [], added: ["/domain/metadata"], because: "there was no metadata at all" },
    {
      name: "virsh-minimal",
      gone: ['/domain/memory unit="MiB" 64', '/domain/devices/disk type="file"', '/domain/devices/disk/target dev="hda"'],
      added: [
        "/domain/metadata",
        '/domain/memory unit="KiB" 65536',
        '/domain/currentMemory unit="KiB" 65536',
        '/domain/devices/disk device="disk" type="file"',
        '/domain/devices/disk/target bus="ide" dev="hda"',
      ],
      because: "libvirt's defaults are written out",
    },
    {
      name: "qemu-commandline",
      gone: ['/domain/memory unit="GiB" 1'],
      added: ["/domain/metadata", '/domain/memory unit="KiB" 1048576'],
      because: "sizes are written in KiB; the network disk and the floppy are none of ours",
    },
  ] as const)("an unchanged plan leaves $name as it is: $because", ({ name, gone, added }) => {
    const changed = differences(baseXml(name), domainXml(planOf(parseDomain(baseXml(name))), baseXml(name)));
    expect([...changed.gone.filter((line) => !isDriver(line))].sort()).toEqual([...gone].sort());
    expect([...changed.added.filter((line) => !isDriver(line))].sort()).toEqual([...added, ...metadataLines].sort());
  });

  /** A change of a plan over a base, against the same plan unchanged: what goes and what comes. */
  const changes: readonly {
    readonly because: string;
    readonly base: (typeof baseNames)[number];
    readonly change: (unchanged: DomainPlan) => Partial<DomainPlan>;
    readonly gone: readonly string[];
    readonly added: readonly string[];
  }[] = [
    {
      because: "a cache mode alone",
      base: "virt-install-q35",
      change: ({ disks }) => ({ disks: disks.map((disk) => (disk.target === "vda" ? { ...disk, driver: direct } : disk)) }),
      gone: [
        '/domain/devices/disk/driver cache="writeback" detect_zeroes="off" discard="unmap" io="threads" iothread="1" name="qemu" queues="2" type="qcow2"',
      ],
      added: [
        '/domain/devices/disk/driver cache="none" detect_zeroes="unmap" discard="unmap" io="native" iothread="1" name="qemu" queues="2" type="qcow2"',
      ],
    },
    {
      because: "another image takes the old one's chain and label with it, and keeps limits and address",
      base: "virt-install-q35",
      change: ({ disks }) => ({
        disks: disks.map((disk) => (disk.target === "vda" ? { ...disk, source: { type: "file", path: "/images/new.qcow2" } } : disk)),
      }),
      gone: [
        '/domain/devices/disk/source file="/var/lib/libvirt/images/web01.qcow2"',
        '/domain/devices/disk/source/seclabel model="dac" relabel="no"',
        '/domain/devices/disk/backingStore type="file"',
        '/domain/devices/disk/backingStore/format type="qcow2"',
        '/domain/devices/disk/backingStore/source file="/var/lib/libvirt/images/base.qcow2"',
      ],
      added: ['/domain/devices/disk/source file="/images/new.qcow2"'],
    },
    {
      because: "another bus: the address and what only virtio knows are stale",
      base: "virt-install-q35",
      change: ({ disks }) => ({
        disks: disks.map((disk) => (disk.target === "vda" ? { ...disk, bus: "sata", target: "sdb", tuning: undefined } : disk)),
      }),
      gone: [
        '/domain/devices/disk/driver cache="writeback" detect_zeroes="off" discard="unmap" io="threads" iothread="1" name="qemu" queues="2" type="qcow2"',
        "/domain/devices/disk/iotune",
        "/domain/devices/disk/iotune/total_iops_sec 500",
        '/domain/devices/disk/target bus="virtio" dev="vda"',
        '/domain/devices/disk/address bus="0x04" domain="0x0000" function="0x0" slot="0x00" type="pci"',
      ],
      added: [
        '/domain/devices/disk/driver cache="writeback" detect_zeroes="off" discard="unmap" io="threads" name="qemu" type="qcow2"',
        '/domain/devices/disk/target bus="sata" dev="sdb"',
      ],
    },
    {
      because: "the disk known by its alias goes alone, its siblings keep their places",
      base: "virt-install-q35",
      change: ({ disks }) => ({ disks: disks.filter(({ key }) => key !== "data") }),
      gone: [
        '/domain/devices/disk device="disk" type="block"',
        '/domain/devices/disk/driver cache="none" detect_zeroes="off" discard="ignore" io="native" name="qemu" type="raw"',
        '/domain/devices/disk/source dev="/dev/vg0/web01-data"',
        '/domain/devices/disk/target bus="virtio" dev="vdb"',
        "/domain/devices/disk/serial data-0001",
        '/domain/devices/disk/alias name="ua-data"',
        '/domain/devices/disk/address bus="0x07" domain="0x0000" function="0x0" slot="0x00" type="pci"',
      ],
      added: [],
    },
    {
      because: "a new SCSI disk brings the controller that it needs",
      base: "virt-install-q35",
      change: ({ disks }) => ({ disks: [...disks, { ...rootDisk, key: "extra", bus: "scsi", target: "sdb", driver: cached }] }),
      gone: [],
      added: [
        '/domain/devices/disk device="disk" type="file"',
        '/domain/devices/disk/driver cache="writeback" detect_zeroes="off" discard="unmap" io="threads" name="qemu" type="qcow2"',
        '/domain/devices/disk/source file="/var/lib/libvirt/images/web-root.qcow2"',
        '/domain/devices/disk/target bus="scsi" dev="sdb"',
        '/domain/devices/disk/alias name="ua-extra"',
        '/domain/devices/controller index="0" model="virtio-scsi" type="scsi"',
      ],
    },
    {
      because: "an ejected medium leaves the drive",
      base: "virt-manager",
      change: ({ disks }) => ({ disks: disks.map((disk) => (disk.device === "cdrom" ? { ...disk, source: { type: "empty" } } : disk)) }),
      gone: ['/domain/devices/disk/source file="/iso/debian-12.iso" startupPolicy="optional"'],
      added: [],
    },
    {
      because: "boot order at the disks and a boot list exclude each other",
      base: "virt-manager",
      change: ({ disks }) => ({ disks: disks.map((disk, index) => ({ ...disk, bootOrder: index + 1 })) }),
      gone: ['/domain/os/boot dev="cdrom"', '/domain/os/boot dev="hd"'],
      added: ['/domain/devices/disk/boot order="1"', '/domain/devices/disk/boot order="2"'],
    },
    {
      because: "the first serial port goes back to a pty, the second is none of ours",
      base: "virt-manager",
      change: () => ({ serial: undefined }),
      gone: [
        '/domain/devices/serial type="file"',
        '/domain/devices/serial/source append="on" path="/var/log/desktop.log"',
        '/domain/devices/console type="file"',
        '/domain/devices/console/source append="on" path="/var/log/desktop.log"',
      ],
      added: ['/domain/devices/serial type="pty"', '/domain/devices/console type="pty"'],
    },
    {
      because: "VNC in the place of SPICE",
      base: "virt-manager",
      change: () => ({ platform: { graphics: { type: "vnc" } } }),
      gone: [
        '/domain/devices/graphics autoport="yes" type="spice"',
        '/domain/devices/graphics/listen type="address"',
        '/domain/devices/graphics/image compression="off"',
      ],
      added: [
        '/domain/devices/graphics autoport="yes" listen="127.0.0.1" port="-1" type="vnc"',
        '/domain/devices/graphics/listen address="127.0.0.1" type="address"',
      ],
    },
    {
      because: "another video model has other properties",
      base: "virt-manager",
      change: () => ({ platform: { video: { model: "virtio" } } }),
      gone: [
        '/domain/devices/video/model heads="1" primary="yes" ram="65536" type="qxl" vgamem="16384" vram="65536"',
        '/domain/devices/video/address bus="0x00" domain="0x0000" function="0x0" slot="0x01" type="pci"',
      ],
      added: ['/domain/devices/video/model type="virtio"'],
    },
    {
      because: "a CPU mode without a model takes the model away",
      base: "virt-manager",
      change: () => ({ cpuMode: "host-passthrough" }),
      gone: [
        '/domain/cpu check="partial" match="exact" mode="custom"',
        '/domain/cpu/model fallback="allow" Skylake-Client',
        "/domain/cpu/vendor Intel",
      ],
      added: ['/domain/cpu mode="host-passthrough"'],
    },
    {
      because: "a short machine name is content with any version of it",
      base: "virt-manager",
      change: () => ({ machine: "q35" }),
      gone: [],
      added: [],
    },
    {
      because: "another count drops the topology that no longer fits, and keeps the pinning",
      base: "virt-install-q35",
      change: () => ({ cpus: 3, maxCpus: 6 }),
      gone: [
        '/domain/vcpu cpuset="0-3" current="2" placement="static" 4',
        '/domain/cpu/topology cores="2" dies="1" sockets="1" threads="2"',
      ],
      added: ['/domain/vcpu cpuset="0-3" current="3" placement="static" 6'],
    },
    {
      because: "which CPUs are there is said anew when the count changes",
      base: "qemu-commandline",
      change: () => ({ cpus: 2 }),
      gone: [
        '/domain/vcpu current="1" 2',
        "/domain/vcpus",
        '/domain/vcpus/vcpu enabled="yes" hotpluggable="no" id="0" order="1"',
        '/domain/vcpus/vcpu enabled="no" hotpluggable="yes" id="1"',
      ],
      added: ["/domain/vcpu 2"],
    },
    {
      because: "direct boot and description are ours to remove",
      base: "qemu-commandline",
      change: () => ({ directBoot: undefined }),
      gone: ["/domain/os/kernel /boot/vmlinuz", "/domain/os/cmdline console=ttyS0"],
      added: [],
    },
    {
      because: "a description that the plan does not have goes",
      base: "virt-install-q35",
      change: () => ({ description: undefined }),
      gone: ["/domain/description kept by hand"],
      added: [],
    },
    {
      because: "another family of machines has other buses",
      base: "virt-install-q35",
      change: () => ({ machine: "pc" }),
      gone: [
        '/domain/os/type arch="x86_64" machine="pc-q35-7.2" hvm',
        '/domain/devices/disk/address bus="0x04" domain="0x0000" function="0x0" slot="0x00" type="pci"',
        '/domain/devices/disk/address bus="0x07" domain="0x0000" function="0x0" slot="0x00" type="pci"',
        '/domain/devices/controller/address bus="0x02" domain="0x0000" function="0x0" slot="0x00" type="pci"',
        '/domain/devices/controller index="0" model="pcie-root" type="pci"',
        '/domain/devices/controller index="1" model="pcie-root-port" type="pci"',
        '/domain/devices/controller/model name="pcie-root-port"',
        '/domain/devices/controller/target chassis="1" port="0x10"',
        '/domain/devices/controller/address bus="0x00" domain="0x0000" function="0x0" multifunction="on" slot="0x02" type="pci"',
        '/domain/devices/controller/address bus="0x00" domain="0x0000" function="0x2" slot="0x1f" type="pci"',
        '/domain/devices/interface/address bus="0x01" domain="0x0000" function="0x0" slot="0x00" type="pci"',
        '/domain/devices/memballoon/address bus="0x05" domain="0x0000" function="0x0" slot="0x00" type="pci"',
        '/domain/devices/rng/address bus="0x06" domain="0x0000" function="0x0" slot="0x00" type="pci"',
      ],
      added: ['/domain/os/type arch="x86_64" machine="pc" hvm'],
    },
  ];

  test.each(changes)("$base: $because", ({ base, change, gone, added }) => {
    const unchanged = planOf(parseDomain(baseXml(base)));
    const before = domainXml(unchanged, baseXml(base));
    const found = differences(before, domainXml({ ...unchanged, ...change(unchanged) }, before));
    expect({ gone: [...found.gone].sort(), added: [...found.added].sort() }).toEqual({ gone: [...gone].sort(), added: [...added].sort() });
  });
});

describe("I/O threads", () => {
  const threadsOf = (xml: string) => differences("<domain/>", xml).added.filter((line) => line.startsWith("/domain/iothread"));
  const base = (threads: string) => domainXml(plan).replace("  <os>", `${threads}<os>`);

  test.each([
    { because: "a plan that wants none leaves all", threads: "<iothreads>4</iothreads>", wanted: undefined, held: ["/domain/iothreads 4"] },
    { because: "there are as many as the plan wants", threads: "", wanted: 2, held: ["/domain/iothreads 2"] },
    { because: "others' threads stay", threads: "<iothreads>4</iothreads>", wanted: 2, held: ["/domain/iothreads 4"] },
    {
      because: "where numbers are listed, ours are too",
      threads: "<iothreads>2</iothreads><iothreadids><iothread id='4'/><iothread id='2' thread_pool_min='1'/></iothreadids>",
      wanted: 3,
      held: [
        "/domain/iothreads 4",
        "/domain/iothreadids",
        '/domain/iothreadids/iothread id="4"',
        '/domain/iothreadids/iothread id="2" thread_pool_min="1"',
        '/domain/iothreadids/iothread id="1"',
        '/domain/iothreadids/iothread id="3"',
      ],
    },
  ])("$because", ({ threads, wanted, held }) => {
    const once = domainXml({ ...plan, iothreads: wanted }, base(threads));
    expect(threadsOf(once)).toEqual(held);
    expect(domainXml({ ...plan, iothreads: wanted }, once)).toBe(once);
  });
});

describe("memory for a vhost-user daemon", () => {
  const memoryOf = (xml: string) => differences("<domain/>", xml).added.filter((line) => line.startsWith("/domain/memoryBacking"));
  const daemon: DomainPlan = { ...plan, disks: [{ ...rootDisk, source: { type: "vhostuser", socket: "/s" }, format: "raw" }] };
  const base = (memory: string) => domainXml(plan).replace("<vcpu>", `${memory}<vcpu>`);

  test.each([
    { because: "it is a file that both open", memory: "", held: ["", '/access mode="shared"', '/source type="memfd"'] },
    {
      because: "huge pages are files",
      memory: "<memoryBacking><hugepages/></memoryBacking>",
      held: ["", '/access mode="shared"', "/hugepages"],
    },
    {
      because: "a file of somebody else's choice stays",
      memory: "<memoryBacking><source type='file'/><access mode='private'/></memoryBacking>",
      held: ["", '/access mode="shared"', '/source type="file"'],
    },
  ])("is shared: $because", ({ memory, held }) => {
    expect([...memoryOf(domainXml(daemon, base(memory)))].sort()).toEqual(held.map((line) => `/domain/memoryBacking${line}`));
  });

  test("is left alone where there is no daemon", () => {
    expect(memoryOf(domainXml(plan))).toEqual([]);
    expect(memoryOf(domainXml(plan, base("<memoryBacking><access mode='shared'/></memoryBacking>")))).toHaveLength(2);
  });
});

test.each([
  { because: "there is room for disks to come", machine: "q35", disks: 1, ports: 14 },
  { because: "the machine's own disks do not take it", machine: "pc-q35-9.0", disks: 9, ports: 20 },
  { because: "Arm's machine is one of PCI Express too", machine: "virt", disks: 0, ports: 14 },
  { because: "i440fx has slots", machine: "pc", disks: 1, ports: 0 },
  { because: "the default machine is i440fx", machine: undefined, disks: 1, ports: 0 },
])("a new machine $machine with $disks disks has $ports ports, because $because", ({ machine, disks, ports }) => {
  const letters = Array.from("abcdefghijkl").slice(0, disks);
  const made = domainXml({ ...plan, machine, disks: letters.map((letter) => ({ ...rootDisk, key: letter, target: `vd${letter}` })) });
  expect([...made.matchAll(/model="pcie-root-port"/g)]).toHaveLength(ports);
  const older = domainXml({ ...plan, machine: "pc" });
  expect(domainXml({ ...plan, machine }, older)).not.toContain("pcie-root-port");
});

describe("disks are told apart", () => {
  test("by alias: two that swap targets swap targets, not images", () => {
    const second = { ...rootDisk, key: "second", target: "vdb", source: { type: "file", path: "/images/second" } } as const;
    const before = domainXml({ ...plan, disks: [rootDisk, second] });
    const after = parseDomain(
      domainXml(
        {
          ...plan,
          disks: [
            { ...rootDisk, target: "vdb" },
            { ...second, target: "vda" },
          ],
        },
        before,
      ),
    );
    expect(after.disks.map(({ key, target, path }) => [key, target, path])).toEqual([
      ["root", "vdb", sourceName(rootDisk.source)],
      ["second", "vda", "/images/second"],
    ]);
  });

  test("by our metadata's note of the target, where an imported disk has no alias", () => {
    const imported = planOf(parseDomain(baseXml("virt-install-q35")));
    const renamed = imported.disks.map((disk) => (disk.target === "vda" ? { ...disk, key: "system" } : disk));
    const managed = { key: "system", requested: {}, effective: direct, reason: "imported" };
    const withNote = { ...imported, disks: renamed, metadata: { ...imported.metadata, disks: [managed] } };
    const once = domainXml(withNote, baseXml("virt-install-q35"));
    expect(parseDomain(once).disks.map(({ key }) => key)).toEqual(["system", "data", "sda"]);
    const moved = withNote.disks.map((disk) => (disk.key === "system" ? { ...disk, target: "vdc" } : disk));
    const after = parseDomain(domainXml({ ...withNote, disks: moved }, once));
    expect(after.disks.map(({ key, target }) => [key, target])).toEqual([
      ["system", "vdc"],
      ["data", "vdb"],
      ["sda", "sda"],
    ]);
  });

  test("a disk of another identity at the same target is a new disk", () => {
    const before = domainXml({ ...plan, disks: [rootDisk, mediaDisk] });
    const after = parseDomain(domainXml({ ...plan, disks: [{ ...rootDisk, key: "other" }, mediaDisk] }, before));
    expect(after.disks.map(({ key, target }) => [key, target]).sort()).toEqual([
      ["media", "sda"],
      ["other", "vda"],
    ]);
  });
});

test.each([
  { asked: "q35", present: "pc-q35-7.2", satisfied: true, because: "the version is the host's affair" },
  { asked: "pc", present: "pc-i440fx-7.2", satisfied: true, because: "pc is i440fx" },
  { asked: "pc", present: "pc-q35-7.2", satisfied: false, because: "q35 is another family" },
  { asked: "pc-q35-8.0", present: "pc-q35-7.2", satisfied: false, because: "a version was asked for by name" },
  { asked: "microvm", present: "microvm", satisfied: true, because: "the same word" },
])("$asked against $present: $satisfied, because $because", ({ asked, present, satisfied }) => {
  expect(machineSatisfies(asked, present)).toBe(satisfied);
});
