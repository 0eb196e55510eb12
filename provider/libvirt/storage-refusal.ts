// QEMU's and libvirt's words for storage that cannot be opened -> what is wrong and the way out. No code tells these apart, so texts are matched, and only here.

/** libvirt's words for QEMU's network drivers. */
type DiskProtocol = "rbd" | "iscsi" | "nfs" | "http";

export interface StorageRefusal {
  /** What could not be opened, where the text names a file. */
  readonly path?: string | undefined;
  /** The network driver that the text comes from. */
  readonly protocol?: DiskProtocol | undefined;
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
    text: /iSCSI:.*(?:Authentication failure|Status: Authentication)/is,
    protocol: "iscsi",
    wayOut: "The target does not take these CHAP credentials: correct `iscsi.username` and `iscsi.password`.",
  },
  {
    text: /iSCSI:.*(?:Target not found|LOGICAL UNIT NOT SUPPORTED|No such (?:target|LUN)|not present)/is,
    protocol: "iscsi",
    wayOut: "The portal has no such target or logical unit: correct `iscsi.target` and `iscsi.lun`.",
  },
  {
    text: /iSCSI: Failed to connect/i,
    protocol: "iscsi",
    wayOut: "Check the portal's name and port, and that the host reaches it.",
  },
  {
    text: /error reading header from.*No such file or directory/is,
    protocol: "rbd",
    wayOut: "The Ceph pool has no such image: make it (`rbd create`), make it a volume of an `rbd` pool, or correct `rbd.name`.",
  },
  {
    text: /error (?:connecting|opening pool).*(?:Operation not permitted|Permission denied|Invalid argument|No such file or directory|not supported)/is,
    protocol: "rbd",
    wayOut: "Ceph does not take this user, key or pool: correct `rbd.username`, `rbd.key` and `rbd.name`.",
  },
  { text: /error connecting/i, protocol: "rbd", wayOut: "Check that the host reaches the Ceph monitors in `rbd.hosts`." },
  {
    text: /(?:Failed to (?:open|mount).*nfs|nfs_(?:mount|open))/is,
    protocol: "nfs",
    wayOut:
      "Check that the server exports the path to this host, that the file is there, and who may read and write it (`nfs.user`, `nfs.group`).",
  },
  { text: /CURL:|curl/i, protocol: "http", wayOut: "Check the URL and that the host reaches the server." },
  {
    text: /Permission denied/i,
    wayOut:
      "QEMU runs as a user of its own, who must pass every folder on the way (mode o+x, `namei -l PATH` shows them) and whom AppArmor or SELinux must let.",
  },
  {
    text: /(?:Image is not in qcow2 format|Image is corrupt|qcow2:.*corrupt|invalid (?:refcount|L1|cluster))/is,
    wayOut:
      "The image is damaged, or is not of the format that the disk says: `qemu-img check` tells more. Restore it, or give the right `format`.",
  },
  { text: /No space left on device/i, wayOut: "The storage is full: free some space, or use another pool." },
  {
    text: /(?:Cannot access (?:storage|backing) file|Could not open).*No such file or directory/is,
    wayOut: "Make the file, or correct the path.",
  },
];

const namedPath = /'(\/[^']+)'/;

/** undefined: the message is about something else. */
export function storageRefusal(message: string): StorageRefusal | undefined {
  const found = refusals.find(({ text }) => text.test(message));
  if (found === undefined) return undefined;
  return { path: namedPath.exec(message)?.[1], protocol: found.protocol, wayOut: found.wayOut };
}
