// Disk inputs <-> sources of a definition.
import { sourceName } from "../../plan/disk-source";
import type { DiskSource } from "../../plan/domain";
import type { DiskInputs } from "./contract";
import { diskSecretUuid, importedSource, namedSource, networkSource, shownNetwork } from "./disk-sources";

const owner = { vm: "web", key: "data" };
const uuid = "11111111-2222-3333-4444-555555555555";

const cases: readonly { because: string; disk: DiskInputs; source: DiskSource; name: string }[] = [
  {
    because: "an RBD image without authentication",
    disk: { rbd: { name: "libvirt/web", hosts: [{ name: "mon1", port: 6789 }, { name: "mon2" }] } },
    source: { type: "network", protocol: "rbd", name: "libvirt/web", hosts: [{ name: "mon1", port: 6789 }, { name: "mon2" }] },
    name: "rbd:libvirt/web",
  },
  {
    because: "an RBD image with a secret that is there already",
    disk: { rbd: { name: "libvirt/web", hosts: [{ name: "mon1" }], username: "libvirt", secretUuid: uuid } },
    source: {
      type: "network",
      protocol: "rbd",
      name: "libvirt/web",
      hosts: [{ name: "mon1" }],
      auth: { username: "libvirt", type: "ceph", secretUuid: uuid },
    },
    name: "rbd:libvirt/web",
  },
  {
    because: "a logical unit",
    disk: { iscsi: { portal: { name: "10.0.0.1", port: 3261 }, target: "iqn.2024-01.org.example:a", lun: 1, initiator: "iqn.x" } },
    source: {
      type: "network",
      protocol: "iscsi",
      name: "iqn.2024-01.org.example:a/1",
      hosts: [{ name: "10.0.0.1", port: 3261 }],
      initiator: "iqn.x",
    },
    name: "iscsi://10.0.0.1:3261/iqn.2024-01.org.example:a/1",
  },
  {
    because: "a file on an NFS server",
    disk: { nfs: { server: { name: "nas" }, path: "/vms/web.img", user: "+1000", group: "+1000" } },
    source: {
      type: "network",
      protocol: "nfs",
      name: "/vms/web.img",
      hosts: [{ name: "nas" }],
      identity: { user: "+1000", group: "+1000" },
    },
    name: "nfs://nas/vms/web.img",
  },
  {
    because: "a CD on a web server",
    disk: { http: { url: "https://example.org:8443/a/debian.iso?token=1" } },
    source: { type: "network", protocol: "https", name: "/a/debian.iso", query: "?token=1", hosts: [{ name: "example.org", port: 8443 }] },
    name: "https://example.org:8443/a/debian.iso?token=1",
  },
  {
    because: "an NVMe controller",
    disk: { nvme: { address: "0000:01:00.0", namespace: 2 } },
    source: { type: "nvme", address: "0000:01:00.0", namespace: 2 },
    name: "nvme://0000:01:00.0/2",
  },
  {
    because: "a vhost-user daemon",
    disk: { vhostUser: { socket: "/run/vhost.sock" } },
    source: { type: "vhostuser", socket: "/run/vhost.sock" },
    name: "vhostuser:/run/vhost.sock",
  },
];

test.each(cases)("$because becomes its source, has a name, and comes back", ({ disk, source, name }) => {
  expect(namedSource(disk, owner)).toEqual(source);
  expect(sourceName(source)).toBe(name);
  expect(importedSource(source)).toEqual(disk);
});

test("what is shown of a network source holds all of it", () => {
  for (const { source } of cases) if (source.type === "network") expect(networkSource(shownNetwork(source))).toEqual(source);
});

test("a key in the program goes into a secret of the disk's own, never into the source", () => {
  const source = namedSource({ rbd: { name: "p/i", hosts: [{ name: "mon" }], username: "u", key: "AQBkey==" } }, owner);
  expect(source).toMatchObject({ auth: { username: "u", secretUuid: diskSecretUuid(owner) } });
  expect(JSON.stringify(source)).not.toContain("AQBkey");
});

test("the iSCSI portal's port is written out", () => {
  const source = namedSource({ iscsi: { portal: { name: "p" }, target: "iqn.a", lun: 0 } }, owner);
  expect(source).toMatchObject({ hosts: [{ name: "p", port: 3260 }] });
});

test("an IPv6 web server keeps its brackets where a URL needs them", () => {
  const disk = { http: { url: "http://[2001:db8::1]/a.iso" } };
  const source = namedSource(disk, owner);
  expect(source).toMatchObject({ hosts: [{ name: "2001:db8::1" }] });
  expect(source && importedSource(source)).toEqual(disk);
});

test("files and volumes name no source by themselves", () => {
  expect(namedSource({ file: "/a" }, owner)).toBeUndefined();
  expect(namedSource({ pool: "p", size: "1GiB" }, owner)).toBeUndefined();
});
