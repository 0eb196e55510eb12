// The documented contract of VirtualMachine: the source of its schema, its docs and its types.
import { z } from "zod";
import {
  accelerator,
  applyChanges,
  cacheMode,
  cpuMode,
  detectZeroesMode,
  discardMode,
  hostSettings,
  ioMode,
  ruleFields,
} from "../common-contract";
import { diskBuses, diskDevices, diskProtocols } from "../../plan/domain";
import { addressOutputs, networks, waitForAddress } from "./network-contract";
import { cloudInitFields } from "./cloud-init-contract";
import { deviceFields } from "./devices-contract";
import { lifecycleFields } from "./lifecycle-contract";
import { platformFields } from "./platform-contract";
import { cloneKind, diskFormat, hostPath, preallocation, sizeField } from "../volume-fields";

export const description =
  "A virtual machine on a libvirt host. For every disk the effective cache settings are worked out from the storage it is really on, shown with the reason at preview (`effectiveDisks`), and kept: " +
  "live where possible, else as `applyChanges` says.";

const port = z.int().min(1).max(65_535).optional();

const networkHost = z
  .strictObject({ name: z.string().min(1).describe("Host name or address."), port: port.describe("Port. Default: the protocol's.") })
  .describe("A server of network storage.")
  .meta({ id: "NetworkHost" });

const secretUuid = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, { error: "must be the UUID of a libvirt secret." })
  .optional();

const rbd = z
  .strictObject({
    name: z
      .string()
      .regex(/^[^/]+\/.+$/, { error: 'must be "pool/image".' })
      .describe('Ceph pool and image: "libvirt/web-root". The image must be there.'),
    hosts: z.array(networkHost).optional().describe("Ceph monitors. Default: those in the host's /etc/ceph/ceph.conf."),
    username: z.string().min(1).optional().describe('Ceph user, without "client.". Default: no authentication.'),
    key: z
      .string()
      .min(1)
      .optional()
      .meta({ secret: true })
      .describe("The user's cephx key. It is kept in a libvirt secret of this VM's, which goes with the VM; no definition holds it."),
    secretUuid: secretUuid.describe("Instead of `key`: a libvirt secret that is there already."),
  })
  .describe("A Ceph RBD image, opened by QEMU itself.")
  .meta({ id: "RbdSource" });

const iscsi = z
  .strictObject({
    portal: networkHost.describe("The portal. Default port: 3260."),
    target: z.string().min(1).describe('The target\'s name: "iqn.2024-01.org.example:storage".'),
    lun: z.int().min(0).max(16_383).describe("Logical unit number."),
    username: z.string().min(1).optional().describe("CHAP user. Default: no authentication."),
    password: z
      .string()
      .min(1)
      .optional()
      .meta({ secret: true })
      .describe("CHAP password. It is kept in a libvirt secret of this VM's, which goes with the VM; no definition holds it."),
    secretUuid: secretUuid.describe("Instead of `password`: a libvirt secret that is there already."),
    initiator: z
      .string()
      .min(1)
      .optional()
      .describe("The initiator's name that QEMU gives. Default: one that QEMU makes of the VM's name."),
  })
  .describe("An iSCSI logical unit, opened by QEMU's own initiator.")
  .meta({ id: "IscsiSource" });

const nfs = z
  .strictObject({
    server: networkHost.describe("The server, without a port: libvirt takes none there."),
    path: hostPath.describe("The export and the file in it."),
    user: z.string().min(1).optional().describe('Who QEMU is on the server: a name, or a number as "+1000". Default: QEMU\'s own user.'),
    group: z.string().min(1).optional().describe('The group: a name, or a number as "+1000". Default: QEMU\'s own group.'),
  })
  .describe("A file on an NFS server, opened by QEMU's own client (libnfs): the host mounts nothing.")
  .meta({ id: "NfsSource" });

const http = z
  .strictObject({ url: z.url({ protocol: /^https?$/, error: "must be an http or https URL." }).describe("The medium's URL.") })
  .describe("A medium on a web server, read-only: an installation CD, say.")
  .meta({ id: "HttpSource" });

