// What a source tells of its storage, without anybody looking.
import type { DiskSource } from "./domain";
import type { StorageFacts } from "./facts";
import { planDisk } from "./plan-disk";
import { diskQuestion, planOf } from "./question.fixture";
import { factsOfSource } from "./source-facts";

const network = { type: "network", hosts: [{ name: "far", port: 3260 }] } as const;

test.each<{ because: string; source: DiskSource; facts: Partial<StorageFacts>; cache: string }>([
  {
    because: "librbd has a cache of its own",
    source: { ...network, protocol: "rbd", name: "p/web" },
    facts: { kind: "rbd", path: "rbd:p/web", shared: true },
    cache: "writeback",
  },
  {
    because: "QEMU is the initiator",
    source: { ...network, protocol: "iscsi", name: "iqn.x:t/1" },
    facts: { kind: "iscsi-direct", path: "iscsi://far:3260/iqn.x:t/1", shared: true },
    cache: "none",
  },
  {
    because: "QEMU is the NFS client",
    source: { ...network, protocol: "nfs", name: "/srv/a.img" },
    facts: { kind: "libnfs", path: "nfs://far:3260/srv/a.img", shared: true },
    cache: "none",
  },
  {
    because: "curl reads it",
    source: { ...network, protocol: "https", name: "/a.iso", query: "?x=1" },
    facts: { kind: "http", path: "https://far:3260/a.iso?x=1" },
    cache: "none",
  },
  { because: "likewise without TLS", source: { ...network, protocol: "http", name: "/a.iso" }, facts: { kind: "http" }, cache: "none" },
  {
    because: "the controller is this host's",
    source: { type: "nvme", address: "0000:01:00.0", namespace: 1 },
    facts: { kind: "nvme", path: "nvme://0000:01:00.0/1", shared: false },
    cache: "none",
  },
  {
    because: "the daemon is this host's",
    source: { type: "vhostuser", socket: "/run/x.sock" },
    facts: { kind: "vhostuser", path: "vhostuser:/run/x.sock", shared: false },
    cache: "none",
  },
  { because: "devices take O_DIRECT", source: { type: "block", path: "/dev/vg/web" }, facts: { kind: "block" }, cache: "none" },
])("$facts.kind: $because, so auto gives $cache", ({ source, facts, cache }) => {
  const found = factsOfSource(source);
  expect(found).toMatchObject({ ...facts, directIo: "yes", source: "table" });
  expect(planOf(planDisk(diskQuestion({ chain: [found] }))).cache).toBe(cache);
});

test.each<DiskSource>([{ type: "file", path: "/a.img" }, { type: "empty" }])("of $type nothing is known by the source alone", (source) => {
  expect(factsOfSource(source)).toMatchObject({ directIo: "unknown", source: "not asked" });
});
