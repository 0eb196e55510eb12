// Debian packages that the house needs, and what each is for.

/** @type {Record<string, string>} */
export const registryPackages = {
  "ca-certificates": "talking to the package registries",
};

/** For private libvirt hosts, their storage and the test guest; not installed where LIBVIRT_DEFAULT_URI is given.
 * @type {Record<string, string>} */
export const hostPackages = {
  "libvirt-daemon-system": "libvirtd, run privately by the tests",
  "libvirt-daemon-driver-qemu": "its QEMU driver",
  "libvirt-clients": "virsh, a second pair of eyes for tests",
  "qemu-system-x86": "virtual machines",
  "qemu-utils": "qemu-img",
  "qemu-block-extra": "network disks",
  "dnsmasq-base": "libvirt's networks",
  iproute2: "network namespaces",
  hostname: "a host name for each private host",
  "util-linux": "unshare, nsenter",
  mount: "file systems for tests",
  e2fsprogs: "ext4",
  xfsprogs: "xfs",
  "btrfs-progs": "btrfs",
  "libxml2-utils": "xmllint, to hold our XML against libvirt's schemas",
  cpio: "the test guest's RAM disk",
  kmod: "the test guest's modules",
  "xz-utils": "the test guest's modules",
};
