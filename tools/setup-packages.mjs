// What the house needs from the system, and why each package is there.

/** @type {Record<string, string>} package -> what it is for */
export const systemPackages = {
  "ca-certificates": "talking to the package registries",
  "libvirt-daemon-system": "libvirtd, the private test hosts",
  "libvirt-daemon-driver-qemu": "libvirtd's QEMU driver",
  "libvirt-clients": "virsh, a second pair of eyes for tests",
  "qemu-system-x86": "virtual machines",
  "qemu-utils": "qemu-img",
  "qemu-block-extra": "network disks",
  "dnsmasq-base": "libvirt's networks",
  iproute2: "network namespaces",
  hostname: "a host name for each private host",
  "util-linux": "unshare, nsenter",
  mount: "file systems of the tests",
  e2fsprogs: "ext4",
  xfsprogs: "xfs",
  "btrfs-progs": "btrfs",
  "libxml2-utils": "xmllint, to hold our XML against libvirt's schemas",
  cpio: "the test guest's RAM disk",
  kmod: "the test guest's kernel modules",
  "xz-utils": "the test guest's kernel modules",
};
