// A fake host without pools, and an engine that drives one StoragePool on it: the stage of its lifecycle scripts.
import { createFakeHostObserver } from "./fake-host-observer";
import { createFakeLibvirt } from "./fake-libvirt";
import { createResourceDriver } from "./resource-driver";
import type { Values } from "../resources/resource";
import { storagePool } from "../resources/storage-pool/storage-pool";

export function createPoolStage() {
  const fake = createFakeLibvirt();
  const host = createFakeHostObserver();
  fake.addDevice("/dev/vdb");
  fake.addDevice("/dev/full", "ext4");
  const newDriver = () => createResourceDriver({ definition: storagePool, libvirt: fake, host, name: "images" });
  return { fake, host, pool: newDriver(), newDriver };
}

export const dir = (more: Values = {}): Values => ({ name: "images", type: "dir", target: { path: "/srv/images" }, ...more });

/** A program for each type: the least that it needs. */
export const leastPrograms = {
  dir: dir(),
  fs: { name: "images", type: "fs", target: { path: "/srv/fs" }, source: { devices: ["/dev/full"], format: "ext4" } },
  netfs: { name: "images", type: "netfs", target: { path: "/srv/nfs" }, source: { hosts: [{ name: "nas" }], dir: "/export" } },
  disk: { name: "images", type: "disk", source: { devices: ["/dev/vdb"], format: "gpt" }, build: true },
  logical: { name: "images", type: "logical", source: { devices: ["/dev/vdb"] }, build: true },
  zfs: { name: "images", type: "zfs", source: { name: "tank", devices: ["/dev/vdb"] }, build: true },
  rbd: {
    name: "images",
    type: "rbd",
    source: { hosts: [{ name: "mon1" }, { name: "mon2", port: 6789 }], name: "vms", auth: { username: "libvirt", key: "QUJDRA==" } },
  },
  "iscsi-direct": {
    name: "images",
    type: "iscsi-direct",
    source: {
      hosts: [{ name: "san", port: 3260 }],
      devices: ["iqn.2024-01.org.example:storage"],
      initiator: "iqn.2024-01.org.example:host",
      auth: { username: "vm", password: "geheim" },
    },
  },
} as const satisfies Record<string, Values>;
