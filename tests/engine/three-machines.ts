// The program of the case that the project exists for: three VMs, on storage with and without O_DIRECT.

export const threeMachines = (overlay: string) => `
  const host = new kvm.HostDefaults("host", { cache: "auto" });
  const common = { ...machine, host: host.settings };
  const one = new kvm.VirtualMachine("one", { ...common, disks: { root: { pool: ext4, size: "16MiB" } } });
  const two = new kvm.VirtualMachine("two", { ...common, disks: { root: { pool: ramfs, size: "16MiB" } } });
  const three = new kvm.VirtualMachine("three", { ...common, disks: { root: { file: ${JSON.stringify(overlay)} } } });
  export const names = [one.name, two.name, three.name];
  export const effective = [one, two, three].map((vm) => vm.effectiveDisks);
`;
