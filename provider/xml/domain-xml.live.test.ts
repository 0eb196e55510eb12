// The definitions that we write, taken in by a real libvirt and written over what it made of them.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWithHost, virsh } from "../../tools/lab/lab";
import type { DomainPlan } from "../plan/domain";
import { cached, mediaDisk, plan, rootDisk } from "./domain-plan.fixture";
import { domainXml } from "./domain-xml";
import { parseDomain } from "./parse-domain";

jest.setTimeout(180_000);

const name = `xml-${process.pid}`;
const tcg: DomainPlan = { ...plan, name, uuid: undefined, domainType: "qemu", machine: undefined };

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
      serialFile: "/tmp/a & b.log",
      description: "two\n lines <b>",
    },
  },
  {
    because: "another family of machines, a screen",
    plan: { ...tcg, machine: "q35", cpuMode: "maximum", graphics: "vnc", video: "virtio" },
  },
  {
    because: "back again, with other settings",
    plan: { ...tcg, machine: "pc", cpuMode: "custom", video: "none", disks: [{ ...rootDisk, driver: cached }] },
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
      const { uuid, machine, cpuMode, video, ...said } = parseDomain(held);
      expect({ because, ...said }).toEqual({ because, ...without(parseDomain(written)) });
      expect({ because, xml: await define(domainXml(wanted, held)) }).toEqual({ because, xml: held });
      expect(uuid).toMatch(/^[0-9a-f-]{36}$/);
      expect(machine).toMatch(wanted.machine === "q35" ? /^pc-q35-/ : /^pc-i440fx-/);
      if (wanted.cpuMode !== undefined) expect(cpuMode).toBe(wanted.cpuMode);
      if (wanted.video !== undefined) expect(video).toBe(wanted.video);
    }
  });
});

/** What libvirt fills in by itself is looked at on its own. */
function without(observed: ReturnType<typeof parseDomain>): object {
  const filledIn = ["uuid", "machine", "cpuMode", "video"];
  return Object.fromEntries(Object.entries(observed).filter(([key]) => !filledIn.includes(key)));
}
