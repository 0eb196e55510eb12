// Pools as we ask for them and as libvirt tells of them; goldens for every type, which libvirt's own schema must accept.
import { join } from "node:path";
import fc from "fast-check";
import { anyText } from "./any-text.fixture";
import { because, expectValid, goldenFolder, testWithSchemas } from "../testing/golden-files";
import type { PoolRequest } from "./pool-xml";
import { parsePool, poolXml } from "./pool-xml";
import { sameXml } from "./same-xml";

const uuid = "5b2c0d44-7f0a-4c61-9d3e-0c1f2a3b4c5d";
const secretUuid = "0d1e2f3a-4b5c-8d6e-9f70-8192a3b4c5d6";
const nowhere = { hosts: [], devices: [] };

const goldens: Readonly<Record<string, { because: string; request: PoolRequest }>> = {
  "pool-dir": {
    because: "a folder with a mode and owners",
    request: {
      name: "images",
      uuid,
      type: "dir",
      path: "/srv/vm & co/images",
      permissions: { mode: "0711", owner: 0, group: 64055 },
      source: nowhere,
    },
  },
  "pool-fs": {
    because: "a file system on a device",
    request: { name: "fs", uuid, type: "fs", path: "/srv/fs", source: { ...nowhere, devices: ["/dev/vdb1"], format: "xfs" } },
  },
  "pool-disk": {
    because: "the partitions of a disk",
    request: { name: "disk", uuid, type: "disk", path: "/dev", source: { ...nowhere, devices: ["/dev/vdb"], format: "gpt" } },
  },
  "pool-logical": {
    because: "a volume group with the devices it is made on",
    request: {
      name: "lvm",
      uuid,
      type: "logical",
      path: "/dev/vg0",
      source: { ...nowhere, devices: ["/dev/vdb"], name: "vg0", format: "lvm2" },
    },
  },
  "pool-iscsi-direct": {
    because: "CHAP; the secret by its UUID, the password nowhere",
    request: {
      name: "san",
      uuid,
      type: "iscsi-direct",
      source: {
        hosts: [{ name: "10.0.0.1", port: 3260 }],
        devices: ["iqn.2024-01.org.example:storage"],
        initiator: "iqn.2024-01.org.example:host",
        auth: { type: "chap", username: "vm", secretUuid },
      },
    },
  },
  "pool-rbd": {
    because: "several monitors, cephx",
    request: {
      name: "ceph",
      uuid,
      type: "rbd",
      source: {
        hosts: [{ name: "mon1.example.org" }, { name: "10.0.0.2", port: 6789 }],
        devices: [],
        name: "libvirt-pool",
        auth: { type: "ceph", username: "libvirt", secretUuid },
      },
    },
  },
  "pool-zfs": {
    because: "zvols of a zpool",
    request: { name: "tank", uuid, type: "zfs", path: "/dev/zvol/tank", source: { ...nowhere, devices: ["/dev/vdb"], name: "tank" } },
  },
  "pool-netfs": {
    because: "an NFS export",
    request: {
      name: "nfs",
      uuid,
      type: "netfs",
      path: "/srv/nfs",
      source: { ...nowhere, hosts: [{ name: "nas.example.org" }], dir: "/export/vm", format: "nfs" },
    },
  },
};

const { pathOf, expectGolden, expectOnly } = goldenFolder(join(__dirname, "golden-pools"));

describe("golden XML", () => {
  test.each(Object.entries(goldens))("%s", (name, { request }) => expectGolden(name, poolXml(request)));

  test("no file is left over from a golden that is gone", () => expectOnly(Object.keys(goldens)));

  testWithSchemas(`libvirt's schema accepts what we write${because}`, () => expectValid("storagepool", Object.keys(goldens).map(pathOf)));
});

test.each(Object.values(goldens))("is read as it was asked for, and written over itself changes nothing: $because", ({ request }) => {
  const xml = poolXml(request);
  const { sourceFormat, ...observed } = parsePool(xml);
  expect(observed).toEqual(request);
  expect(sourceFormat).toBe(request.source.format);
  expect(poolXml(request, xml)).toBe(xml);
});

test("any text is read as it was written", () => {
  fc.assert(
    fc.property(anyText, anyText, anyText, fc.nat(65_535), (name, path, host, port) => {
      const source = { hosts: [{ name: host, port }], devices: [path], dir: path, initiator: host };
      expect(parsePool(poolXml({ name, uuid, type: "netfs", path, source }))).toEqual({ name, uuid, type: "netfs", path, source });
    }),
  );
});

test.each([
  {
    because: "a folder",
    xml: "<pool type='dir'><name>p</name><uuid>u</uuid><source></source><target><path>/pool</path></target></pool>",
    pool: { name: "p", uuid: "u", type: "dir", path: "/pool", source: nowhere },
  },
  {
    because: "a network file system",
    xml: "<pool type='netfs'><name>p</name><uuid>u</uuid><source><host name='h'/><dir path='/e'/><format type='nfs'/></source><target><path>/m</path></target></pool>",
    pool: {
      name: "p",
      uuid: "u",
      type: "netfs",
      path: "/m",
      sourceFormat: "nfs",
      source: { hosts: [{ name: "h" }], devices: [], dir: "/e", format: "nfs" },
    },
  },
  {
    because: "Ceph has no folder; a secret by usage is somebody else's",
    xml: "<pool type='rbd'><name>p</name><uuid>u</uuid><source><name>rbd</name><auth type='ceph' username='a'><secret usage='c'/></auth></source></pool>",
    pool: {
      name: "p",
      uuid: "u",
      type: "rbd",
      source: { ...nowhere, name: "rbd", auth: { type: "ceph", username: "a", secretUsage: "c" } },
    },
  },
  {
    because: "permissions that libvirt saw",
    xml: "<pool type='dir'><name>p</name><uuid>u</uuid><target><path>/p</path><permissions><mode>0700</mode><owner>1</owner><group>2</group><label>x</label></permissions></target></pool>",
    pool: { name: "p", uuid: "u", type: "dir", path: "/p", source: nowhere, permissions: { mode: "0700", owner: 1, group: 2 } },
  },
])("pool: $because", ({ xml, pool }) => {
  expect(parsePool(xml)).toEqual(pool);
});

test("what others put into a definition stays", () => {
  const held = `<pool type='netfs' xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'><name>p</name><uuid>${uuid}</uuid>
    <capacity unit='bytes'>7</capacity><source><host name='a'/><dir path='/e'/><format type='nfs'/><protocol ver='4'/></source>
    <target><path>/m</path></target><fs:mount_opts><fs:option name='sync'/></fs:mount_opts></pool>`;
  const request: PoolRequest = {
    name: "p",
    uuid,
    type: "netfs",
    path: "/m",
    source: { hosts: [{ name: "a" }], devices: [], dir: "/e", format: "nfs" },
  };
  expect(sameXml(poolXml(request, held), held)).toBe(true);
  const moved = poolXml({ ...request, source: { ...request.source, hosts: [{ name: "b", port: 2049 }] } }, held);
  expect(sameXml(moved, held.replace("<host name='a'/>", "<host name='b' port='2049'/>"))).toBe(true);
});

test("a user that is gone takes the secret's name along", () => {
  const { request } = goldens["pool-rbd"]!;
  const { auth, ...source } = request.source;
  expect(auth).toBeDefined();
  expect(poolXml({ ...request, source }, poolXml(request))).not.toMatch(/auth|secret/);
});
