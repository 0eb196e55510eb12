// Sources over sources: what changes is written, what does not stays with all that others keep there; and what a plan cannot say.
import fc from "fast-check";
import { plainSource } from "../plan/disk-source";
import type { DiskSource, DomainDisk, NetworkSource } from "../plan/domain";
import { diskXml, writeDisk } from "./disk-xml";
import { anySource, direct, rootDisk } from "./domain-plan.fixture";
import { differences } from "./lines-of.fixture";
import { isSayable, parseDisk } from "./parse-domain";
import { parseSource } from "./parse-disk-source";
import { readXml } from "./read-xml";
import { writeXml } from "./write-xml";

const uuid = "5f2f1d0e-6a9e-4a43-9d6a-0b1a5a1f6c77";
const disk = (source: DiskSource, rest: Partial<DomainDisk> = {}): DomainDisk => ({ ...rootDisk, format: "raw", source, ...rest });
const rbd: NetworkSource = {
  type: "network",
  protocol: "rbd",
  name: "vms/web",
  hosts: [{ name: "mon1" }],
  auth: { username: "libvirt", type: "ceph", secretUuid: uuid },
};
const http: NetworkSource = { type: "network", protocol: "http", name: "/a.iso", hosts: [{ name: "h" }] };

function over(xml: string, wanted: DomainDisk): string {
  const element = readXml(xml);
  writeDisk(element, wanted);
  return writeXml(element);
}

/** As libvirt holds it when other hands have been there too. */
const heldRbd = diskXml(disk(rbd)).replace(
  /<source [^]*<\/source>/,
  `<source protocol="rbd" name="vms/web" index="1"><host name="mon1"/><auth username="libvirt"><secret type="ceph" uuid="${uuid}"/></auth>
     <encryption format="luks"><secret type="passphrase" uuid="${uuid}"/></encryption><privateData/></source><backingStore/>`,
);
const oldSource = [
  '/disk/source index="1" name="vms/web" protocol="rbd"',
  '/disk/source/auth username="libvirt"',
  `/disk/source/auth/secret type="ceph" uuid="${uuid}"`,
  '/disk/source/encryption format="luks"',
  `/disk/source/encryption/secret type="passphrase" uuid="${uuid}"`,
  '/disk/source/host name="mon1"',
  "/disk/source/privateData",
  "/disk/backingStore",
];

