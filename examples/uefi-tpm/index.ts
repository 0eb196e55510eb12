// UEFI with secure boot and the usual keys, a TPM 2.0, and what Windows guests are best served with. Both go with the machine.
import * as pulumi from "@pulumi/pulumi";
import * as kvm from "pulumi-kvm";

const config = new pulumi.Config();
const installer = config.get("installer");
const accelerator = config.require<kvm.types.enums.Accelerator>("accelerator");

const host = new kvm.HostDefaults("host", { accelerator });

const vm = new kvm.VirtualMachine("vm", {
  host: host.settings,
  cpus: config.requireNumber("cpus"),
  memory: config.require("memory"),
  machine: "q35",
  firmware: "uefi",
  uefi: { secureBoot: true, enrolledKeys: true },
  tpm: {},
  hyperv: accelerator !== "qemu", // KVM has them, plain QEMU has not
  clock: { offset: "localtime" },
  graphics: "vnc", // on the loopback address: ssh -L 5900:127.0.0.1:5900 HOST
  disks: {
    system: { pool: config.require("pool"), size: "64GiB", bus: "sata" }, // until the virtio drivers are installed
    ...(installer ? { installer: { file: installer, device: "cdrom" } } : {}),
  },
});

export const name = vm.name;
export const runsOn = vm.domainType;
