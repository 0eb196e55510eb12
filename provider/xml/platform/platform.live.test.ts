// The platform in definitions that a real libvirt takes in: kept as said, settled at once, and for UEFI with a TPM started, and gone without a trace.
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeOrSkip, describeWithHost, hostExec, virsh, type LabHost } from "../../../tools/lab/lab";
import type { DomainPlan } from "../../plan/domain";
import type { DomainPlatform } from "../../plan/platform";
import { plan } from "../domain-plan.fixture";
import { domainXml } from "../domain-xml";
import { differences } from "../lines-of.fixture";
import { parseDomain } from "../parse-domain";
import { platforms } from "./platform.fixture";

jest.setTimeout(180_000);

const name = `platform-${process.pid}`;
const tcg: DomainPlan = {
  ...plan,
  name,
  uuid: undefined,
  domainType: "qemu",
  machine: "q35",
  disks: [],
  metadata: { ...plan.metadata, disks: [], volumes: [] },
};

/** In an order in which each comes over the one before. The last ones take away what the first ones brought. */
const variants: readonly { readonly because: string; readonly platform: DomainPlatform; readonly more?: Partial<DomainPlan> }[] = [
  ...Object.entries(platforms).map(([, { because, platform }]) => ({
    because,
    platform,
    // Pins are for threads that there are.
    more: { iothreads: 1 },
  })),
  { because: "files that are named give way to BIOS", platform: { firmware: "bios" } },
  { because: "no secure boot, by its feature", platform: { firmware: "uefi", uefi: { secureBoot: false } } },
  { because: "secure boot after all", platform: { firmware: "uefi", uefi: { secureBoot: true, enrolledKeys: false } } },
  {
    because: "every device goes",
    platform: {
      tpm: { model: "none" },
      watchdog: { model: "none" },
      panic: { model: "none" },
      balloon: { model: "none" },
      rng: false,
      hyperv: false,
      memoryBacking: { hugepages: false, locked: false, nosharepages: false, discard: false },
      pinning: { vcpus: {}, iothreads: {} },
      clock: { offset: "utc", timers: {} },
      cpu: { features: {} },
    },
  },
  {
    because: "and comes back as another",
    platform: {
      tpm: { model: "tpm-tis", version: "2.0" },
      watchdog: { model: "ib700", action: "none" },
      panic: { model: "hyperv" },
      balloon: { model: "virtio", statsPeriodSeconds: 3 },
      rng: true,
      hyperv: true,
    },
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
    folder = await mkdtemp(join(tmpdir(), "kvm-platform-"));
  });
  afterAll(async () => {
    await virsh(lab(), "undefine", name, "--nvram").catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  });

  test.each(variants)("keeps what was said, and settles at once: $because", async ({ platform, more }) => {
    const held = await virsh(lab(), "dumpxml", "--inactive", name).catch(() => undefined);
    const wanted: DomainPlan = { ...tcg, ...more, platform };
    const now = await define(domainXml(wanted, held));
    expect(parseDomain(now).platform).toMatchObject(platform);
    // Controllers that libvirt adds of itself change places when it reads them back.
    expect(differences(now, await define(domainXml(wanted, now)))).toEqual({ gone: [], added: [] });
  });
});

/** Where Debian has the programs and the firmware. */
const wantedFiles = ["/usr/bin/swtpm", "/usr/bin/swtpm_setup", "/usr/share/OVMF/OVMF_CODE_4M.ms.fd"];
const missing = wantedFiles.filter((file) => !existsSync(file));
const because = missing.length === 0 ? undefined : `needs ${missing.join(", ")}, from the packages ovmf, swtpm and swtpm-tools`;

describeOrSkip(because, "UEFI with secure boot, and a TPM", () => {
  describeWithHost("on a real libvirt", (lab) => {
    const machine = `${name}-uefi`;
    let folder = "";
    const places = (host: LabHost) => hostExec(host, "find", "/var/lib/libvirt", "-path", "*/nvram/*", "-o", "-path", "*/swtpm/*");

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "kvm-platform-"));
    });
    afterAll(async () => {
      await virsh(lab(), "destroy", machine).catch(() => undefined);
      await virsh(lab(), "undefine", machine, "--nvram").catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    });

    test("starts, shows what was asked, takes another definition meanwhile, and is undefined without a trace", async () => {
      const platform: DomainPlatform = { ...platforms["secure-boot"].platform, hyperv: false, watchdog: { model: "i6300esb" } };
      const memoryKiB = 128 * 1024;
      const wanted: DomainPlan = { ...tcg, name: machine, memoryKiB, maxMemoryKiB: memoryKiB, platform };
      const before = await places(lab());
      const file = join(folder, "machine.xml");
      await writeFile(file, domainXml(wanted));
      await virsh(lab(), "define", file);
      const defined = await virsh(lab(), "dumpxml", "--inactive", machine);
      const { uuid } = parseDomain(defined);
      await virsh(lab(), "start", machine, "--paused");
      const live = parseDomain(await virsh(lab(), "dumpxml", machine));
      expect(live.platform).toMatchObject({ ...platform, isFirmwareChosen: true });
      const during = await places(lab());
      expect(during).toContain(`${machine}_VARS.fd`);
      expect(during).toContain(uuid);
      const meanwhile = await virsh(lab(), "dumpxml", "--inactive", machine);
      expect(differences(defined, domainXml(wanted, meanwhile))).toEqual({ gone: [], added: [] });
      await virsh(lab(), "destroy", machine);
      await virsh(lab(), "undefine", machine, "--nvram");
      expect(await places(lab())).toBe(before);
    });
  });
});
