// What is read of the machine that the provider runs on: the seam between the facts and the file system, so that tests can put any machine there.
import { constants, promises as fs } from "node:fs";
import { hostname, release } from "node:os";
import { probeLocalWrite } from "./local-write-probe";
import type { LocalProbe } from "./local-write-probe";
import { headerBytes } from "../plan/image-header";
import { runTool } from "./run-tool";

export interface PathInfo {
  readonly isBlockDevice: boolean;
  readonly isFolder: boolean;
  readonly sizeBytes: number;
  /** Of a device: "253:0". */
  readonly device: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Every verb answers undefined where the thing is not there or may not be read. */
export interface Machine {
  /** "6.18.0-1-amd64" */
  readonly kernelRelease: string;
  readonly hostname: string;
  readText(path: string): Promise<string | undefined>;
  /** The path without symbolic links. */
  realPath(path: string): Promise<string | undefined>;
  /** The whole size of the path's file system, in bytes. */
  fileSystemBytes(path: string): Promise<number | undefined>;
  stat(path: string): Promise<PathInfo | undefined>;
  /** The file's first bytes. */
  readHead(path: string): Promise<Buffer | undefined>;
  readLink(path: string): Promise<string | undefined>;
  /** Whether this very process may read and write the path. */
  mayReadAndWrite(path: string): Promise<boolean>;
  probeLocalWrite(folder: string, options: { mayNameFiles: boolean }): Promise<LocalProbe>;
  /** The letters of a file's or folder's attributes, as chattr takes them: "C" is no copy-on-write. */
  fileAttributes(path: string): Promise<string | undefined>;
  /** The value of a dataset's property, as `zfs get` prints it. */
  zfsProperty(dataset: string, property: string): Promise<string | undefined>;
}

const orUndefined = <Result>(promise: Promise<Result>): Promise<Result | undefined> => promise.catch(() => undefined);

/** Linux packs a device's numbers: https://man7.org/linux/man-pages/man3/makedev.3.html */
export function deviceNumbers(packed: bigint): string {
  const major = ((packed >> 8n) & 0xfffn) | ((packed >> 32n) & 0xfffff000n);
  const minor = (packed & 0xffn) | ((packed >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

async function stat(path: string): Promise<PathInfo> {
  const found = await fs.stat(path, { bigint: true });
  return {
    isBlockDevice: found.isBlockDevice(),
    isFolder: found.isDirectory(),
    sizeBytes: Number(found.size),
    device: deviceNumbers(found.rdev),
    mode: Number(found.mode),
    uid: Number(found.uid),
    gid: Number(found.gid),
  };
}

async function readHead(path: string): Promise<Buffer> {
  const file = await fs.open(path, constants.O_RDONLY);
  try {
    const buffer = Buffer.alloc(headerBytes);
    const { bytesRead } = await file.read(buffer, 0, headerBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

export const thisMachine: Machine = {
  kernelRelease: release(),
  hostname: hostname(),
  readText: (path) => orUndefined(fs.readFile(path, "utf8")),
  realPath: (path) => orUndefined(fs.realpath(path)),
  fileSystemBytes: (path) => orUndefined(fs.statfs(path, { bigint: true }).then(({ bsize, blocks }) => Number(bsize * blocks))),
  stat: (path) => orUndefined(stat(path)),
  readHead: (path) => orUndefined(readHead(path)),
  readLink: (path) => orUndefined(fs.readlink(path)),
  mayReadAndWrite: (path) =>
    fs.access(path, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    ),
  probeLocalWrite,
  fileAttributes: async (path) => (await runTool("lsattr", ["-d", path]))?.split(" ")[0]?.replaceAll("-", ""),
  zfsProperty: (dataset, property) => runTool("zfs", ["get", "-Hp", "-o", "value", property, dataset]),
};
