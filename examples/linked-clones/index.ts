// Ten machines from one image. It is uploaded once; each machine's disk is a qcow2 volume that stores only what differs from it.
import * as pulumi from "@pulumi/pulumi";
import * as kvm from "pulumi-kvm";

const config = new pulumi.Config();
const pool = config.require("pool");

const host = new kvm.HostDefaults("host", {});

const image = new kvm.Image("image", {
  source: config.require("image"),
  checksum: config.require("imageChecksum"),
  pool,
});

const machines = Array.from(
  { length: config.requireNumber("count") },
  (_, index) =>
    new kvm.VirtualMachine(`node-${index}`, {
      host: host.settings,
      memory: config.require("memory"),
      disks: { root: { pool, image: image.path, clone: "linked", size: "10GiB" } },
    }),
);

export const names = machines.map(({ name }) => name);
export const sharedImage = image.path;