const rows: readonly { because: string; held: string; wanted: DiskSource; gone: readonly string[]; added: readonly string[] }[] = [
  { because: "an unchanged source is left as it is", held: heldRbd, wanted: rbd, gone: [], added: [] },
  {
    because: "another user alone is written",
    held: heldRbd,
    wanted: { ...rbd, auth: { username: "other", type: "ceph", secretUuid: uuid } },
    gone: ['/disk/source/auth username="libvirt"'],
    added: ['/disk/source/auth username="other"'],
  },
  {
    because: "authentication that nobody asks for goes",
    held: heldRbd,
    wanted: { ...rbd, auth: undefined },
    gone: ['/disk/source/auth username="libvirt"', `/disk/source/auth/secret type="ceph" uuid="${uuid}"`],
    added: [],
  },
  {
    because: "other monitors lead to the same image",
    held: heldRbd,
    wanted: { ...rbd, hosts: [{ name: "mon2", port: 3300 }, { name: "mon3" }] },
    gone: ['/disk/source/host name="mon1"'],
    added: ['/disk/source/host name="mon2" port="3300"', '/disk/source/host name="mon3"'],
  },
  {
    because: "another image leaves nothing of the old one behind",
    held: heldRbd,
    wanted: { type: "block", path: "/dev/vg0/web" },
    gone: [...oldSource, '/disk device="disk" type="network"'],
    added: ['/disk device="disk" type="block"', '/disk/source dev="/dev/vg0/web"'],
  },
  {
    because: "cookies are for the server that gave them",
    held: diskXml(disk(http)).replace("</source>", '<ssl verify="no"/><cookies><cookie name="a">b</cookie></cookies></source>'),
    wanted: { ...http, hosts: [{ name: "other" }] },
    gone: ['/disk/source/host name="h"', '/disk/source/ssl verify="no"', "/disk/source/cookies", '/disk/source/cookies/cookie name="a" b'],
    added: ['/disk/source/host name="other"'],
  },
  {
    because: "cookies and the port that libvirt filled in stay with an unchanged source",
    held: diskXml(disk(http)).replace('<host name="h"/>', '<host name="h" port="80"/><cookies><cookie name="a">b</cookie></cookies>'),
    wanted: http,
    gone: [],
    added: [],
  },
  {
    because: "old definitions have the authentication beside the source, where it stays",
    held: `<disk type="network" device="disk"><driver name="qemu" type="raw" cache="none" io="native" discard="unmap" detect_zeroes="unmap"/>
      <auth username="libvirt"><secret type="ceph" uuid="${uuid.toUpperCase()}"/></auth><source protocol="rbd" name="vms/web"><host name="mon1"/></source>
      <target dev="vda" bus="virtio"/></disk>`,
    wanted: rbd,
    gone: [],
    added: [],
  },
  {
    because: "a driver that somebody else binds stays so",
    held: diskXml(disk({ type: "nvme", address: "0000:01:00.0", namespace: 1 })).replace('managed="yes"', 'managed="no"'),
    wanted: { type: "nvme", address: "0000:01:00.0", namespace: 1 },
    gone: [],
    added: [],
  },
  {
    because: "a daemon's reconnecting stays, and its settings are none of the block layer's",
    held: diskXml(disk({ type: "vhostuser", socket: "/s" }))
      .replace('path="/s"/>', 'path="/s"><reconnect enabled="yes" timeout="10"/></source>')
      .replace('<driver name="qemu"', '<driver name="qemu" cache="none" discard="unmap"'),
    wanted: { type: "vhostuser", socket: "/s" },
    gone: ['/disk/driver cache="none" discard="unmap" name="qemu" type="raw"'],
    added: ['/disk/driver name="qemu" type="raw"'],
  },
  {
    because: "beside a daemon libvirt refuses what other disks may have",
    held: diskXml(disk({ type: "file", path: "/f" }))
      .replace('<disk type="file"', '<disk type="file" snapshot="external"')
      .replace('cache="none"', 'cache="none" error_policy="stop"')
      .replace("<alias", "<vendor>me</vendor><alias"),
    wanted: { type: "vhostuser", socket: "/s" },
    gone: [
      '/disk device="disk" snapshot="external" type="file"',
      '/disk/driver cache="none" detect_zeroes="unmap" discard="unmap" error_policy="stop" io="native" name="qemu" type="raw"',
      '/disk/source file="/f"',
      "/disk/vendor me",
    ],
    added: ['/disk device="disk" type="vhostuser"', '/disk/driver name="qemu" type="raw"', '/disk/source path="/s" type="unix"'],
  },
  {
    because: "libvirt's note that a daemon takes no snapshots goes with the daemon",
    held: diskXml(disk({ type: "vhostuser", socket: "/s" })).replace('<disk type="vhostuser"', '<disk type="vhostuser" snapshot="no"'),
    wanted: { type: "file", path: "/f" },
    gone: [
      '/disk device="disk" snapshot="no" type="vhostuser"',
      '/disk/driver name="qemu" type="raw"',
      '/disk/source path="/s" type="unix"',
    ],
    added: [
      '/disk device="disk" type="file"',
      '/disk/driver cache="none" detect_zeroes="unmap" discard="unmap" io="native" name="qemu" type="raw"',
      '/disk/source file="/f"',
    ],
  },
  {
    because: "a secret by its usage gives way to the one that the plan names",
    held: diskXml(disk(rbd)).replace(`uuid="${uuid}"`, 'usage="client.libvirt"'),
    wanted: rbd,
    gone: ['/disk/source/auth/secret type="ceph" usage="client.libvirt"'],
    added: [`/disk/source/auth/secret type="ceph" uuid="${uuid}"`],
  },
];

test.each(rows)("$because", ({ held, wanted, gone, added }) => {
  const written = over(held, disk(wanted, { driver: direct }));
  const found = differences(held, written);
  expect({ gone: [...found.gone].sort(), added: [...found.added].sort() }).toEqual({ gone: [...gone].sort(), added: [...added].sort() });
  expect(parseSource(readXml(written))).toEqual(plainSource(wanted));
});

test("any source over any other is that source, and over itself the same text", () => {
  fc.assert(
    fc.property(anySource, anySource, (before, wanted) => {
      const once = over(diskXml(disk(before)), disk(wanted));
      expect(parseSource(readXml(once))).toEqual(plainSource(wanted));
      expect(over(once, disk(wanted))).toBe(once);
    }),
    { numRuns: 200 },
  );
});

test("a query that begins with a question mark of its own keeps it", () => {
  const asked = { ...http, name: "/a.iso", query: "??" };
  const read = parseSource(readXml(diskXml(disk(asked))));
  expect(read).toMatchObject({ query: "??" });
});