const nvme = z
  .strictObject({
    address: z
      .string()
      .regex(/^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/, { error: 'must be a PCI address such as "0000:01:00.0".' })
      .describe('The controller\'s PCI address on the host: "0000:01:00.0".'),
    namespace: z.int().min(1).optional().describe("The NVMe namespace. Default: 1."),
  })
  .describe("An NVMe controller of the host, driven by QEMU itself; the host loses it while the VM runs.")
  .meta({ id: "NvmeSource" });

const vhostUser = z
  .strictObject({ socket: hostPath.describe("The daemon's unix socket on the host.") })
  .describe("A vhost-user-blk daemon (SPDK, qemu-storage-daemon).")
  .meta({ id: "VhostUserSource" });

const bytesPerSecond = sizeField.optional();
const perSecond = z.int().min(1).optional();

const throttle = z
  .strictObject({
    totalBytesSec: bytesPerSecond.describe('Bytes read and written per second: "100MiB".'),
    readBytesSec: bytesPerSecond.describe("Bytes read per second."),
    writeBytesSec: bytesPerSecond.describe("Bytes written per second."),
    totalIopsSec: perSecond.describe("Requests per second."),
    readIopsSec: perSecond.describe("Read requests per second."),
    writeIopsSec: perSecond.describe("Write requests per second."),
    totalBytesSecMax: bytesPerSecond.describe("What a burst may reach."),
    readBytesSecMax: bytesPerSecond.describe("What a burst of reads may reach."),
    writeBytesSecMax: bytesPerSecond.describe("What a burst of writes may reach."),
    totalIopsSecMax: perSecond.describe("Requests per second that a burst may reach."),
    readIopsSecMax: perSecond.describe("Read requests per second that a burst may reach."),
    writeIopsSecMax: perSecond.describe("Write requests per second that a burst may reach."),
    groupName: z
      .string()
      .min(1)
      .optional()
      .describe("Disks of this VM with the same group name share one limit. A change needs a restart."),
  })
  .describe("Limits of a disk's traffic, in libvirt's words (<iotune>). Changes are live.")
  .meta({ id: "DiskThrottle" });

