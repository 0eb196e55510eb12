// A folder of this machine -> why QEMU's user cannot reach what lies in it: a folder on the way that it may not pass.
import { dirname } from "node:path";
import type { Eyes } from "./eyes";
import type { PathInfo } from "./machine";
import { permissionBits, qemuGroups, qemuUserOf } from "./qemu-user";

const pass = 0o1;
const groupPass = 0o010;
const modeMask = 0o777;

const shownMode = ({ mode }: PathInfo) => (mode & modeMask).toString(8).padStart(4, "0");

/** The folder and all above it, the root first. */
function foldersTo(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [...foldersTo(parent), folder];
}

/** The folder that such a clause is about: the one whose mode is in the way. */
export const closedFolderOf = (clause: string): string | undefined => /^(.*) has mode \d{4}, and QEMU's user /s.exec(clause)?.[1];

/**
 * A clause: "/srv/x has mode 0700, and QEMU's user (64055) may not pass it". undefined: it may, or nobody can tell. An access list can let users pass whom
 * the mode's last digit does not; the kernel then shows the pass bit of the group, so where that is set, nothing is said.
 */
export async function whyImpassable(
  { libvirt, machine, meet }: Eyes,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  // A session's QEMU is this very user.
  if (new URL(libvirt.uri).pathname === "/session") return undefined;
  const real = await machine.realPath(folder);
  if (real === undefined) return undefined;
  const stats = await Promise.all(foldersTo(real).map(async (path) => ({ path, info: await machine.stat(path) })));
  const doubtful = stats.flatMap(({ path, info }) => (info === undefined || (info.mode & pass) !== 0 ? [] : [{ path, info }]));
  if (doubtful.length === 0) return undefined;
  const user = qemuUserOf((await meet(signal)).identity.capabilitiesXml);
  if (user === undefined || user.uid === 0) return undefined;
  const groups = await qemuGroups(machine, user);
  const closed = doubtful.find(({ info }) => {
    const mayBeListed = info.uid !== user.uid && !groups.includes(info.gid) && (info.mode & groupPass) !== 0;
    return !mayBeListed && (permissionBits(info, user.uid, groups) & pass) === 0;
  });
  return closed && `${closed.path} has mode ${shownMode(closed.info)}, and QEMU's user (${user.uid}) may not pass it`;
}
