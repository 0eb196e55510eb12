// One virtual machine from a cloud image. Nobody names a cache mode: the disk gets the one that its storage can do, and `why` says the reason.
import * as pulumi from "@pulumi/pulumi";
import * as kvm from "pulumi-kvm";

const config = new pulumi.Config();
const pool = config.require("pool");

const host = new kvm.HostDefaults("host", { cache: "auto" });

const image = new kvm.Image("image", {
  source: config.require("image"),
  checksum: config.require("imageChecksum"),
  pool,
});

const vm = new kvm.VirtualMachine("vm", {
  host: host.settings,
  memory: config.require("memory"),
  disks: { root: { pool, image: image.path, size: "10GiB" } },
  networks: { lan: { network: config.require("network") } },
});

export const name = vm.name;
export const why = vm.effectiveDisks.apply((disks) => disks["root"]?.reason);
