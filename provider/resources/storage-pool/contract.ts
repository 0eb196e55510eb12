// The documented contract of StoragePool: the source of its schema, its docs and its types.
import { z } from "zod";
import { hostPath } from "../volume-fields";
import { poolTypes } from "./pool-types";

export const description =
  "A storage pool on a libvirt host: a folder, a file system, the partitions of a disk, a volume group, a zpool, an NFS export, a Ceph pool or an iSCSI target, in which VMs have their volumes. " +
  "What a pool holds is never deleted with it, unless `deleteContent` says so. Import by name or UUID: `pulumi import kvm:index:StoragePool images default`.";

const permissions = z
  .strictObject({
    mode: z
      .string()
      .regex(/^0?[0-7]{3}$/, { error: 'must be three octal digits, such as "0711".' })
      .optional()
      .describe('Mode of the folder, octal. New folders get "0711": QEMU, which runs as another user, has to pass.'),
    owner: z.int().min(0).optional().describe("User that owns the folder, as a number. New folders are libvirt's (root's)."),
    group: z.int().min(0).optional().describe("Group that owns the folder, as a number."),
  })
  .describe("Mode and owners of a pool's folder; what is absent stays as it is.")
  .meta({ id: "PoolPermissions" });

const target = z
  .strictObject({
    path: hostPath
      .optional()
      .meta({ replace: true })
      .describe("`dir`: the folder. `fs`, `netfs`: where it is mounted. `disk`: where the devices of its partitions are, default `/dev`."),
    permissions: permissions
      .optional()
      .describe("`dir`: mode and owners of the folder. A change stops the pool for a moment; VMs do not notice."),
  })
  .describe("Where on the host a pool's volumes appear.")
  .meta({ id: "PoolTarget" });

const poolHost = z
  .strictObject({
    name: z.string().min(1).describe("Host name or address."),
    port: z.int().min(1).max(65_535).optional().describe("Port. Default: the protocol's."),
  })
  .describe("A server of a pool's storage.")
  .meta({ id: "PoolHost" });

const auth = z
  .strictObject({
    type: z
      .enum(["ceph", "chap"])
      .meta({ id: "PoolAuthType" })
      .optional()
      .describe("`ceph` for `rbd`, `chap` for `iscsi-direct`: the default."),
    username: z.string().min(1).describe('The user: for Ceph without "client.".'),
    key: z
      .string()
      .optional()
      .meta({ secret: true })
      .describe(
        "The cephx key of the user. It is kept in a libvirt secret of this pool's, which goes with the pool; no definition holds it.",
      ),
    password: z
      .string()
      .optional()
      .meta({ secret: true })
      .describe("The CHAP password. It is kept in a libvirt secret of this pool's, which goes with the pool; no definition holds it."),
    secretUuid: z
      .uuid({ error: "must be the UUID of a libvirt secret." })
      .optional()
      .describe("Instead of `key` or `password`: a libvirt secret that is there already."),
  })
  .describe("Who a network pool asks its storage as.")
  .meta({ id: "PoolAuth" });

const source = z
  .strictObject({
    hosts: z.array(poolHost).min(1).optional().describe("`netfs`: the server. `rbd`: the monitors. `iscsi-direct`: the portal."),
    devices: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        "`fs`, `disk`: the block device. `logical`, `zfs`: the devices that `build: true` makes the volume group or zpool on. `iscsi-direct`: the target's name (IQN). A name of /dev/disk/by-id outlives a new order of devices.",
      ),
    dir: z.string().min(1).optional().meta({ replace: true }).describe("`netfs`: the exported folder."),
    name: z
      .string()
      .min(1)
      .optional()
      .meta({ replace: true })
      .describe(
        "`logical`: the volume group. `zfs`: the zpool or dataset. `rbd`: the Ceph pool. Default (not for `rbd`): the pool's name.",
      ),
    format: z
      .string()
      .min(1)
      .optional()
      .meta({ replace: true })
      .describe(
        "`fs`: the file system. `netfs`: nfs, glusterfs or cifs. `disk`: the partition table. In libvirt's words; default: its default.",
      ),
    auth: auth.optional().describe("User and password. Default: none."),
    initiator: z.string().min(1).optional().describe("`iscsi-direct`: our own name (IQN), as the target knows it."),
  })
  .describe("Where a pool's storage is.")
  .meta({ id: "PoolSource" });

export const inputs = z.strictObject({
  name: z
    .string()
    .regex(/^[^/\n]+$/, { error: "may not be empty and may not hold a slash or a line end." })
    .max(200)
    .optional()
    .meta({ replace: true })
    .describe("Name of the pool. Default: the resource's name and a random suffix. A change replaces the pool."),
  type: z
    .enum(poolTypes)
    .meta({ id: "PoolType", replace: true })
    .describe("Kind of storage, in libvirt's words. A change replaces the pool."),
  target: target.optional().describe("Where on the host the volumes appear."),
  source: source.optional().describe("Where the storage is: everything but `dir` has one."),
  autostart: z.boolean().optional().describe("The pool is started with the host. Default: true."),
  active: z.boolean().optional().describe("The pool is kept started. Default: true."),
  build: z
    .boolean()
    .optional()
    .describe(
      "What is made when the pool is made. Default: the folder (`dir`) or mount point (`fs`, `netfs`) that is missing, and nothing that writes to a device. `true`: also the file system (`fs`), partition table (`disk`), volume group (`logical`) or zpool (`zfs`), on empty devices. `false`: nothing.",
    ),
  overwrite: z
    .boolean()
    .optional()
    .describe("With `build: true`: what the devices hold is lost. Default: false, devices that hold something are refused."),
  deleteContent: z
    .boolean()
    .optional()
    .describe(
      "Delete every volume, and the storage (empty folder, partition table, volume group, zpool), when the pool is deleted. Default: false, all stays. Volumes that a running VM uses are never deleted.",
    ),
});

export const outputs = z.strictObject({
  uuid: z.string().describe("UUID of the pool; also the resource's ID."),
  path: z.string().optional().describe("Where on the host the volumes appear; none for `rbd` and `iscsi-direct`."),
  capacity: z.string().optional().describe('Size of the storage: "100GiB"; none while the pool is not active.'),
});

export const defaults = { autostart: true, active: true, deleteContent: false } as const;

type Inputs = z.infer<typeof inputs>;
/** Inputs after check: the name and the defaults are filled in. */
export type CheckedInputs = Omit<Inputs, "name" | keyof typeof defaults> & {
  readonly name: string;
  readonly autostart: boolean;
  readonly active: boolean;
  readonly deleteContent: boolean;
};
export type PoolOutputs = z.infer<typeof outputs>;
