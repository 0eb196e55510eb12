// Who QEMU runs as on a host, by libvirt's capabilities, and what that user may do with a file of this machine, as the kernel decides.
import { childOf, childrenOf, attributeOf, textOf } from "../xml/document";
import { readXml } from "../xml/read-xml";
import type { Machine, PathInfo } from "./machine";

export interface QemuUser {
  readonly uid: number;
  readonly gid: number;
}

const groupShift = 3;
const ownerShift = 6;

/** The numbers that QEMU runs with, from the DAC label: "+64055:+109". undefined: the daemon tells none (session daemons run QEMU as their own user). */
export function qemuUserOf(capabilitiesXml: string): QemuUser | undefined {
  const host = childOf(readXml(capabilitiesXml), "host");
  const models = host === undefined ? [] : childrenOf(host, "secmodel");
  const dac = models.find((model) => textOf(childOf(model, "model")) === "dac");
  const labels = dac === undefined ? [] : childrenOf(dac, "baselabel");
  const label = textOf(labels.find((each) => attributeOf(each, "type") === "kvm") ?? labels[0]);
  const [, uid, gid] = /^\+?(\d+):\+?(\d+)$/.exec(label ?? "") ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** The groups that libvirt gives to the user: its own, and those which name it as a member. */
export async function qemuGroups(machine: Machine, { uid, gid: own }: QemuUser): Promise<readonly number[]> {
  const [passwd = "", group = ""] = await Promise.all([machine.readText("/etc/passwd"), machine.readText("/etc/group")]);
  const user = passwd
    .split("\n")
    .find((line) => line.split(":")[2] === String(uid))
    ?.split(":")[0];
  const groups = group.split("\n").map((line) => line.split(":"));
  const further = groups
    .filter(([, , , members]) => user !== undefined && members?.split(",").includes(user))
    .map(([, , gid]) => Number(gid));
  return [own, ...further];
}

/** The three bits of the mode (read, write, pass) that count for the user. */
export function permissionBits({ mode, uid, gid }: PathInfo, user: number, groups: readonly number[]): number {
  const shift = uid === user ? ownerShift : groups.includes(gid) ? groupShift : 0;
  return (mode >> shift) & 0o7;
}
