// A rule for each storage pool. The nearest that says something decides: the disk, its machine, the pool's rule, the storage kind's rule, the host.
import * as pulumi from "@pulumi/pulumi";
import * as kvm from "pulumi-kvm";

const config = new pulumi.Config();
const [fast, safe] = [config.require("fastPool"), config.require("safePool")];

const host = new kvm.HostDefaults("host", {
  cache: "auto",
  pools: {
    [fast]: { cache: "none", io: "native" },
    [safe]: { cache: "directsync" }, // without direct I/O it falls to writethrough, which promises the same
  },
  storageKinds: { rbd: { cache: "none" } },
});

const vm = new kvm.VirtualMachine("vm", {
  host: host.settings,
  memory: config.require("memory"),
  disks: {
    system: { pool: fast, size: "1GiB" },
    journal: { pool: safe, size: "64MiB" },
    scratch: { pool: fast, size: "64MiB", cache: "unsafe" }, // the disk's own word comes first; only by name is there "unsafe"
  },
});

export const pools = host.poolDefaults;
export const disks = vm.effectiveDisks.apply((effective) =>
  Object.fromEntries(Object.entries(effective).map(([key, { cache, io, reason }]) => [key, { cache, io, reason }])),
);
