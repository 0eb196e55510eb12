// The command on a real host: doctor and a folder closed to QEMU (with KVM closed too: host/observe-accelerator.live.test.ts, which has such a host), plan on two file systems, explain of a VM of ours and of another hand's.
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { addStorage, describeWithHost, removeStorage, virsh } from "../../tools/lab/lab";
import { createHostObserver } from "../host/observe-host";
import { connectLibvirt } from "../libvirt/connect";
import type { Libvirt } from "../libvirt/port";
import { virtualMachine } from "../resources/virtual-machine/virtual-machine";
import { createResourceDriver, type ResourceDriver } from "../testing/resource-driver";
import type { ExplainReport } from "./explain-machine";
import type { PlanReport } from "./plan-place";
import { askDoctor, runOnHost } from "./run-on-host.fixture";

const callMs = 60_000;
const storageMiB = 64;
const prefix = `cli${process.pid % 100_000}`;
const names = { fast: `${prefix}-fast`, ram: `${prefix}-ram`, shut: `${prefix}-shut`, ours: `${prefix}-ours`, theirs: `${prefix}-theirs` };

jest.setTimeout(120_000);

describeWithHost("the pulumi-kvm command", (lab) => {
  let folders: { fast: string; ram: string; shut: string };
  let libvirt: Libvirt;
  let driver: ResourceDriver;

  const program = (cache?: string) => ({
    name: names.ours,
    memory: "64MiB",
    disks: { root: { pool: names.ram, size: "8MiB", ...(cache === undefined ? {} : { cache }) } },
  });

  beforeAll(async () => {
    const [fast, ram] = [await addStorage(lab(), names.fast, "ext4", storageMiB), await addStorage(lab(), names.ram, "ramfs")];
    folders = { fast, ram, shut: join(fast, "shut") };
    await mkdir(folders.shut);
    await chmod(folders.shut, 0o700);
    for (const name of ["fast", "ram", "shut"] as const) {
      await virsh(lab(), "pool-create-as", names[name], "dir", "--target", folders[name]);
    }
    libvirt = connectLibvirt({ uri: lab().uri, timeoutMs: callMs });
    driver = createResourceDriver({ definition: virtualMachine, libvirt, host: createHostObserver(libvirt) });
  });

  afterAll(async () => {
    // No system in it listens to a power button.
    await virsh(lab(), "destroy", names.ours);
    await driver.destroy();
    await virsh(lab(), "undefine", names.theirs).catch(() => undefined);
    for (const name of ["shut", "ram", "fast"] as const) await virsh(lab(), "pool-destroy", names[name]);
    await libvirt.close();
    await removeStorage(lab(), names.fast);
    await removeStorage(lab(), names.ram);
  });

  test("doctor names the closed folder, and its fix mends that", async () => {
    const ofFolder = async () => {
      const { findings } = await askDoctor(lab().uri);
      return findings.filter(({ check, about }) => check === "pool" && about === names.shut);
    };
    expect(await ofFolder()).toMatchObject([{ status: "fail", fix: `sudo chmod o+x ${folders.shut}` }]);
    await chmod(folders.shut, 0o701);
    expect(await ofFolder()).toMatchObject([{ status: "ok" }]);
  });

  test.each([
    { pool: "fast", cache: "none", allowed: ["none", "writeback", "writethrough", "directsync", "unsafe"], because: "ext4 has direct I/O" },
    { pool: "ram", cache: "writeback", allowed: ["writeback", "writethrough", "unsafe"], because: "ramfs has none" },
  ] as const)("plan gives $cache: $because", async ({ pool, cache, allowed }) => {
    const told = await runOnHost(lab().uri, "plan", names[pool]);
    const report = told.report as PlanReport;
    expect(told.exitCode).toBe(0);
    expect(report.plan?.cache).toBe(cache);
    expect(report.modes.filter((mode) => mode.allowed).map((mode) => mode.cache)).toEqual(allowed);
  });

  test("explain of a VM of ours tells what was asked, what is defined and what runs apart", async () => {
    await driver.up(program());
    await driver.up(program("writethrough"));
    const { report, exitCode } = await runOnHost(lab().uri, "explain", names.ours);
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({
      state: "running",
      disks: [
        {
          key: "root",
          requested: { cache: "writethrough" },
          effective: { cache: "writethrough" },
          running: { cache: "writeback" },
          pending: ["disks.root.cache: writeback => writethrough"],
          problems: [],
        },
      ],
    });
  });

  test("explain of a VM of another hand says why its next start would fail", async () => {
    const file = join(folders.ram, "theirs.img");
    await virsh(lab(), "vol-create-as", names.ram, "theirs.img", "8MiB", "--format", "raw");
    const xml = `<domain type='qemu'><name>${names.theirs}</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices><disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/><source file='${file}'/><target dev='vda' bus='virtio'/></disk></devices></domain>`;
    await libvirt.defineDomain(xml);
    const told = await runOnHost(lab().uri, "explain", names.theirs);
    const report = told.report as ExplainReport;
    expect(told.exitCode).toBe(1);
    expect(report.urn).toBeUndefined();
    expect(report.disks).toMatchObject([
      {
        target: "vda",
        path: file,
        effective: { cache: "none" },
        auto: { cache: "writeback" },
        problems: [expect.stringContaining("direct I/O")],
      },
    ]);
    // QEMU says the same.
    await expect(virsh(lab(), "start", names.theirs)).rejects.toThrow(/O_DIRECT/);
  });
});
