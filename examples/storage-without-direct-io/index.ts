// One policy for the host, three machines, and nobody names a cache mode: each disk gets the one that its storage can do.
import * as pulumi from "@pulumi/pulumi";
import * as kvm from "pulumi-kvm";

const config = new pulumi.Config();

const host = new kvm.HostDefaults("host", { cache: "auto", applyChanges: "suspend", accelerator: "qemu" });

const machine = {
  host: host.settings,
  memory: "128MiB",
  directBoot: { kernel: config.require("kernel"), initrd: config.require("initrd"), cmdline: "console=ttyS0 quiet" },
};

const fast = new kvm.VirtualMachine("fast", {
  ...machine,
  disks: { root: { pool: config.require("fastPool"), size: "64MiB" } },
});

const memory = new kvm.VirtualMachine("memory", {
  ...machine,
  disks: { root: { pool: config.require("memoryPool"), size: "64MiB" } },
});

const overlay = new kvm.VirtualMachine("overlay", {
  ...machine,
  disks: { root: { file: config.require("overlay") } },
});

const reasonOf = (vm: kvm.VirtualMachine) => vm.effectiveDisks.apply((disks) => disks["root"]?.reason);

export const pools = host.poolDefaults;
export const why = { fast: reasonOf(fast), memory: reasonOf(memory), overlay: reasonOf(overlay) };