test("a query stands in the definition without its question mark, a path without its encoding: libvirt adds both", () => {
  expect(diskXml(disk({ ...http, name: "/a%20b.iso", query: "?x=%20&y" }))).toContain(
    '<source protocol="http" name="/a b.iso" query="x=%20&amp;y">',
  );
});

test("a PCI address that is none is our own mistake by now", () => {
  expect(() => diskXml(disk({ type: "nvme", address: "1:0", namespace: 1 }))).toThrow('"1:0" was taken for a PCI address');
});

const host = "<host name='h'/>";
const auth = (secret: string) => `<auth username='u'><secret ${secret}/></auth>`;

test.each([
  { because: "another protocol", xml: `<disk type='network'><source protocol='gluster' name='v/i'>${host}</source></disk>` },
  { because: "a pool's volume", xml: "<disk type='volume'><source pool='p' volume='v'/></disk>" },
  { because: "a folder", xml: "<disk type='dir'><source dir='/d'/></disk>" },
  { because: "a network drive without a medium", xml: "<disk type='network' device='cdrom'/>" },
  {
    because: "a secret by its usage",
    xml: `<disk type='network'><source protocol='rbd' name='p/i'>${host}${auth("type='ceph' usage='x'")}</source></disk>`,
  },
  {
    because: "a password that its protocol does not have",
    xml: `<disk type='network'><source protocol='iscsi' name='i/1'>${host}${auth(`type='ceph' uuid='${uuid}'`)}</source></disk>`,
  },
  {
    because: "a password for a web server",
    xml: `<disk type='network'><source protocol='http' name='/x'>${host}${auth(`type='iscsi' uuid='${uuid}'`)}</source></disk>`,
  },
  {
    because: "a socket",
    xml: "<disk type='network'><source protocol='iscsi' name='i/1'><host transport='unix' socket='/s'/></source></disk>",
  },
  { because: "monitors from the host's own file", xml: "<disk type='network'><source protocol='rbd' name='p/i'/></disk>" },
  {
    because: "another configuration file",
    xml: `<disk type='network'><source protocol='rbd' name='p/i'>${host}<config file='/c'/></source></disk>`,
  },
  { because: "a snapshot", xml: `<disk type='network'><source protocol='rbd' name='p/i'>${host}<snapshot name='s'/></source></disk>` },
  { because: "half an identity", xml: `<disk type='network'><source protocol='nfs' name='/x'>${host}<identity user='u'/></source></disk>` },
  { because: "several parts of a file", xml: "<disk type='file'><source file='/f'><slices><slice/><slice/></slices></source></disk>" },
  { because: "a daemon without a socket", xml: "<disk type='vhostuser'><source type='unix'/></disk>" },
  { because: "a controller without an address", xml: "<disk type='nvme'><source type='pci' namespace='1'/></disk>" },
])("no plan says $because, and such a disk is left alone", ({ xml }) => {
  const observed = parseDisk(readXml(xml.replace("</disk>", "<target dev='vda' bus='virtio'/></disk>")), undefined);
  expect(observed.source).toBeUndefined();
  expect(isSayable(observed)).toBe(false);
});

test.each([
  {
    because: "a live disk has an index, aliases and a chain",
    xml: `<disk type='network'><source protocol='rbd' name='p/i' index='2'>${host}<privateData/></source><backingStore type='file'><source file='/b'/></backingStore></disk>`,
    path: "rbd:p/i",
  },
  {
    because: "TCP is how servers are reached",
    xml: "<disk type='network'><source protocol='iscsi' name='iqn.a'><host name='h' transport='tcp'/></source></disk>",
    path: "iscsi://h:3260/iqn.a/0",
  },
  {
    because: "numbers are hexadecimal or not",
    xml: "<disk type='nvme'><source type='pci' namespace='1'><address domain='0' bus='10' slot='0x1f' function='0x7'/></source></disk>",
    path: "nvme://0000:0a:1f.7/1",
  },
  {
    because: "one part of a file is named like the file",
    xml: "<disk type='file'><source file='/f'><slices><slice/></slices></source></disk>",
    path: "/f",
  },
])("a plan can say it, because $because", ({ xml, path }) => {
  const observed = parseDisk(readXml(xml.replace("</disk>", "<target dev='vda' bus='virtio'/></disk>")), undefined);
  expect(observed.path).toBe(path);
  expect(isSayable(observed)).toBe(true);
});
