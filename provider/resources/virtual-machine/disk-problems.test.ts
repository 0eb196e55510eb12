// What can be wrong with disks before any storage is looked at.
import type { Values } from "../resource";
import { unknown } from "../resource";
import { diskProblems } from "./disk-problems";

test.each<{ because: string; disk: Values; old?: Values; path: string | undefined }>([
  { because: "a file is enough", disk: { file: "/a" }, path: undefined },
  { because: "a pool and a size are enough", disk: { pool: "p", size: "1GiB" }, path: undefined },
  { because: "data must come from somewhere", disk: {}, path: "disks.root" },
  { because: "an empty CD drive is a thing", disk: { device: "cdrom" }, path: undefined },
  { because: "a file and a pool contradict each other", disk: { file: "/a", pool: "p", size: "1GiB" }, path: "disks.root.pool" },
  { because: "a new volume needs a size", disk: { pool: "p" }, path: "disks.root.size" },
  { because: "a file has its size", disk: { file: "/a", size: "1GiB" }, path: "disks.root.size" },
  { because: "a file has its name", disk: { file: "/a", volume: "v" }, path: "disks.root.volume" },
  { because: "a file is made already", disk: { file: "/a", preallocation: "full" }, path: "disks.root.preallocation" },
  {
    because: "raw has no metadata to allocate",
    disk: { pool: "p", size: "1GiB", format: "raw", preallocation: "metadata" },
    path: "disks.root.preallocation",
  },
  { because: "qcow2 has", disk: { pool: "p", size: "1GiB", format: "qcow2", preallocation: "metadata" }, path: undefined },
  { because: "there are no virtio CD-ROMs", disk: { device: "cdrom", bus: "virtio" }, path: "disks.root.bus" },
  { because: "a disk does not shrink", disk: { pool: "p", size: "1GiB" }, old: { pool: "p", size: "2GiB" }, path: "disks.root.size" },
  { because: "the same size, otherwise written", disk: { pool: "p", size: "1024MiB" }, old: { pool: "p", size: "1GiB" }, path: undefined },
  {
    because: "a smaller one elsewhere is another volume",
    disk: { pool: "q", size: "1GiB" },
    old: { pool: "p", size: "2GiB" },
    path: undefined,
  },
  {
    because: "a smaller one of another name is another volume",
    disk: { pool: "p", volume: "v", size: "1GiB" },
    old: { pool: "p", size: "2GiB" },
    path: undefined,
  },
  { because: "an image is a size too", disk: { pool: "p", image: "/images/debian.qcow2" }, path: undefined },
  { because: "a volume that is there has its size", disk: { pool: "p", volume: "v" }, path: undefined },
  { because: "an image needs a place for the volume", disk: { file: "/a", image: "/b" }, path: "disks.root.image" },
  { because: "a clone is a clone of something", disk: { pool: "p", size: "1GiB", clone: "full" }, path: "disks.root.clone" },
  {
    because: "raw has no backing file",
    disk: { pool: "p", image: "/i", format: "raw", clone: "linked" },
    path: "disks.root.clone",
  },
  {
    because: "a copy takes the space it takes",
    disk: { pool: "p", image: "/i", preallocation: "full" },
    path: "disks.root.preallocation",
  },
  { because: "two places are one too many", disk: { file: "/a", rbd: { name: "p/i", hosts: [] } }, path: "disks.root.rbd" },
  { because: "RBD without a password", disk: { rbd: { name: "p/i", hosts: [{ name: "m" }] } }, path: undefined },
  { because: "a user needs a key", disk: { rbd: { name: "p/i", hosts: [], username: "u" } }, path: "disks.root.rbd.key" },
  { because: "a key needs a user", disk: { rbd: { name: "p/i", hosts: [], key: "k" } }, path: "disks.root.rbd.username" },
  {
    because: "a password comes from one place",
    disk: { iscsi: { portal: {}, target: "t", lun: 1, username: "u", password: "p", secretUuid: "x" } },
    path: "disks.root.iscsi.secretUuid",
  },
  {
    because: "libvirt takes user and group together",
    disk: { nfs: { server: { name: "n" }, path: "/x", user: "+0" } },
    path: "disks.root.nfs.group",
  },
  { because: "the web is read-only", disk: { http: { url: "http://a/b.iso" }, readonly: false }, path: "disks.root.readonly" },
  { because: "a device has no format", disk: { nvme: { address: "0000:01:00.0" }, format: "qcow2" }, path: "disks.root.format" },
  { because: "SCSI disks have no queues of their own", disk: { file: "/a", bus: "scsi", queues: 2 }, path: "disks.root.queues" },
  { because: "an I/O thread serves virtio", disk: { file: "/a", bus: "sata", iothread: 1 }, path: "disks.root.iothread" },
  { because: "virtio disks have no WWN", disk: { file: "/a", wwn: "5000c50015ea71ad" }, path: "disks.root.wwn" },
  { because: "SCSI disks have", disk: { file: "/a", bus: "scsi", wwn: "5000c50015ea71ad" }, path: undefined },
  { because: "IDE disks have", disk: { file: "/a", bus: "ide", wwn: "5000c50015ea71ad" }, path: undefined },
  { because: "libvirt refuses a WWN on sata", disk: { file: "/a", bus: "sata", wwn: "5000c50015ea71ad" }, path: "disks.root.wwn" },
  { because: "libvirt refuses a WWN on usb", disk: { file: "/a", bus: "usb", wwn: "5000c50015ea71ad" }, path: "disks.root.wwn" },
  { because: "libvirt refuses a read-only SATA disk", disk: { file: "/a", bus: "sata", readonly: true }, path: "disks.root.bus" },
  { because: "a disk on the web is read-only unsaid", disk: { http: { url: "http://a/b" }, bus: "ide" }, path: "disks.root.bus" },
  { because: "a SATA CD-ROM is read-only", disk: { file: "/a", device: "cdrom", readonly: true }, path: undefined },
  { because: "a read-only virtio disk is a thing", disk: { file: "/a", readonly: true }, path: undefined },
  {
    because: "NFS tells its port by itself",
    disk: { nfs: { server: { name: "n", port: 2049 }, path: "/x" } },
    path: "disks.root.nfs.server.port",
  },
  { because: "NFS without a port", disk: { nfs: { server: { name: "n" }, path: "/x" } }, path: undefined },
  { because: "a vhost-user disk is all in its socket", disk: { vhostUser: { socket: "/s" } }, path: undefined },
  { because: "vhost-user is virtio", disk: { vhostUser: { socket: "/s" }, bus: "virtio", queues: 2, bootOrder: 1 }, path: undefined },
  { because: "vhost-user is on no other bus", disk: { vhostUser: { socket: "/s" }, bus: "scsi" }, path: "disks.root.bus" },
  { because: "vhost-user has no CD-ROMs", disk: { vhostUser: { socket: "/s" }, device: "cdrom" }, path: "disks.root.device" },
  { because: "an unknown bus is not judged", disk: { vhostUser: { socket: "/s" }, bus: unknown }, path: undefined },
  { because: "the daemon has threads of its own", disk: { vhostUser: { socket: "/s" }, iothread: 1 }, path: "disks.root.iothread" },
  {
    because: "the daemon has the data's limits",
    disk: { vhostUser: { socket: "/s" }, throttle: { totalIopsSec: 1 } },
    path: "disks.root.throttle",
  },
  { because: "the daemon says the serial number", disk: { vhostUser: { socket: "/s" }, serial: "A" }, path: "disks.root.serial" },
  { because: "the daemon says the name", disk: { vhostUser: { socket: "/s" }, wwn: "5000c50015ea71ad" }, path: "disks.root.wwn" },
  { because: "the daemon makes it read-only", disk: { vhostUser: { socket: "/s" }, readonly: true }, path: "disks.root.readonly" },
  { because: "the daemon shares it", disk: { vhostUser: { socket: "/s" }, shareable: true }, path: "disks.root.shareable" },
  {
    because: "what is not asked for is not refused",
    disk: { vhostUser: { socket: "/s" }, readonly: false, shareable: false },
    path: undefined,
  },
  {
    because: "one limit for all, or one for each way",
    disk: { file: "/a", throttle: { totalIopsSec: 1, readIopsSec: 1 } },
    path: "disks.root.throttle.totalIopsSec",
  },
  {
    because: "a burst exceeds something",
    disk: { file: "/a", throttle: { readBytesSecMax: "1MiB" } },
    path: "disks.root.throttle.readBytesSecMax",
  },
  {
    because: "limits of bytes and of requests go together",
    disk: { file: "/a", throttle: { totalBytesSec: "1MiB", readIopsSec: 5 } },
    path: undefined,
  },
  { because: "a group shares a limit", disk: { file: "/a", throttle: { groupName: "g" } }, path: "disks.root.throttle.groupName" },
  { because: "a group of one", disk: { file: "/a", throttle: { groupName: "g", totalIopsSec: 5 } }, path: undefined },
  { because: "an unknown pool counts as one", disk: { pool: unknown, size: "1GiB" }, path: undefined },
  { because: "an unknown file counts as one", disk: { file: unknown }, path: undefined },
  { because: "an unknown size is not judged", disk: { pool: "p", size: unknown }, old: { pool: "p", size: "2GiB" }, path: undefined },
])("$because", ({ disk, old, path }) => {
  expect(diskProblems({ root: disk }, old && { root: old }).map((problem) => problem.path)).toEqual(path === undefined ? [] : [path]);
});

