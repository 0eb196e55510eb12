// The examples whose point is storage, as acceptance tests: pools with and without direct I/O, one image for many, Ceph, iSCSI.
import { cephUp, hostExec, iscsiUp, missingFor, virsh } from "../../tools/lab/lab";
import type { Example } from "./run-examples";
import { emptyImage, itRunsExamples } from "./run-examples";
import { describeScene } from "./scene";

const like = (pattern: RegExp) => expect.stringMatching(pattern) as string;
const memory = "128MiB";

const examples: Readonly<Record<string, Example>> = {
  "storage-without-direct-io": {
    prepare: async ({ lab, ext4, ramfs }) => {
      const overlay = `${ext4.path}/overlay.qcow2`;
      await hostExec(lab, "qemu-img", "create", "-q", "-f", "qcow2", `${ramfs.path}/base.qcow2`, "64M");
      await hostExec(lab, "qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", `${ramfs.path}/base.qcow2`, overlay);
      await virsh(lab, "pool-refresh", ext4.name);
      const { kernel, initrd } = lab.guest;
      return { config: { fastPool: ext4.name, memoryPool: ramfs.name, overlay, kernel, initrd } };
    },
    isUp: ({ why }) =>
      expect(why).toMatchObject({
        fast: like(/^none.*ext4/),
        memory: like(/^writeback.*ramfs/),
        overlay: like(/^writeback.*base\.qcow2 is on ramfs/),
      }),
  },
  "cache-policies-per-pool": {
    prepare: async ({ ext4, ramfs }) => ({ config: { fastPool: ext4.name, safePool: ramfs.name, memory } }),
    isUp: ({ disks }) =>
      expect(disks).toMatchObject({
        system: { cache: "none", io: "native" },
        journal: { cache: "writethrough", reason: like(/ramfs/) },
        scratch: { cache: "unsafe" },
      }),
  },
  "linked-clones": {
    prepare: async (scene) => ({
      config: { image: await emptyImage(scene), pool: scene.ext4.name, memory: "64MiB" },
    }),
    isUp: async ({ names, sharedImage }, { lab }) => {
      const machines = names as string[];
      expect(machines).toHaveLength(10);
      const chains = await Promise.all(machines.map((name) => virsh(lab, "dumpxml", name)));
      for (const xml of chains) expect(xml).toMatch(new RegExp(`<backingStore[^]*<source file='${String(sharedImage)}'`));
    },
  },
  "ceph-rbd": {
    missing: missingFor("ceph"),
    prepare: async ({ lab }) => {
      const { monitors, user, key, pool } = await cephUp(lab);
      return { config: { monitors: JSON.stringify(monitors), cephUser: user, cephPool: pool, memory }, secrets: { cephKey: key } };
    },
    isUp: async ({ disk, why, canMigrateLive }, { lab }) => {
      expect([disk, why, canMigrateLive]).toEqual([like(/^rbd:/), like(/^writeback.*Ceph/), true]);
      expect(await virsh(lab, "list", "--name")).not.toBe("");
    },
  },
  iscsi: {
    missing: missingFor("iscsi"),
    prepare: async ({ lab }) => {
      const { portal, port, target, lun, user, password } = await iscsiUp(lab);
      const config = { portal, port: String(port), target, lun: String(lun), chapUser: user, memory };
      return { config, secrets: { chapPassword: password } };
    },
    isUp: ({ disk, why }) => expect([disk, why]).toEqual([like(/^iscsi:/), like(/^none/)]),
  },
};

describeScene("examples of storage", "example", (scene) => {
  itRunsExamples(scene, examples);
});
