// Backing chains on a real daemon: in pools, made by hand, outside of pools, in use by a running machine, hidden from here.
import { execFile } from "node:child_process";
import { symlink } from "node:fs/promises";
import { promisify } from "node:util";
import { addStorage, describeWithHost, hostExec, removeStorage, virsh } from "../../tools/lab/lab";
import { connectLibvirt } from "../libvirt/connect";
import type { Libvirt } from "../libvirt/port";
import { createHostObserver } from "./observe-host";
import type { HostObserver } from "./observer";

const execute = promisify(execFile);
const timeoutMs = 30_000;
const prefix = `chain-${process.pid}`;
const bytesPerMiB = 1024 ** 2;

jest.setTimeout(120_000);

const qemuImg = (...args: readonly string[]) => execute("qemu-img", args);

describeWithHost("the observer of chains", (lab) => {
  const direct = `${prefix}-direct`;
  const cached = `${prefix}-cached`;
  let libvirt: Libvirt;
  let observer: HostObserver;
  let directPath: string;
  let cachedPath: string;
  let hiddenPath: string;

  const chainOf = async (path: string, depth: "look" | "probe" = "look") => {
    const observed = await observer.observeChain(path, { depth });
    return observed === undefined || "needsProbe" in observed ? observed : observed.facts;
  };
  const poolOf = async (name: string, path: string) => virsh(lab(), "pool-create-as", name, "dir", "--target", path);

  beforeAll(async () => {
    libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
    observer = createHostObserver(libvirt);
    directPath = await addStorage(lab(), direct, "ext4", 64);
    cachedPath = await addStorage(lab(), cached, "ramfs");
    await poolOf(direct, directPath);
    await poolOf(cached, cachedPath);
    hiddenPath = `${lab().dir}/${prefix}-hidden`;
    await hostExec(lab(), "sh", "-c", `mkdir -p ${hiddenPath} && mount -t ramfs -o mode=0711 hidden ${hiddenPath}`);
  });
  afterAll(async () => {
    await libvirt.close();
    await hostExec(lab(), "sh", "-c", `umount ${hiddenPath}; rmdir ${hiddenPath}`);
    for (const name of [direct, cached]) {
      await virsh(lab(), "pool-destroy", name);
      await removeStorage(lab(), name);
    }
  });

  test("an overlay on ext4 over a base on ramfs has both storages, nearest first, though the files were made by hand", async () => {
    const [base, overlay] = [`${cachedPath}/base.qcow2`, `${directPath}/overlay.qcow2`];
    await qemuImg("create", "-q", "-f", "qcow2", base, "2M");
    await qemuImg("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", overlay, "4M");
    expect(await chainOf(overlay)).toMatchObject([
      { path: overlay, format: "qcow2", pool: direct, capacityBytes: 4 * bytesPerMiB, kind: "ext4", directIo: "yes" },
      { path: base, format: "qcow2", pool: cached, capacityBytes: 2 * bytesPerMiB, kind: "ramfs", directIo: "no" },
    ]);
  });

  test("a link in a pool has the storage that it points to", async () => {
    const [target, link] = [`${cachedPath}/target.img`, `${directPath}/link.img`];
    await qemuImg("create", "-q", "-f", "raw", target, "1M");
    await symlink(target, link);
    expect(await chainOf(link)).toMatchObject([{ path: link, format: "raw", kind: "ramfs", directIo: "no" }]);
  });

  test("a missing file in a pool is not there; a missing backing file is said", async () => {
    expect(await chainOf(`${directPath}/no-such-file`)).toBeUndefined();
    const overlay = `${directPath}/orphan.qcow2`;
    await qemuImg("create", "-q", "-u", "-f", "qcow2", "-b", `${directPath}/gone.img`, "-F", "raw", overlay, "1M");
    expect(await chainOf(overlay)).toMatchObject([
      { path: overlay, directIo: "yes" },
      { path: `${directPath}/gone.img`, directIo: "unknown", why: "the backing file is not there, as far as the host can say" },
    ]);
  });

  test("a chain that bites its tail ends", async () => {
    const [a, b] = [`${directPath}/a.qcow2`, `${directPath}/b.qcow2`];
    await qemuImg("create", "-q", "-u", "-f", "qcow2", "-b", b, "-F", "qcow2", a, "1M");
    await qemuImg("create", "-q", "-u", "-f", "qcow2", "-b", a, "-F", "qcow2", b, "1M");
    expect(((await chainOf(a)) as readonly { path: string }[]).map(({ path }) => path)).toEqual([a, b, a]);
  });

  test("a file in no pool, on a mount that a pool proves to be the same, is read here", async () => {
    await execute("mkdir", ["-p", `${directPath}/sub`]);
    const image = `${directPath}/sub/outside.qcow2`;
    await qemuImg("create", "-q", "-f", "qcow2", image, "3M");
    expect(await chainOf(image)).toMatchObject([
      { path: image, format: "qcow2", capacityBytes: 3 * bytesPerMiB, kind: "ext4", directIo: "yes" },
    ]);
    expect(await chainOf(`${directPath}/sub/nothing.img`)).toBeUndefined();
  });

  test("a file that only the daemon sees is left to QEMU, which also tells that another is not there", async () => {
    const image = `${hiddenPath}/disk.img`;
    await hostExec(lab(), "qemu-img", "create", "-q", "-f", "raw", image, "1M");
    expect(await chainOf(image)).toEqual({ needsProbe: [image] });
    expect(await chainOf(image, "probe")).toMatchObject([{ path: image, format: "other", directIo: "no", source: "probe domain" }]);
    expect(await chainOf(`${hiddenPath}/no-such.img`, "probe")).toBeUndefined();
  });

  test("an image in use by a running machine is tried without disturbing it", async () => {
    const image = `${hiddenPath}/busy.img`;
    const name = `${prefix}-busy`;
    await hostExec(lab(), "qemu-img", "create", "-q", "-f", "raw", image, "1M");
    const { uuid } = await libvirt.defineDomain(
      `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
       <devices><disk type='file' device='disk'><driver name='qemu' type='raw' cache='writeback'/><source file='${image}'/><target dev='vda' bus='virtio'/></disk></devices></domain>`,
    );
    try {
      await libvirt.startDomain(uuid, { paused: true });
      const owner = await hostExec(lab(), "stat", "-c", "%U %a", image);
      expect(await chainOf(image, "probe")).toMatchObject([{ directIo: "no", source: "probe domain" }]);
      expect(await hostExec(lab(), "stat", "-c", "%U %a", image)).toBe(owner);
      await libvirt.resumeDomain(uuid);
      expect((await libvirt.findDomain({ uuid }))?.state).toBe("running");
    } finally {
      await libvirt.destroyDomain(uuid);
      await libvirt.undefineDomain(uuid);
    }
  });
});
