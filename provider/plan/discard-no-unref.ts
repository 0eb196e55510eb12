// Whether a disk may keep the clusters that its guest frees (`discard_no_unref`): what is asked + format + versions -> what is wrong with it.
import type { DiskProblem, DiskQuestion } from "./disk";
import { isAtLeast } from "./version";

/**
 * QEMU's qcow2 option since 8.1, libvirt's attribute since 9.5.
 * @see https://libvirt.org/formatdomain.html#hard-drives-floppy-disks-cdroms
 */
const since = { libvirt: "9.5", qemu: "8.1" } as const;

/** Empty where it is not asked for, or where it works; a version that nobody knows is not taken for an old one. */
export function discardNoUnrefProblems({ disk, chain, hypervisor }: DiskQuestion): readonly DiskProblem[] {
  if (disk.discardNoUnref !== true) return [];
  const { libvirtVersion, qemuVersion } = hypervisor;
  const old = [
    ...(isAtLeast(libvirtVersion, since.libvirt) === false ? [`libvirt ${since.libvirt} (the host has ${libvirtVersion})`] : []),
    ...(isAtLeast(qemuVersion, since.qemu) === false ? [`QEMU ${since.qemu} (the host has ${qemuVersion})`] : []),
  ];
  const [own] = chain;
  const refuse = (why: string): readonly DiskProblem[] => [{ field: "discardNoUnref", reason: `${own.path} ${why}` }];
  if (disk.format !== "qcow2") return refuse(`is ${disk.format}, and only qcow2 has clusters to keep: leave discardNoUnref out.`);
  return old.length === 0
    ? []
    : refuse(`cannot keep freed clusters: that needs ${old.join(" and ")}. Leave discardNoUnref out, or use a newer host.`);
}
