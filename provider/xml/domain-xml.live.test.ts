// The definitions that we write, taken in by a real libvirt and written over what it made of them.
import { chmod, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWithHost, virsh } from "../../tools/lab/lab";
import type { DiskSource, DomainDisk, DomainPlan, NetworkSource } from "../plan/domain";
import { diskXml } from "./disk-xml";
import { cached, mediaDisk, plan, rootDisk } from "./domain-plan.fixture";
import { domainXml } from "./domain-xml";
import { parseDomain } from "./parse-domain";
import { secretXml } from "./secret-xml";

jest.setTimeout(180_000);

const name = `xml-${process.pid}`;
const tcg: DomainPlan = { ...plan, name, uuid: undefined, domainType: "qemu", machine: undefined };

const uuid = "5f2f1d0e-6a9e-4a43-9d6a-0b1a5a1f6c77";
const network = (rest: Omit<NetworkSource, "type">): NetworkSource => ({ type: "network", ...rest });

/** In an order in which each comes over one that has parts which it does not have. */
const sources: readonly { readonly because: string; readonly source: DiskSource; readonly format?: "qcow2" }[] = [
  {
    because: "an RBD image with cephx",
    source: network({
      protocol: "rbd",
      name: "libvirt/web",
      hosts: [{ name: "mon1", port: 6789 }, { name: "mon2" }],
      auth: { username: "libvirt", type: "ceph", secretUuid: uuid },
    }),
  },
  {
    because: "the same image behind another monitor and for another user",
    source: network({
      protocol: "rbd",
      name: "libvirt/web",
      hosts: [{ name: "mon3" }],
      auth: { username: "other", type: "ceph", secretUuid: uuid.toUpperCase() },
    }),
  },
  { because: "the same image for anybody", source: network({ protocol: "rbd", name: "libvirt/web", hosts: [{ name: "mon3" }] }) },
  {
    because: "a logical unit with CHAP and an initiator's name",
    source: network({
      protocol: "iscsi",
      name: "iqn.2024-01.org.example:a/1",
      hosts: [{ name: "fd00::1", port: 3261 }],
      auth: { username: "chap", type: "iscsi", secretUuid: uuid },
      initiator: "iqn.2024-01.org.example:me",
    }),
  },
  {
    because: "a portal and a LUN that libvirt completes",
    source: network({ protocol: "iscsi", name: "iqn.2024-01.org.example:a", hosts: [{ name: "portal" }] }),
  },
  {
    because: "a file on an NFS server, as a user",
    source: network({ protocol: "nfs", name: "/vms/web.img", hosts: [{ name: "nas" }], identity: { user: "+1000", group: "+1001" } }),
    format: "qcow2",
  },
  {
    because: "a URL with a query and a port of its own",
    source: network({ protocol: "https", name: "/a b.iso", query: "?a=1&b=<2>", hosts: [{ name: "example.org", port: 8443 }] }),
  },
  { because: "a URL whose port libvirt fills in", source: network({ protocol: "http", name: "/a.iso", hosts: [{ name: "example.org" }] }) },
  { because: "an NVMe controller", source: { type: "nvme", address: "00af:0b:1f.7", namespace: 2 } },
  { because: "a vhost-user daemon, which wants shared memory", source: { type: "vhostuser", socket: "/run/vhost.sock" } },
  { because: "a device again", source: { type: "block", path: "/dev/vg0/data" } },
];

const variants: readonly { readonly because: string; readonly plan: DomainPlan }[] = [
  { because: "the smallest machine", plan: tcg },
  {
    because: "every kind of disk, a boot order, room to grow",
    plan: {
      ...tcg,
      maxCpus: 4,
      maxMemoryKiB: 2 * tcg.memoryKiB,
      disks: [
        { ...rootDisk, bootOrder: 1, serial: "root" },
        { ...mediaDisk, bootOrder: 2 },
        { ...rootDisk, key: "shared", bus: "scsi", target: "sdb", format: "raw", shareable: true, readonly: true },
      ],
    },
  },
  {
    because: "direct boot, a serial file, text that wants escaping",
    plan: {
      ...tcg,
      directBoot: { kernel: "/boot/vmlinuz", cmdline: `a="b" <&>` },
      serial: { type: "file", path: "/tmp/a & b.log" },
      description: "two\n lines <b>",
    },
  },
  ...sources.map(({ because, source, format }) => {
    const data: DomainDisk = { ...rootDisk, key: "data", target: "vdb", source, format: format ?? "raw" };
    return { because, plan: { ...tcg, disks: [rootDisk, data] } };
  }),
  {
    because: "threads, queues and limits, a World Wide Name where the bus has one",
    plan: {
      ...tcg,
      iothreads: 3,
      disks: [
        {
          ...rootDisk,
          tuning: { iothread: 3, queues: 2, throttle: { totalIops: 500, maxTotalIops: 900, readBytesPerSecond: 1e15, group: "a & b" } },
        },
        {
          ...rootDisk,
          key: "shared",
          bus: "scsi",
          target: "sda",
          format: "raw",
          tuning: { wwn: "5000c50015ea71ad", throttle: { maxWriteBytesPerSecond: 2048, writeBytesPerSecond: 1024 } },
        },
      ],
    },
  },
  {
    because: "another family of machines, a screen",
    plan: { ...tcg, machine: "q35", cpuMode: "maximum", platform: { graphics: { type: "vnc" }, video: { model: "virtio" } } },
  },
  {
    because: "back again, with other settings",
    plan: { ...tcg, machine: "pc", cpuMode: "custom", platform: { video: { model: "none" } }, disks: [{ ...rootDisk, driver: cached }] },
  },
];

