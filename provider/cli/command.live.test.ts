// The command on a real host: doctor with KVM and a folder closed to QEMU, plan on two file systems, explain of a VM of ours and of another hand's.
import { existsSync } from "node:fs";
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { addStorage, describeWithHost, hostExec, labHost, removeStorage, virsh } from "../../tools/lab/lab";
import { createHostObserver } from "../host/observe-host";
import { connectLibvirt } from "../libvirt/connect";
import type { Libvirt } from "../libvirt/port";
import { virtualMachine } from "../resources/virtual-machine/virtual-machine";
import { createResourceDriver, type ResourceDriver } from "../testing/resource-driver";
import type { Finding } from "./doctor-findings";
import type { ExplainReport } from "./explain-machine";
import type { PlanReport } from "./plan-place";
import { runCommand } from "./run-command";

const callMs = 60_000;
const storageMiB = 64;
const prefix = `cli${process.pid % 100_000}`;
const names = { fast: `${prefix}-fast`, ram: `${prefix}-ram`, shut: `${prefix}-shut`, ours: `${prefix}-ours`, theirs: `${prefix}-theirs` };

jest.setTimeout(120_000);

const noKvm = "skipped" in labHost() || existsSync("/dev/kvm") ? undefined : "the machine has no /dev/kvm";
const testWithKvm = noKvm === undefined ? test : test.skip;

describeWithHost("the pulumi-kvm command", (lab) => {
  let folders: { fast: string; ram: string; shut: string };
  let libvirt: Libvirt;
  let driver: ResourceDriver;

  async function run<Report>(...words: readonly string[]): Promise<{ readonly report: Report; readonly exitCode: number }> {
    let out = "";
    const exitCode = await runCommand([...words, "--json", "--uri", lab().uri], {
      version: "0.0.0",
      makeServices: (config) => {
        const connection = connectLibvirt(config);
        return { libvirt: connection, host: createHostObserver(connection) };
      },
      environment: {},
      signal: new AbortController().signal,
      terminal: { widthColumns: 100, hasColours: false, out: (text) => void (out += text), err: () => undefined },
    });
    return { report: JSON.parse(out) as Report, exitCode };
  }

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

  describe("doctor", () => {
    const node = () => `${lab().dir}/cli-kvm-${process.pid}`;

    testWithKvm(
      `names closed KVM and the closed folder, each with its fix${noKvm === undefined ? "" : ` [skipped: ${noKvm}]`}`,
      async () => {
        await hostExec(lab(), "sh", "-c", `mknod ${node()} c 10 232 && chmod 600 ${node()} && mount --bind ${node()} /dev/kvm`);
        try {
          const { report, exitCode } = await run<{ findings: readonly Finding[] }>("doctor");
          expect(exitCode).toBe(1);
          const fixes = report.findings.filter(({ status }) => status === "fail").map(({ check, about, fix }) => ({ check, about, fix }));
          expect(fixes).toEqual([
            { check: "kvm", about: undefined, fix: "sudo chgrp kvm /dev/kvm && sudo chmod 660 /dev/kvm" },
            { check: "pool", about: names.shut, fix: `sudo chmod o+x ${folders.shut}` },
          ]);
        } finally {
          await hostExec(lab(), "sh", "-c", `umount /dev/kvm && rm -f ${node()}`);
        }
      },
    );

    test("its fix of the folder mends it", async () => {
      await chmod(folders.shut, 0o701);
      const { report } = await run<{ findings: readonly Finding[] }>("doctor");
      expect(report.findings.filter(({ check, about }) => check === "pool" && about === names.shut)).toMatchObject([{ status: "ok" }]);
    });
  });

  test.each([
    { pool: "fast", cache: "none", allowed: ["none", "writeback", "writethrough", "directsync", "unsafe"], because: "ext4 has direct I/O" },
    { pool: "ram", cache: "writeback", allowed: ["writeback", "writethrough", "unsafe"], because: "ramfs has none" },
  ] as const)("plan gives $cache: $because", async ({ pool, cache, allowed }) => {
    const { report, exitCode } = await run<PlanReport>("plan", names[pool]);
    expect(exitCode).toBe(0);
    expect(report.plan?.cache).toBe(cache);
    expect(report.modes.filter((mode) => mode.allowed).map((mode) => mode.cache)).toEqual(allowed);
  });

  test("explain of a VM of ours tells what was asked, what is defined and what runs apart", async () => {
    await driver.up(program());
    await driver.up(program("writethrough"));
    const { report, exitCode } = await run<ExplainReport>("explain", names.ours);
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
    const { report, exitCode } = await run<ExplainReport>("explain", names.theirs);
    expect(exitCode).toBe(1);
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
