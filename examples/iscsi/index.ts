// A disk on a storage array: QEMU logs in itself (no iscsiadm on the host), and the CHAP password is in a libvirt secret of the machine's own.
import * as pulumi from "@pulumi/pulumi";
import * as kvm from "pulumi-kvm";

const config = new pulumi.Config();

const host = new kvm.HostDefaults("host", {});

const vm = new kvm.VirtualMachine("vm", {
  host: host.settings,
  memory: config.require("memory"),
  disks: {
    root: {
      iscsi: {
        portal: { name: config.require("portal"), port: config.requireNumber("port") },
        target: config.require("target"),
        lun: config.requireNumber("lun"),
        username: config.require("chapUser"),
        password: config.requireSecret("chapPassword"),
      },
    },
  },
});

export const disk = vm.effectiveDisks.apply((disks) => disks["root"]?.path);
export const why = vm.effectiveDisks.apply((disks) => disks["root"]?.reason);
