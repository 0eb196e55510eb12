// The migration verdict as a table, in libvirt's order.
import { migrationVerdict } from "./migration-verdict";
import { diskQuestion, storage } from "./question.fixture";

const nfs = storage({ kind: "nfs", shared: true });
const rbd = storage({ kind: "rbd", shared: true });

test.each([
  { because: "read-only comes first", disk: { readonly: true }, chain: [storage()], cache: "writeback", safe: true },
  { because: "a CD-ROM is read-only", disk: { device: "cdrom" }, chain: [storage()], cache: "unsafe", safe: true },
  { because: "a local file is refused whatever the cache", chain: [storage()], cache: "none", safe: false },
  { because: "a local file is refused whatever the cache", chain: [storage()], cache: "writeback", safe: false },
  { because: "a network disk is safe whatever the cache", chain: [rbd], cache: "writeback", qemuVersion: "3.1", safe: true },
  { because: "a shared file without a cache", chain: [nfs], cache: "none", qemuVersion: "3.1", safe: true },
  { because: "a shared file without a cache", chain: [nfs], cache: "directsync", qemuVersion: "3.1", safe: true },
  { because: "QEMU 4.0 drops its cache", chain: [nfs], cache: "writeback", qemuVersion: "4.0.0", safe: true },
  { because: "QEMU 3.1 does not", chain: [nfs], cache: "writeback", qemuVersion: "3.1.0", safe: false },
  { because: "a QEMU of unknown version may not", chain: [nfs], cache: "writethrough", qemuVersion: "", safe: false },
  { because: "QEMU's own initiator", chain: [storage({ kind: "iscsi-direct", shared: true })], cache: "writeback", safe: true },
  {
    because: "QEMU's own NFS client",
    chain: [storage({ kind: "libnfs", shared: true })],
    cache: "writeback",
    qemuVersion: "3.1",
    safe: true,
  },
  { because: "libvirt refuses NVMe", chain: [storage({ kind: "nvme" })], cache: "none", safe: false },
  { because: "the daemon stays behind", chain: [storage({ kind: "vhostuser" })], cache: "none", safe: false },
  { because: "a web server's file is only read", chain: [storage({ kind: "http", shared: true })], cache: "none", safe: true },
  {
    because: "a cluster's hosts keep their caches coherent",
    chain: [storage({ kind: "gfs2", shared: true })],
    cache: "writeback",
    qemuVersion: "3.1",
    safe: true,
  },
  { because: "unsafe is not migratable", chain: [nfs], cache: "unsafe", safe: false },
  { because: "unsafe is not migratable", chain: [rbd], cache: "unsafe", safe: false },
  { because: "a base that stays behind", chain: [nfs, storage()], cache: "none", safe: false },
  { because: "iSCSI is seen by both", chain: [storage({ kind: "iscsi", shared: true })], cache: "none", safe: true },
  { because: "a local volume is another disk over there", chain: [storage({ kind: "lvm" })], cache: "none", safe: false },
] as const)("$because ($cache)", ({ safe, cache, ...row }) => {
  const { disk = {}, qemuVersion = "7.2.22" } = row as { disk?: object; qemuVersion?: string };
  const verdict = migrationVerdict(diskQuestion({ disk, chain: row.chain, hypervisor: { qemuVersion } }), cache);
  expect(verdict.safe).toBe(safe);
  expect(verdict.reason).not.toBe("");
});
