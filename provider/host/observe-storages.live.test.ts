// The observer on a real daemon and real file systems: what is told of a folder pool on each, of its files, of devices, and of folders that are closed.
import { execFile } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { addBlockDevice, addStorage, describeWithHost, hostExec, removeStorage, swapStorage, virsh } from "../../tools/lab/lab";
import type { LabPart, StorageKind } from "../../tools/lab/lab";
import { connectLibvirt } from "../libvirt/connect";
import type { Libvirt } from "../libvirt/port";
import type { PoolFacts } from "../plan/facts";
import { planPoolDefault } from "../plan/plan-pool-default";
import { createHostObserver } from "./observe-host";
import type { HostObserver, Observation } from "./observer";

const execute = promisify(execFile);
const timeoutMs = 30_000;
const prefix = `storages-${process.pid}`;
const look = { depth: "look" } as const;
/** Linux of this machine decides on btrfs and tmpfs, as it does for the planner. */
const versions = { libvirtVersion: "9.0.0", qemuVersion: "7.2.22" };

jest.setTimeout(120_000);

function factsOf<Facts>(observation: Observation<Facts> | undefined): Facts {
  if (observation === undefined || "needsProbe" in observation) throw new Error(`no facts, but ${JSON.stringify(observation)}`);
  return observation.facts;
}

interface Expected {
  readonly kind: StorageKind;
  readonly facts: Partial<PoolFacts>;
  readonly needs?: readonly LabPart[];
  readonly because: string;
}

const rows: readonly Expected[] = [
  { kind: "ext4", facts: { kind: "ext4", directIo: "yes", source: "local write" }, because: "a write was tried" },
  { kind: "xfs", facts: { kind: "xfs", directIo: "yes", source: "local write" }, because: "a write was tried" },
  { kind: "btrfs", facts: { kind: "btrfs", directIo: "yes", nocow: false }, because: "files are copied on write unless told otherwise" },
  { kind: "ramfs", facts: { kind: "ramfs", directIo: "no", source: "table" }, because: "ramfs has none" },
  { kind: "tmpfs", facts: { kind: "tmpfs" }, because: "what the kernel says" },
  { kind: "zfs", facts: { kind: "fuse", fileSystem: "fuse.zfs" }, needs: ["zfs"], because: "zfs-fuse is FUSE to the kernel" },
  {
    kind: "bindfs",
    facts: { kind: "fuse", directIo: "yes", source: "local write" },
    needs: ["bindfs"],
    because: "what its program says, which hands O_DIRECT on",
  },
];

for (const { kind, facts, needs = [], because } of rows) {
  describeWithHost(
    `a folder pool on ${kind}`,
    (lab) => {
      const name = `${prefix}-${kind}`;
      let libvirt: Libvirt;

      beforeAll(async () => {
        libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
        await virsh(lab(), "pool-create-as", name, "dir", "--target", await addStorage(lab(), name, kind, 128));
      });
      afterAll(async () => {
        await libvirt.close();
        await virsh(lab(), "pool-destroy", name);
        await removeStorage(lab(), name);
      });

      test(`${because}, and QEMU itself says the same`, async () => {
        const observer = createHostObserver(libvirt);
        const observed = await observer.observePool(name, { depth: "probe" });
        expect(factsOf(observed)).toMatchObject(facts);
        expect(factsOf(observed).directIo).not.toBe("unknown");
        expect(factsOf(observed).impassable).toBeUndefined();
        const planned = planPoolDefault(name, factsOf(observed), {}, versions);
        if (factsOf(observed).directIo === "no") expect(planned).toMatchObject({ cache: "writeback" });
        expect(planned).toHaveProperty("reason");
      });
    },
    needs,
  );
}

