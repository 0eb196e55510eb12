// A disk in a Ceph cluster: libvirt's pool makes the RBD image, QEMU opens it itself, and the cephx key is in no definition.
import * as pulumi from "@pulumi/pulumi";
import * as kvm from "pulumi-kvm";

const config = new pulumi.Config();

const ceph = new kvm.StoragePool("ceph", {
  type: "rbd",
  source: {
    name: config.require("cephPool"),
    hosts: config.requireObject<{ name: string; port: number }[]>("monitors"),
    auth: { username: config.require("cephUser"), key: config.requireSecret("cephKey") },
  },
});

// The host's facts are read before the pool is there, so the machine looks at its storage itself when it is made.
const vm = new kvm.VirtualMachine("vm", {
  memory: config.require("memory"),
  disks: { root: { pool: ceph.name, size: "10GiB" } },
});

export const disk = vm.effectiveDisks.apply((disks) => disks["root"]?.path);
export const why = vm.effectiveDisks.apply((disks) => disks["root"]?.reason);
export const canMigrateLive = vm.effectiveDisks.apply((disks) => disks["root"]?.migratable);