describeWithHost("a real libvirt", (lab) => {
  let folder = "";

  async function define(xml: string): Promise<string> {
    const file = join(folder, "domain.xml");
    await writeFile(file, xml);
    await virsh(lab(), "define", file);
    return virsh(lab(), "dumpxml", "--inactive", name);
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kvm-xml-"));
  });
  afterAll(async () => {
    await virsh(lab(), "undefine", name).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  });

  test("takes each variant in over the one before, keeps what was said, and settles at once", async () => {
    let held: string | undefined;
    for (const { because, plan: wanted } of variants) {
      const written = domainXml(wanted, held);
      held = await define(written);
      const observed = parseDomain(held);
      const { uuid: given, machine, cpuMode, platform } = observed;
      expect({ because, ...without(observed) }).toEqual({ because, ...without(parseDomain(written)) });
      expect({ because, xml: await define(domainXml(wanted, held)) }).toEqual({ because, xml: held });
      expect(given).toMatch(/^[0-9a-f-]{36}$/);
      expect(machine).toMatch(wanted.machine === "q35" ? /^pc-q35-/ : /^pc-i440fx-/);
      if (wanted.cpuMode !== undefined) expect(cpuMode).toBe(wanted.cpuMode);
      if (wanted.platform !== undefined) expect(platform).toMatchObject(wanted.platform);
    }
  });
});

describeWithHost("a real libvirt, for more than definitions", (lab) => {
  const machine = `${name}-ports`;
  const letters = Array.from("abcdefghi");
  let folder = "";

  const file = async (fileName: string, text: string) => {
    await writeFile(join(folder, fileName), text);
    return join(folder, fileName);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kvm-xml-"));
    // QEMU runs as a user of its own.
    await chmod(folder, 0o755);
  });
  afterAll(async () => {
    await virsh(lab(), "destroy", machine).catch(() => undefined);
    await virsh(lab(), "secret-undefine", uuid).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  });

  test("a q35 machine with disks of its own takes six more while it runs", async () => {
    const disks = await Promise.all(
      letters.map(async (letter) => {
        const path = await file(`${letter}.img`, "");
        await truncate(path, 1024 ** 2);
        await chmod(path, 0o666);
        return { ...rootDisk, key: letter, target: `vd${letter}`, source: { type: "file", path }, format: "raw", driver: cached } as const;
      }),
    );
    const memoryKiB = 64 * 1024;
    const wanted = { ...tcg, name: machine, machine: "q35", memoryKiB, maxMemoryKiB: memoryKiB, disks: disks.slice(0, 3) };
    await virsh(lab(), "create", await file("machine.xml", domainXml(wanted)), "--paused");
    for (const disk of disks.slice(3)) await virsh(lab(), "attach-device", machine, await file("disk.xml", diskXml(disk)), "--live");
    const live = parseDomain(await virsh(lab(), "dumpxml", machine));
    expect(live.disks.map(({ key, path }) => [key, path])).toEqual(disks.map(({ key, source }) => [key, source.path]));
  });

  test.each([
    { type: "ceph", usage: "vm web & co", inside: "<name>vm web &amp; co</name>" },
    { type: "iscsi", usage: "vm <web>", inside: "<target>vm &lt;web&gt;</target>" },
  ] as const)("keeps a $type password under its usage, for nobody to read", async ({ type, usage, inside }) => {
    await virsh(lab(), "secret-define", await file("secret.xml", secretXml({ uuid, type, usage, description: "a test's" })));
    const held = await virsh(lab(), "secret-dumpxml", uuid);
    expect(held).toMatch(/<secret ephemeral='no' private='yes'>/);
    expect(held).toContain(`<uuid>${uuid}</uuid>`);
    expect(held).toContain("<description>a test's</description>".replace("'", "&apos;"));
    expect(held).toContain(inside);
    await virsh(lab(), "secret-undefine", uuid);
  });
});

/** What libvirt fills in by itself is looked at on its own. */
function without(observed: ReturnType<typeof parseDomain>): object {
  const filledIn = ["uuid", "machine", "cpuMode", "video", "platform"];
  return Object.fromEntries(Object.entries(observed).filter(([key]) => !filledIn.includes(key)));
}
