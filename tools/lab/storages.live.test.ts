// The lab itself: each kind of storage and each server carries a disk that QEMU of the private host opens.
import { randomUUID } from "node:crypto";
import { rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  addBlockDevice,
  addStorage,
  cephExec,
  cephUp,
  describeWithHost,
  hostExec,
  iscsiUp,
  type LabHost,
  type LabPart,
  nfsUp,
  removeStorage,
  virsh,
} from "./lab";

const BYTES_PER_MIB = 1024 * 1024;
const DISK_MIB = 64;
const DISK_BYTES = DISK_MIB * BYTES_PER_MIB;
/** Other tests use the first ones. */
const TEST_LUN = 99;

const prefix = "lab-test";

/** A domain that is never run: a paused one has its disks open. */
const domainXml = (name: string, diskXml: string) =>
  `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
    <devices>${diskXml}</devices></domain>`;

const disk = (type: "file" | "block" | "network", source: string) =>
  `<disk type='${type}' device='disk'><driver name='qemu' type='raw' cache='none'/>${source}<target dev='vda' bus='virtio'/></disk>`;

/** Defines the secret that the disk of this type authenticates with; returns its UUID. */
async function makeSecret(host: LabHost, type: "ceph" | "iscsi", value: string): Promise<string> {
  const uuid = randomUUID();
  const usage = type === "ceph" ? `<name>${prefix}-${uuid}</name>` : `<target>${prefix}-${uuid}</target>`;
  const file = join(host.dir, `${prefix}-secret`);
  await writeFile(file, `<secret ephemeral='no' private='yes'><uuid>${uuid}</uuid><usage type='${type}'>${usage}</usage></secret>`);
  await virsh(host, "secret-define", file);
  await writeFile(file, value);
  // Ceph's keys are base64 as they stand, and so libvirt wants a value.
  await virsh(host, "secret-set-value", uuid, "--file", file, ...(type === "ceph" ? [] : ["--plain"]));
  await rm(file);
  return uuid;
}

async function sparseFile(file: string): Promise<string> {
  await writeFile(file, "");
  await truncate(file, DISK_BYTES);
  return file;
}

/** The disk of each kind, made with all that it needs. */
const makeDisk = {
  ceph: async (host: LabHost) => {
    const { monitors, pool, user, key } = await cephUp(host);
    const image = `${pool}/${prefix}-${randomUUID()}`;
    await cephExec(host, "rbd", "create", image, "--size", String(DISK_MIB));
    const uuid = await makeSecret(host, "ceph", key);
    const hosts = monitors.map(({ name, port }) => `<host name='${name}' port='${port}'/>`).join("");
    const auth = `<auth username='${user}'><secret type='ceph' uuid='${uuid}'/></auth>`;
    return disk("network", `<source protocol='rbd' name='${image}'>${hosts}${auth}</source>`);
  },
  iscsi: async (host: LabHost) => {
    const { portal, port, target, lun, user, password } = await iscsiUp(host, { sizeMiB: DISK_MIB, lun: TEST_LUN });
    const uuid = await makeSecret(host, "iscsi", password);
    const auth = `<auth username='${user}'><secret type='iscsi' uuid='${uuid}'/></auth>`;
    return disk("network", `<source protocol='iscsi' name='${target}/${lun}'><host name='${portal}' port='${port}'/>${auth}</source>`);
  },
  nfs: async (host: LabHost) => {
    const { server, export: path, folder } = await nfsUp(host);
    await sparseFile(join(folder, prefix));
    const identity = "<identity user='+0' group='+0'/>";
    return disk("network", `<source protocol='nfs' name='${path}/${prefix}'><host name='${server}'/>${identity}</source>`);
  },
  block: async (host: LabHost) => disk("block", `<source dev='${await addBlockDevice(host, `${prefix}-block`, DISK_MIB)}'/>`),
  zfs: async (host: LabHost) =>
    disk("file", `<source file='${await sparseFile(join(await addStorage(host, `${prefix}-zfs`, "zfs"), "a"))}'/>`),
  bindfs: async (host: LabHost) =>
    disk("file", `<source file='${await sparseFile(join(await addStorage(host, `${prefix}-bindfs`, "bindfs"), "a"))}'/>`),
} as const satisfies Record<LabPart, (host: LabHost) => Promise<string>>;

const parts = Object.keys(makeDisk) as LabPart[];

for (const part of parts) {
  describeWithHost(
    `the lab's ${part}`,
    (host) => {
      const domain = `${prefix}-${part}`;

      afterAll(async () => {
        await virsh(host(), "destroy", domain).catch(() => undefined);
        await Promise.all(["block", "zfs", "bindfs"].map((kind) => removeStorage(host(), `${prefix}-${kind}`)));
        for (const line of (await virsh(host(), "secret-list")).split("\n")) {
          if (line.includes(prefix)) await virsh(host(), "secret-undefine", line.trim().split(/\s+/)[0] ?? "");
        }
      });

      test("carries a disk that QEMU opens past the host's cache", async () => {
        const xmlFile = join(host().dir, `${domain}.xml`);
        await writeFile(xmlFile, domainXml(domain, await makeDisk[part](host())));
        await virsh(host(), "create", xmlFile, "--paused");
        const told = await virsh(host(), "domblkinfo", domain, "vda");
        expect(Number(/^Capacity:\s+(\d+)/m.exec(told)?.[1])).toBe(DISK_BYTES);
      });
    },
    [part],
  );
}

describeWithHost(
  "the lab's servers",
  (host) => {
    test("are left as they are by a second start", async () => {
      const first = [await cephUp(host()), await iscsiUp(host()), await nfsUp(host())];
      const processes = await hostExec(host(), "pgrep", "ceph|tgtd|ganesha|rpcbind");
      expect([await cephUp(host()), await iscsiUp(host()), await nfsUp(host())]).toEqual(first);
      expect(await hostExec(host(), "pgrep", "ceph|tgtd|ganesha|rpcbind")).toBe(processes);
    });

    test("refuse a second storage of the same name", async () => {
      await addBlockDevice(host(), `${prefix}-twice`, DISK_MIB);
      await expect(addBlockDevice(host(), `${prefix}-twice`, DISK_MIB)).rejects.toThrow("there already");
      await removeStorage(host(), `${prefix}-twice`);
    });
  },
  ["ceph", "iscsi", "nfs", "block"],
);
