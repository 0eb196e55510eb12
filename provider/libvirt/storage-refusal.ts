// QEMU's and libvirt's words for storage that cannot be opened -> what is wrong and the way out. No code tells these apart, so texts are matched, and only here.

/** libvirt's words for QEMU's network drivers. */
type DiskProtocol = "rbd" | "iscsi" | "nfs" | "http";

export interface StorageRefusal {
  /** What could not be opened, where the text names a file. */
  readonly path?: string | undefined;
  /** The network driver that the text comes from. */
  readonly protocol?: DiskProtocol | undefined;
  /** The format driver that the text comes from: it names no file. */
  readonly format?: "qcow2" | undefined;
  readonly wayOut: string;
}

interface Refusal {
  readonly text: RegExp;
  readonly protocol?: DiskProtocol;
  readonly wayOut: string;
}

/** The first that matches: the more special ones stand first. Texts as QEMU 7.2 and libvirt 9.0 have them. */
const refusals: readonly Refusal[] = [
  {
    text: /iSCSI: .*Authentication failure/is,
    protocol: "iscsi",
    wayOut: "The target does not take these CHAP credentials: correct `iscsi.username` and `iscsi.password`.",
  },
  {
    text: /iSCSI: .*(?:Target not found|LOGICAL_UNIT_NOT_SUPPORTED)/is,
    protocol: "iscsi",
    wayOut: "The portal has no such target or logical unit: correct `iscsi.target` and `iscsi.lun`.",
  },
  { text: /iSCSI: /i, protocol: "iscsi", wayOut: "Check the portal's name and port, and that the host reaches it." },
  {
    text: /error reading header from .*No such file or directory/is,
    protocol: "rbd",
    wayOut: "The Ceph pool has no such image: make it (`rbd create`), make it a volume of an `rbd` pool, or correct `rbd.name`.",
  },
  {
    text: /error opening pool .*No such file or directory/is,
    protocol: "rbd",
    wayOut: "Ceph has no such pool: correct `rbd.name`.",
  },
  {
    text: /error connecting: (?:Permission denied|Operation not permitted|Operation not supported)/i,
    protocol: "rbd",
    wayOut: "Ceph does not take this user and key: correct `rbd.username` and `rbd.key`.",
  },
  { text: /error connecting: /i, protocol: "rbd", wayOut: "Check that the host reaches the Ceph monitors in `rbd.hosts`." },
  {
    text: /NFS3ERR_NOENT/i,
    protocol: "nfs",
    wayOut: "The server has no such file there: make it, or correct `nfs.path`.",
  },
  {
    text: /Failed to mount nfs share/i,
    protocol: "nfs",
    wayOut: "Check that the server exports that folder to this host, and correct `nfs.server` and `nfs.path`.",
  },
  {
    text: /NFS: .*(?:ACCESS denied|NFS3ERR_ACCES|NFS3ERR_PERM)/is,
    protocol: "nfs",
    wayOut: "The server does not let QEMU's user at the file: set `nfs.user` and `nfs.group` to its owner, or open the file's mode.",
  },
  { text: /CURL: |curl:/i, protocol: "http", wayOut: "Check the URL and that the host reaches the server." },
  {
    text: /Permission denied/i,
    wayOut:
      "QEMU runs as a user of its own, who must pass every folder on the way (mode o+x; `namei -l PATH` shows them) and whom AppArmor or SELinux must let.",
  },
  {
    text: /(?:Image is not in qcow2 format|Image is corrupt|qcow2: .*corrupt|[Ii]nvalid (?:refcount|L1|cluster)|(?:L1|[Rr]eference count|Snapshot) table|too large to be|header (?:exceeds|too short))/s,
    wayOut:
      "The image is damaged, or is not of the format that the disk says: `qemu-img check` tells more. Restore it, or give the right `format`.",
  },
  { text: /No space left on device/i, wayOut: "The storage is full: free some space, or use another pool." },
  {
    text: /(?:Cannot access (?:storage|backing) file|Could not open) .*No such file or directory/is,
    wayOut: "Make the file, or correct the path.",
  },
];

const namedPath = /'(\/[^']+)'/;
const qcow2Node = /"driver":\s*"qcow2"/;

/** undefined: the message is about something else. */
export function storageRefusal(message: string): StorageRefusal | undefined {
  const found = refusals.find(({ text }) => text.test(message));
  if (found === undefined) return undefined;
  const format = qcow2Node.test(message) ? "qcow2" : undefined;
  return { path: namedPath.exec(message)?.[1], protocol: found.protocol, format, wayOut: found.wayOut };
}
