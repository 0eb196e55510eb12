// Debian packages that the house needs, and what each is for.

/** @type {Record<string, string>} */
export const registryPackages = {
  "ca-certificates": "talking to the package registries",
};

/** For private libvirt hosts, their storage, the servers of tests and the test guest; not installed where LIBVIRT_DEFAULT_URI is given.
 * @type {Record<string, string>} */
export const hostPackages = {
  "libvirt-daemon-system": "libvirtd, run privately by the tests",
  "libvirt-daemon-driver-qemu": "its QEMU driver",
  "libvirt-clients": "virsh, a second pair of eyes for tests",
  "qemu-system-x86": "virtual machines",
  "qemu-utils": "qemu-img",
  "qemu-block-extra": "network disks",
  ovmf: "UEFI firmware for guests, with and without secure boot",
  swtpm: "the TPMs that guests have",
  "swtpm-tools": "swtpm_setup, by which libvirt makes a new TPM",
  "dnsmasq-base": "libvirt's networks",
  iproute2: "network namespaces",
  hostname: "a host name for each private host",
  "util-linux": "unshare, nsenter",
  mount: "file systems for tests",
  e2fsprogs: "ext4",
  xfsprogs: "xfs",
  "btrfs-progs": "btrfs",
  parted: "the partitions of disk pools",
  "libvirt-daemon-driver-storage-rbd": "libvirt's RBD pools",
  "libvirt-daemon-driver-storage-iscsi-direct": "libvirt's iSCSI pools",
  "ceph-mon": "a Ceph cluster for tests, with the three packages below (366 MB in all)",
  "ceph-osd": "its storage daemon",
  "ceph-mgr": "its manager, which tells how much room there is",
  "ceph-common": "rbd, and the cluster's administration",
  tgt: "an iSCSI server for tests",
  "nfs-ganesha": "an NFS server for tests, which needs no kernel module",
  "nfs-ganesha-vfs": "its exports of local folders",
  rpcbind: "where the NFS client finds its server",
  "zfs-fuse": "ZFS without a kernel module",
  bindfs: "a FUSE file system over a plain folder",
  "openssh-server": "sshd on a loopback port, from which tests fetch images by sftp",
  "openssh-client": "sftp and ssh-keygen, by which they do so",
  "libxml2-utils": "xmllint, to hold our XML against libvirt's schemas",
  genisoimage: "isoinfo, which reads our seed images back",
  xorriso: "another reader of them",
  "libarchive-tools": "bsdtar, a third",
  "python3-yaml": "PyYAML, by which cloud-init reads what we write",
  cpio: "the test guests' RAM disks",
  mmdebstrap: "the real Debian guest, installed from the sources of the machine's own apt",
  kmod: "the test guests' modules",
  "xz-utils": "the test guests' modules",
};

/**
 * The units of packages above that systemd would start at the next boot. A private host starts what it needs itself; where we are the ones who
 * install the package, the machine's own unit is switched off.
 * @type {Record<string, readonly string[]>}
 */
export const unwantedUnits = {
  tgt: ["tgt.service"],
  "nfs-ganesha": ["nfs-ganesha.service", "nfs-ganesha-lock.service"],
  rpcbind: ["rpcbind.socket", "rpcbind.service"],
  "zfs-fuse": ["zfs-fuse.service"],
  "openssh-server": ["ssh.service", "ssh.socket"],
};
