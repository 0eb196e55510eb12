// The program of the case that the project exists for: three VMs, on storage with and without O_DIRECT, and the overlay that the third has its disk on.
import { hostExec, virsh } from "../../tools/lab/lab";
import type { Scene } from "./scene";

export const overlayOf = ({ ext4 }: Scene) => `${ext4.path}/overlay.qcow2`;
export const baseOf = ({ ramfs }: Scene) => `${ramfs.path}/base.qcow2`;

/** An overlay where direct I/O works, over a base where it does not. */
export async function makeOverlay(scene: Scene): Promise<void> {
  const make = (...args: string[]) => hostExec(scene.lab, "qemu-img", "create", "-q", "-f", "qcow2", ...args);
  await make(baseOf(scene), "16M");
  await make("-F", "qcow2", "-b", baseOf(scene), overlayOf(scene));
  await virsh(scene.lab, "pool-refresh", scene.ext4.name);
  await virsh(scene.lab, "pool-refresh", scene.ramfs.name);
}

export const threeMachines = (overlay: string) => `
  const host = new kvm.HostDefaults("host", { cache: "auto" });
  const common = { ...machine, host: host.settings };
  const one = new kvm.VirtualMachine("one", { ...common, disks: { root: { pool: ext4, size: "16MiB" } } });
  const two = new kvm.VirtualMachine("two", { ...common, disks: { root: { pool: ramfs, size: "16MiB" } } });
  const three = new kvm.VirtualMachine("three", { ...common, disks: { root: { file: ${JSON.stringify(overlay)} } } });
  export const names = [one.name, two.name, three.name];
  export const effective = [one, two, three].map((vm) => vm.effectiveDisks);
`;