test.each<{ because: string; disks: Values; paths: readonly string[] }>([
  { because: "two disks on one image", disks: { a: { file: "/x" }, b: { file: "/x" } }, paths: ["disks.b.file"] },
  { because: "two images", disks: { a: { file: "/x" }, b: { file: "/y" } }, paths: [] },
  { because: "two unknown files", disks: { a: { file: unknown }, b: { file: unknown } }, paths: [] },
  { because: "two first disks", disks: { a: { file: "/x", bootOrder: 1 }, b: { file: "/y", bootOrder: 1 } }, paths: ["disks.b.bootOrder"] },
  {
    because: "two disks on one volume",
    disks: { a: { pool: "p", volume: "v", size: "1GiB" }, b: { pool: "p", volume: "v", size: "1GiB" } },
    paths: ["disks.b.volume"],
  },
  {
    because: "volumes of one name in two pools",
    disks: { a: { pool: "p", volume: "v", size: "1GiB" }, b: { pool: "q", volume: "v", size: "1GiB" } },
    paths: [],
  },
  {
    because: "a group has one limit",
    disks: {
      a: { file: "/x", throttle: { groupName: "g", totalBytesSec: "1MiB" } },
      b: { file: "/y", throttle: { groupName: "g", totalBytesSec: "2MiB" } },
    },
    paths: ["disks.b.throttle"],
  },
  {
    because: "one limit, otherwise written",
    disks: {
      a: { file: "/x", throttle: { groupName: "g", totalBytesSec: "1MiB" } },
      b: { file: "/y", throttle: { groupName: "g", totalBytesSec: "1024KiB" } },
    },
    paths: [],
  },
  {
    because: "two groups, two limits",
    disks: {
      a: { file: "/x", throttle: { groupName: "g", totalIopsSec: 1 } },
      b: { file: "/y", throttle: { groupName: "h", totalIopsSec: 2 } },
    },
    paths: [],
  },
  {
    because: "an unknown limit is not judged",
    disks: {
      a: { file: "/x", throttle: { groupName: "g", totalIopsSec: 1 } },
      b: { file: "/y", throttle: { groupName: "g", totalIopsSec: unknown } },
    },
    paths: [],
  },
  { because: "all of them at once", disks: { a: {}, b: { pool: "p" }, c: unknown, d: 5 }, paths: ["disks.a", "disks.b.size"] },
])("$because", ({ disks, paths }) => {
  expect(diskProblems(disks, undefined).map(({ path }) => path)).toEqual(paths);
});