export const disk = z
  .strictObject({
    file: hostPath
      .optional()
      .describe("An existing image file or block device on the host, by absolute path: a Volume's `path`, say. Never deleted with the VM."),
    pool: z
      .string()
      .min(1)
      .optional()
      .describe(
        "The storage pool in which a new volume is made for this disk (with `size` or `image`), or that holds the existing `volume`.",
      ),
    volume: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Name of the volume in the pool. With `size` or `image`: the new volume's; default: made from the VM's name, the disk's key and the format. Without: an existing volume (a Volume's `name`), never deleted with the VM.",
      ),
    image: z
      .string()
      .min(1)
      .optional()
      .describe(
        "What the new volume starts from: an image on the host, by its path (an Image's `path`) or by the name of a volume in the pool. Heard only when the volume is made: a later change leaves the disk and its data as they are.",
      ),
    imageFormat: diskFormat
      .optional()
      .describe("Format of `image`. Default: as its Image was uploaded, else as found when the volume is made."),
    clone: cloneKind
      .optional()
      .describe(
        "How the volume starts from `image`: `linked` (only what differs is stored, the image must stay; default where the volume can be qcow2) or `full` (a copy).",
      ),
    rbd: rbd.optional().describe("A Ceph RBD image."),
    iscsi: iscsi.optional().describe("An iSCSI logical unit."),
    nfs: nfs.optional().describe("A file on an NFS server."),
    http: http.optional().describe("A read-only medium on a web server."),
    nvme: nvme.optional().describe("An NVMe controller of the host."),
    vhostUser: vhostUser.optional().describe("A vhost-user-blk daemon."),
    size: sizeField
      .optional()
      .describe(
        'Capacity of the new volume: "20GiB". Default with `image`: the image\'s. It can grow, also while the VM runs; it never shrinks.',
      ),
    format: diskFormat
      .optional()
      .describe(
        "Image format. Default: `qcow2` for new volumes in pools of folders, `raw` elsewhere; for an existing file what it was when it was first used.",
      ),
    preallocation: preallocation
      .optional()
      .describe("Space taken when the volume is made: none (`off`, default), qcow2's tables (`metadata`), or all of it (`full`)."),
    device: z.enum(diskDevices).meta({ id: "DiskDevice" }).optional().describe("What the guest sees: `disk` (default) or `cdrom`."),
    bus: z.enum(diskBuses).meta({ id: "DiskBus" }).optional().describe("The bus. Default: `virtio` for disks, `sata` for CD-ROMs."),
    readonly: z.boolean().optional().describe("The guest cannot write. Default: false; always so for CD-ROMs and `http`."),
    shareable: z
      .boolean()
      .optional()
      .describe("Several running VMs use this disk at the same time (raw only, never cached). Default: false."),
    serial: z
      .string()
      .max(36, { error: "must have at most 36 characters." })
      .regex(/^[A-Za-z0-9_.+ -]*$/, { error: "may hold letters, digits, spaces and _ . + - only." })
      .optional()
      .describe("Serial number the guest sees. Default: none."),
    wwn: z
      .string()
      .regex(/^[0-9a-f]{16}$/, { error: "must be 16 hexadecimal digits, in lower case." })
      .optional()
      .describe("World Wide Name the guest sees; on `scsi` and `ide` only. Default: none."),
    bootOrder: z.int().min(1).optional().describe("Place in the boot order, 1 first. Default: disks boot in the order of their targets."),
    ...ruleFields("this disk; asked for here it is honoured or refused, never changed"),
    iothread: z
      .int()
      .min(1)
      .max(1024)
      .optional()
      .describe(
        "Number of the I/O thread that serves this `virtio` disk: disks with the same number share a thread. Default: QEMU's main loop.",
      ),
    queues: z.int().min(1).max(1024).optional().describe("Request queues of this `virtio` disk. Default: libvirt's."),
    throttle: throttle.optional().describe("Limits of the disk's traffic. Default: none."),
    discardNoUnref: z
      .boolean()
      .optional()
      .describe(
        "qcow2: what the guest frees keeps its place in the file, which then does not fragment. Needs QEMU 8.1 and libvirt 9.5. Default: false.",
      ),
    keepOnDelete: z.boolean().optional().describe("Keep the volume when the disk or the VM is deleted. Default: false."),
  })
  .describe(
    "A disk of a virtual machine: a new volume (`pool` with `size` or `image`), an existing one (`file`, or `pool` and `volume`), or network storage and devices (`rbd`, `iscsi`, `nfs`, `http`, `nvme`, `vhostUser`).",
  )
  .meta({ id: "Disk" });

const xmlFragment = z
  .strictObject({
    path: z
      .string()
      .describe(
        'Where the element goes, by the names of its parents below <domain>: "devices", "features", "" for <domain> itself. A device is added; anywhere else the one element of that name is set.',
      ),
    xml: z
      .string()
      .min(1)
      .optional()
      .describe("One XML element, in libvirt's words: it is put at `path`, or replaces the one that is there."),
    remove: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Instead of `xml`: the name of the elements to take away at `path`, such as "vmport". libvirt may put back what it cannot be without. What was taken away does not come back with the fragment\'s end.',
      ),
  })
  .describe("A piece of libvirt's domain XML.")
  .meta({ id: "XmlFragment" });

