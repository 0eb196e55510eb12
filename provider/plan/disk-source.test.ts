// plainSource and sourceName: what is the same data has the same name.
import { plainSource, sourceName } from "./disk-source";
import type { DiskSource, NetworkSource } from "./domain";

const network = (rest: Partial<NetworkSource>): NetworkSource => ({ type: "network", protocol: "rbd", name: "a/b", hosts: [], ...rest });

const rows: readonly { because: string; source: DiskSource; plain?: DiskSource; name: string | undefined }[] = [
  { because: "a file is its path", source: { type: "file", path: "/a b" }, name: "/a b" },
  { because: "an empty drive has no name", source: { type: "empty" }, name: undefined },
  {
    because: "monitors do not belong to an image's name",
    source: network({ hosts: [{ name: "mon1", port: 6789 }, { name: "mon2" }] }),
    name: "rbd:a/b",
  },
  {
    because: "libvirt fills iSCSI's port and LUN in",
    source: network({ protocol: "iscsi", name: "iqn.a", hosts: [{ name: "p" }] }),
    plain: network({ protocol: "iscsi", name: "iqn.a/0", hosts: [{ name: "p", port: 3260 }] }),
    name: "iscsi://p:3260/iqn.a/0",
  },
  {
    because: "a URL leaves its usual port out",
    source: network({ protocol: "https", name: "x.iso", query: "a=b", hosts: [{ name: "h", port: 443 }] }),
    plain: network({ protocol: "https", name: "/x.iso", query: "?a=b", hosts: [{ name: "h" }] }),
    name: "https://h/x.iso?a=b",
  },
  {
    because: "port 443 is not http's, and a query without text is none",
    source: network({ protocol: "http", name: "/x.iso", query: "?", hosts: [{ name: "::1", port: 443 }] }),
    plain: network({ protocol: "http", name: "/x.iso", hosts: [{ name: "::1", port: 443 }] }),
    name: "http://[::1]:443/x.iso",
  },
  {
    because: "a path has one way to be encoded",
    source: network({ protocol: "http", name: "/a b/%5b%C3%A4%3f%25.iso", hosts: [{ name: "h" }] }),
    plain: network({ protocol: "http", name: "/a%20b/%5B%C3%A4%3F%25.iso", hosts: [{ name: "h" }] }),
    name: "http://h/a%20b/%5B%C3%A4%3F%25.iso",
  },
  {
    because: "what is no encoding is text",
    source: network({ protocol: "http", name: "/100%", hosts: [{ name: "h" }] }),
    plain: network({ protocol: "http", name: "/100%25", hosts: [{ name: "h" }] }),
    name: "http://h/100%25",
  },
  {
    because: "NFS has no port that libvirt would write",
    source: network({ protocol: "nfs", name: "/x", hosts: [{ name: "h" }], identity: { user: "+1", group: "+2" } }),
    name: "nfs://h/x",
  },
  {
    because: "the letter case of hexadecimal numbers says nothing",
    source: { type: "nvme", address: "0000:0A:00.0", namespace: 1 },
    plain: { type: "nvme", address: "0000:0a:00.0", namespace: 1 },
    name: "nvme://0000:0a:00.0/1",
  },
  { because: "a daemon is its socket", source: { type: "vhostuser", socket: "/s" }, name: "vhostuser:/s" },
];

test.each(rows)("$because", ({ source, plain = source, name }) => {
  expect(plainSource(source)).toStrictEqual(plain);
  expect(plainSource(plain)).toStrictEqual(plain);
  expect(sourceName(source)).toBe(name);
});

test("keys without a value go, a secret's UUID is lower-case", () => {
  const source = network({ query: undefined, initiator: undefined, auth: { username: "u", type: "ceph", secretUuid: "AB-C" } });
  expect(plainSource(source)).toStrictEqual(network({ auth: { username: "u", type: "ceph", secretUuid: "ab-c" } }));
});
