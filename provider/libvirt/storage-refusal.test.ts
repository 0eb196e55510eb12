// The texts of QEMU 7.2 and libvirt 9.0 for storage that cannot be opened, as they were seen.
import { storageRefusal } from "./storage-refusal";

const fromQemu = (driver: string, text: string) =>
  `internal error: process exited while connecting to monitor: 2026-11-24T12:00:00.000000Z qemu-system-x86_64: -blockdev {"driver":"${driver}","node-name":"libvirt-1-storage"}: ${text}`;
const iscsi = (text: string) => fromQemu("iscsi", `iSCSI: Failed to connect to LUN : ${text}`);

test.each([
  {
    because: "a wrong CHAP password",
    text: iscsi("Failed to log in to target. Status: Authentication failure(513)"),
    protocol: "iscsi",
    says: "CHAP",
  },
  {
    because: "a unit that is not there",
    text: iscsi("SENSE KEY:ILLEGAL_REQUEST(5) ASCQ:LOGICAL_UNIT_NOT_SUPPORTED(0x2500)"),
    protocol: "iscsi",
    says: "iscsi.lun",
  },
  {
    because: "a target that is not there",
    text: iscsi("Failed to log in to target. Status: Target not found(515)"),
    protocol: "iscsi",
    says: "iscsi.target",
  },
  {
    because: "nobody listens",
    text: iscsi("iscsi_service failed with : iscsi_service_reconnect_if_loggedin. Can not reconnect right now."),
    protocol: "iscsi",
    says: "portal",
  },
  {
    because: "an RBD image that is not there",
    text: fromQemu("rbd", "error reading header from nope: No such file or directory"),
    protocol: "rbd",
    says: "no such image",
  },
  {
    because: "a Ceph pool that is not there",
    text: fromQemu("rbd", "error opening pool nopool: No such file or directory"),
    protocol: "rbd",
    says: "no such pool",
  },
  { because: "an unknown Ceph user", text: fromQemu("rbd", "error connecting: Permission denied"), protocol: "rbd", says: "rbd.username" },
  { because: "another user's key", text: fromQemu("rbd", "error connecting: Operation not permitted"), protocol: "rbd", says: "rbd.key" },
  { because: "Ceph wants a user", text: fromQemu("rbd", "error connecting: Operation not supported"), protocol: "rbd", says: "rbd.key" },
  { because: "no monitor answers", text: fromQemu("rbd", "error connecting: Connection timed out"), protocol: "rbd", says: "monitors" },
  {
    because: "an NFS file that is not there",
    text: fromQemu("nfs", 'Failed to open file : open call failed with "NFS: Lookup of /nope.img failed with NFS3ERR_NOENT(-2)"'),
    protocol: "nfs",
    says: "nfs.path",
  },
  {
    because: "no export",
    text: fromQemu(
      "nfs",
      "Failed to mount nfs share: mount_cb: RPC error: Mount failed with error MNT3ERR_ACCES(13) Permission denied(13)",
    ),
    protocol: "nfs",
    says: "exports",
  },
  {
    because: "a file of root's",
    text: fromQemu("nfs", 'Failed to open file : open call failed with "NFS: ACCESS denied. Required access rw-. Allowed access r--"'),
    protocol: "nfs",
    says: "nfs.user",
  },
])("$because is told with its way out", ({ text, protocol, says }) => {
  expect(storageRefusal(text)).toMatchObject({ protocol, wayOut: expect.stringContaining(says) as string });
});

test.each([
  {
    because: "a folder that QEMU's user may not pass",
    text: fromQemu("file", "Could not open '/pools/shut/a.qcow2': Permission denied"),
    path: "/pools/shut/a.qcow2",
    says: "o+x",
  },
  { because: "a damaged image", text: fromQemu("qcow2", "Image is not in qcow2 format"), path: undefined, says: "qemu-img check" },
  {
    because: "a file that is gone",
    text: "Cannot access storage file '/pools/a.qcow2': No such file or directory",
    path: "/pools/a.qcow2",
    says: "correct the path",
  },
])("$because names the file where the text does", ({ text, path, says }) => {
  expect(storageRefusal(text)).toMatchObject({ path, protocol: undefined, wayOut: expect.stringContaining(says) as string });
});

test.each([
  { because: "a table at an odd place", text: "Active L1 table offset invalid" },
  { because: "no reference counts", text: "Image does not contain a reference count table" },
  { because: "tables beyond all bounds", text: "Reference count table too large" },
  { because: "half a header", text: "qcow2 header too short" },
])("an image with $because is damaged, and its format is what tells the disk", ({ text }) => {
  const message = `internal error: qemu unexpectedly closed the monitor: qemu-system-x86_64: -blockdev {"node-name":"libvirt-1-format","driver":"qcow2","file":"libvirt-1-storage","backing":null}: ${text}`;
  expect(storageRefusal(message)).toMatchObject({ format: "qcow2", wayOut: expect.stringContaining("qemu-img check") as string });
});

test("a message about anything else is none", () => {
  expect(storageRefusal("internal error: process exited while connecting to monitor")).toBeUndefined();
});