export const inputs = z.strictObject({
  host: hostSettings
    .optional()
    .describe(
      "`settings` of the host's HostDefaults: its policy and facts. Default: no policy; the storage is looked at for this VM alone.",
    ),
  name: z
    .string()
    .regex(/^[^/\n]+$/, { error: "may not be empty and may not hold a slash or a line end." })
    .max(200)
    .optional()
    .meta({ replace: true })
    .describe("Name of the libvirt domain. Default: the resource's name and a random suffix. A change replaces the VM."),
  description: z.string().optional().describe("Free text, kept in the definition."),
  cpus: z.int().min(1).max(4096).optional().describe("Virtual CPUs that are on. Default: 1. Changes within `maxCpus` are live."),
  maxCpus: z.int().min(1).max(4096).optional().describe("The most CPUs that can be on without a restart. Default: `cpus`."),
  memory: sizeField.describe('Memory: "2GiB". Changes within `maxMemory` are live (balloon).'),
  maxMemory: sizeField.optional().describe("The most memory the VM can get without a restart. Default: `memory`."),
  machine: z
    .string()
    .min(1)
    .optional()
    .describe('Machine type: "q35", "pc", or a versioned one. Default: the host policy\'s, else libvirt\'s; kept once given.'),
  cpuMode: cpuMode.optional().describe("CPU mode. Default: the host policy's, else libvirt's; kept once given."),
  accelerator: accelerator.optional().describe("Accelerator. Default: the host policy's, else `auto`."),
  ...platformFields,
  directBoot: z
    .strictObject({
      kernel: hostPath.describe("Kernel image on the host."),
      initrd: hostPath.optional().describe("Initial RAM disk on the host."),
      cmdline: z.string().optional().describe("Kernel command line."),
    })
    .meta({ id: "DirectBoot" })
    .optional()
    .describe("Direct kernel boot: the VM starts this kernel instead of firmware and boot disk."),
  ...deviceFields,
  disks: z
    .record(z.string().regex(/^[A-Za-z0-9_-]+$/, { error: "a disk's key may hold letters, digits, _ and - only." }), disk)
    .optional()
    .describe("The disks, by a key that is the disk's identity: removing one never renumbers another."),
  networks: networks
    .optional()
    .describe("The network cards, by a key that is the card's identity: removing one never renumbers another. Default: none."),
  waitForAddress: waitForAddress
    .optional()
    .describe("Wait for an address of the guest when the VM is made or started. Default: it is not waited for."),
  ...ruleFields("all disks of this VM that do not say one themselves"),
  ...cloudInitFields,
  xml: z
    .record(z.string().regex(/^[A-Za-z0-9_-]+$/, { error: "a fragment's key may hold letters, digits, _ and - only." }), xmlFragment)
    .optional()
    .describe(
      "Pieces of libvirt's domain XML for what these inputs do not say, by a key that is the piece's identity. What the provider manages itself (disks, memory, …) is refused here. A change needs a restart.",
    ),
  applyChanges: applyChanges
    .optional()
    .describe("How a change is applied that the running VM cannot take live. Default: the host policy's, else `nextBoot`."),
  shutdownTimeoutSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .optional()
    .describe("Seconds the guest has for a graceful stop before it is ended. Default: 60."),
  ...lifecycleFields,
  unplugTimeoutSeconds: z
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .describe(
      "Seconds the guest has to let go of a disk that is removed while it runs. One that it does not let go of stays until the next cold start, and is reported as pending. Default: 30.",
    ),
  autostart: z.boolean().optional().describe("Start the VM with the host. Default: false."),
  power: z
    .enum(["running", "stopped", "paused"])
    .meta({ id: "Power" })
    .optional()
    .describe("The state the VM is kept in. Default: `running`."),
});

const driverFields = {
  cache: cacheMode.describe("Cache mode."),
  io: ioMode.describe("I/O mode."),
  discard: discardMode.describe("Discard mode."),
  detectZeroes: detectZeroesMode.describe("Zero detection."),
};

const networkSource = z
  .strictObject({
    protocol: z.enum(diskProtocols).meta({ id: "DiskProtocol" }).describe("QEMU's driver, in libvirt's words."),
    name: z.string().describe("What is asked for: pool and image, target and unit, or a path."),
    query: z.string().optional().describe("The query of a URL."),
    hosts: z.array(networkHost).describe("The servers."),
    username: z.string().optional().describe("Who it is asked for as."),
    secretUuid: z.string().optional().describe("The libvirt secret that holds the password."),
    initiator: z.string().optional().describe("iSCSI: the initiator's name."),
    user: z.string().optional().describe("NFS: the user on the server."),
    group: z.string().optional().describe("NFS: the group on the server."),
  })
  .describe("How QEMU reaches storage in the network.")
  .meta({ id: "NetworkSource" });

const imageSource = z
  .strictObject({
    path: z.string().describe("The image on the host."),
    format: diskFormat.describe("Its format."),
    clone: cloneKind.describe("How the volume starts from it."),
  })
  .describe("What a new volume starts from.")
  .meta({ id: "ImageSource" });

