import { mountOf, parseMountTable } from "./mount-table";

const table = String.raw`22 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
31 22 0:25 / /proc rw,nosuid shared:13 - proc proc rw
40 22 0:40 / /srv/images rw shared:20 master:3 - zfs tank/images rw,xattr
41 22 0:41 / /srv/images/my\040pool rw - btrfs /dev/vdb rw,nodatacow,space_cache=v2
42 22 0:42 / /var/lib/libvirt rw - ramfs none rw
43 22 254:16 / /var/lib/libvirt rw - xfs /dev/vdc rw
garbage
`;
const mounts = parseMountTable(table);

test.each([
  { path: "/etc/hosts", fileSystem: "ext4", because: "the root is what is left" },
  { path: "/srv/images", fileSystem: "zfs", because: "a mount point is on its own mount" },
  { path: "/srv/images/a/b.qcow2", fileSystem: "zfs", because: "optional fields before the separator vary" },
  { path: "/srv/images2/a", fileSystem: "ext4", because: "a common beginning is no parent folder" },
  { path: "/srv/images/my pool/a", fileSystem: "btrfs", because: "a space is written as an octal number, and the longer mount point wins" },
  { path: "/var/lib/libvirt/images", fileSystem: "xfs", because: "the later mount hides the earlier one" },
])("$path is on $fileSystem: $because", ({ path, fileSystem }) => {
  expect(mountOf(mounts, path)?.fileSystem).toBe(fileSystem);
});

test("the options of the mount and of the file system are both told", () => {
  expect(mountOf(mounts, "/srv/images/my pool")?.options).toEqual(["rw", "rw", "nodatacow", "space_cache=v2"]);
});

test("no table, no mount", () => {
  expect(mountOf(parseMountTable(""), "/")).toBeUndefined();
});