describeWithHost("the observer of storages", (lab) => {
  let libvirt: Libvirt;
  let observer: HostObserver;
  const pools: string[] = [];
  const storages: string[] = [];

  const addPool = async (name: string, path: string) => {
    await virsh(lab(), "pool-create-as", `${prefix}-${name}`, "dir", "--target", path);
    pools.push(`${prefix}-${name}`);
    return `${prefix}-${name}`;
  };
  const mounted = async (name: string, kind: StorageKind) => {
    storages.push(`${prefix}-${name}`);
    return addStorage(lab(), `${prefix}-${name}`, kind, 128);
  };

  beforeEach(() => {
    libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
    observer = createHostObserver(libvirt);
  });
  afterEach(async () => {
    await libvirt.close();
    for (const pool of pools.splice(0)) await virsh(lab(), "pool-destroy", pool);
    for (const storage of storages.splice(0)) await removeStorage(lab(), storage);
  });

  test("btrfs: a folder without copy-on-write, and files that were made before and after", async () => {
    const folder = `${await mounted("nocow", "btrfs")}/images`;
    await mkdir(folder, { mode: 0o711 });
    await writeFile(`${folder}/old.img`, "");
    await execute("chattr", ["+C", folder]);
    await writeFile(`${folder}/new.img`, "");
    const pool = await addPool("nocow", folder);
    expect(factsOf(await observer.observePool(pool, look))).toMatchObject({ kind: "btrfs", nocow: true });
    expect(factsOf(await observer.observeChain(`${folder}/old.img`, look))).toMatchObject([{ nocow: false, pool }]);
    expect(factsOf(await observer.observeChain(`${folder}/new.img`, look))).toMatchObject([{ nocow: true, pool }]);
  });

  test("a folder that QEMU's user may not pass is told, and QEMU cannot open a disk there indeed", async () => {
    const folder = `${await mounted("closed", "ext4")}/closed`;
    await mkdir(folder);
    await chmod(folder, 0o700);
    const pool = await addPool("closed", folder);
    const facts = factsOf(await observer.observePool(pool, look));
    expect(facts.impassable).toMatch(new RegExp(`^${folder} has mode 0700, and QEMU's user \\(\\d+\\) may not pass it$`));
    await virsh(lab(), "vol-create-as", pool, "disk.img", "1M", "--format", "raw");
    const disk = `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${folder}/disk.img'/><target dev='vda' bus='virtio'/></disk>`;
    const start = () =>
      libvirt.createProbeDomain(
        `<domain type='qemu'><name>${prefix}-closed</name><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
         <features><acpi/></features><devices>${disk}</devices></domain>`,
      );
    await expect(start()).rejects.toThrow("Permission denied");
    await chmod(folder, 0o711);
    expect(factsOf(await observer.observePool(pool, look)).impassable).toBeUndefined();
    await libvirt.destroyDomain((await start()).uuid);
  });

  test("a loop device: a block device whose file goes through the page cache", async () => {
    storages.push(`${prefix}-loop`);
    const device = await addBlockDevice(lab(), `${prefix}-loop`, 64);
    const [facts] = factsOf(await observer.observeChain(device, look));
    expect(facts).toMatchObject({ kind: "block", directIo: "yes", format: "raw" });
    const { stdout } = await execute("losetup", ["--noheadings", "--output", "DIO", device]);
    expect(facts.why.includes("through the page cache")).toBe(stdout.trim() === "0");
  });

  test("another file system under a pool is noticed, though what was told of the one before is kept", async () => {
    const pool = await addPool("swap", await mounted("swap", "ext4"));
    expect(factsOf(await observer.observePool(pool, look))).toMatchObject({ kind: "ext4", directIo: "yes" });
    await swapStorage(lab(), `${prefix}-swap`, "ramfs");
    expect(factsOf(await observer.observePool(pool, look))).toMatchObject({ kind: "ramfs", directIo: "no" });
    await swapStorage(lab(), `${prefix}-swap`, "xfs", { sizeMiB: 320 });
    expect(factsOf(await observer.observePool(pool, look))).toMatchObject({ kind: "xfs", directIo: "yes", source: "local write" });
  });

  test("what only the daemon sees is probed once, until it is forgotten", async () => {
    const path = `${lab().dir}/${prefix}-hidden`;
    const mount = (kind: string) => hostExec(lab(), "sh", "-c", `mkdir -p ${path} && mount -t ${kind} -o mode=0711 hidden ${path}`);
    await mount("ramfs");
    const pool = await addPool("hidden", path);
    const probe = { depth: "probe" } as const;
    try {
      const asked = await Promise.all(Array.from({ length: 20 }, () => observer.observePool(pool, probe)));
      for (const observed of asked) expect(factsOf(observed)).toMatchObject({ directIo: "no", source: "probe domain" });
      await hostExec(lab(), "umount", path);
      await mount("tmpfs");
      expect(factsOf(await observer.observePool(pool, probe))).toMatchObject({ directIo: "no" });
      observer.forget(`${path}/disk.img`);
      expect(factsOf(await observer.observePool(pool, probe))).toMatchObject({ directIo: "yes" });
    } finally {
      await hostExec(lab(), "sh", "-c", `umount ${path} && rmdir ${path}`);
    }
  });
});