export const effectiveDisk = z
  .strictObject({
    target: z.string().describe("Device name in the definition: vda."),
    path: z
      .string()
      .optional()
      .describe(
        'File or device on the host, or the name of other storage ("rbd:pool/image", "iscsi://portal/target/1"); absent for an empty CD-ROM.',
      ),
    network: networkSource.optional().describe("How QEMU reaches it, where the storage is in the network."),
    image: imageSource.optional().describe("What the new volume starts from."),
    format: diskFormat.describe("Image format."),
    ...driverFields,
    reason: z.string().describe("Why these settings: the path, its file system, and what decided."),
    notVerified: z.string().optional().describe("Why it could not be made sure that the storage can do this; absent where it was."),
    guestWriteCache: z.boolean().optional().describe("Whether the guest sees a volatile write cache, and so sends flushes."),
    migratable: z.boolean().describe("Whether libvirt would migrate the running VM live with this disk, without copying it."),
    migrationReason: z.string().describe("Why or why not."),
  })
  .describe("The settings a disk gets, and why.")
  .meta({ id: "EffectiveDisk" });

/** What a running (or saved) VM really uses; words that libvirt alone chose are shown as they are. */
export const runningDisk = z
  .strictObject({
    target: z.string().describe("Device name."),
    path: z.string().optional().describe("File or device."),
    cache: z.string().optional().describe("Cache mode; absent: the hypervisor's default."),
    io: z.string().optional().describe("I/O mode; absent: the hypervisor's default."),
    discard: z.string().optional().describe("Discard mode; absent: the hypervisor's default."),
    detectZeroes: z.string().optional().describe("Zero detection; absent: the hypervisor's default."),
  })
  .describe("The settings a disk runs with now.")
  .meta({ id: "RunningDisk" });

export const ownedVolume = z
  .strictObject({
    pool: z.string().describe("Storage pool."),
    name: z.string().describe("Volume name."),
    path: z.string().describe("Path on the host."),
  })
  .describe("A volume that was made for a disk.")
  .meta({ id: "OwnedVolume" });

export const outputs = z.strictObject({
  uuid: z.string().describe("The domain's UUID; also the resource's ID."),
  domainType: z.enum(["kvm", "qemu"]).describe("The accelerator the VM uses: `kvm` or `qemu` (TCG).").meta({ id: "DomainType" }),
  effectiveDisks: z.record(z.string(), effectiveDisk).describe("For every disk the settings it gets, and why."),
  runningDisks: z.record(z.string(), runningDisk).describe("What runs now; empty when the VM is stopped."),
  ...addressOutputs,
  restartPending: z.boolean().describe("Whether a change waits for the next cold start."),
  pendingChanges: z.array(z.string()).describe("The changes that wait, each as a sentence."),
  volumes: z.record(z.string(), ownedVolume).describe("The volumes that were made for the disks."),
});

export type DiskInputs = z.infer<typeof disk>;
export type EffectiveDisk = z.infer<typeof effectiveDisk>;
export type RunningDisk = z.infer<typeof runningDisk>;
export type VirtualMachineInputs = z.infer<typeof inputs>;
export type VirtualMachineOutputs = z.infer<typeof outputs>;

/** Defaults that check fills in, so that a diff shows them. */
export const defaults = { cpus: 1, autostart: false, power: "running", accelerator: "auto" } as const;

/** What `applyChanges` is where neither program nor policy says it. */
export const defaultApplyChanges = "nextBoot";

/** Default of `unplugTimeoutSeconds`: a Linux guest lets go within a second, one that is booting within half a minute. */
export const defaultUnplugTimeoutSeconds = 30;

/** Default of `shutdownTimeoutSeconds`. */
export const defaultShutdownTimeoutSeconds = 60;

type Given<Field extends keyof VirtualMachineInputs> = { readonly [Name in Field]-?: NonNullable<VirtualMachineInputs[Name]> };

/** The inputs after check: the defaults are there, and so are the effective disks unless they can be known at apply only. */
export type CheckedInputs = VirtualMachineInputs &
  Given<"name" | "cpus" | "autostart" | "power" | "applyChanges" | "accelerator"> & {
    readonly effectiveDisks?: Readonly<Record<string, EffectiveDisk>>;
  };
