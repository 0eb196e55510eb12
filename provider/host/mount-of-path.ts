// A path of this machine -> the mount that it is on.
import type { Machine } from "./machine";
import { mountOf, parseMountTable } from "./mount-table";
import type { Mount } from "./mount-table";

/** undefined: the path is not there, or there is no mount table (not Linux). */
export async function mountOfPath(machine: Machine, path: string): Promise<Mount | undefined> {
  const [realPath, mountinfo] = await Promise.all([machine.realPath(path), machine.readText("/proc/self/mountinfo")]);
  return realPath === undefined || mountinfo === undefined ? undefined : mountOf(parseMountTable(mountinfo), realPath);
}
