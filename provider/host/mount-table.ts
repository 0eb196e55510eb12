// The kernel's mount table (/proc/self/mountinfo) -> which file system a path is on. Pure: text in, facts out.
// Format: https://docs.kernel.org/filesystems/proc.html#proc-pid-mountinfo-information-about-mounts

export interface Mount {
  /** The kernel's number of this mount: another one for each mount that is there at the same time. */
  readonly id: string;
  /** The kernel's number of the file system, "8:1": the same for every place where it is mounted. */
  readonly device: string;
  readonly mountPoint: string;
  /** The kernel's name: "ext4", "fuse.bindfs". */
  readonly fileSystem: string;
  /** "/dev/sda1", "tank/data", "none". */
  readonly source: string;
  /** Those of the mount and those of the file system. */
  readonly options: readonly string[];
}

/** The kernel writes space, tab, newline and backslash as an octal number. */
const unescape = (text: string) => text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

function parseLine(line: string): Mount | undefined {
  // Optional fields of varying number stand before the separator.
  const [before = "", after] = line.split(" - ");
  const [id = "", , device, , mountPoint, mountOptions] = before.split(" ");
  const [fileSystem, source, superOptions] = after?.split(" ") ?? [];
  if (device === undefined || mountPoint === undefined || fileSystem === undefined) return undefined;
  const options = [mountOptions, superOptions].flatMap((list) => list?.split(",") ?? []);
  return { id, device, mountPoint: unescape(mountPoint), fileSystem, source: unescape(source ?? ""), options };
}

export function parseMountTable(mountinfo: string): readonly Mount[] {
  return mountinfo
    .split("\n")
    .map(parseLine)
    .filter((mount) => mount !== undefined);
}

const isUnder = (path: string, folder: string) => folder === "/" || path === folder || path.startsWith(`${folder}/`);

/** The mount that an absolute path without symbolic links is on: the longest mount point, and of several on one point the last, which hides the others. */
export function mountOf(mounts: readonly Mount[], realPath: string): Mount | undefined {
  return mounts
    .filter(({ mountPoint }) => isUnder(realPath, mountPoint))
    .reduce<Mount | undefined>(
      (best, mount) => (best === undefined || mount.mountPoint.length >= best.mountPoint.length ? mount : best),
      undefined,
    );
}
