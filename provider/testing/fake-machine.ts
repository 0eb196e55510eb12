// A machine made of tables, for the observer's tests.
import type { LocalProbe } from "../host/local-write-probe";
import type { Machine, PathInfo } from "../host/machine";

export interface FakeMachineOptions {
  /** Lines of /proc/self/mountinfo after the mount point: { "/pool": "zfs tank/x rw" }. */
  readonly mounts: Readonly<Record<string, string>>;
  readonly fileSystemBytes?: Readonly<Record<string, number>>;
  readonly texts?: Readonly<Record<string, string>>;
  readonly stats?: Readonly<Record<string, Partial<PathInfo>>>;
  readonly heads?: Readonly<Record<string, Buffer>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly probe?: LocalProbe;
  /** By path: chattr's letters. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** By "dataset property". */
  readonly zfsProperties?: Readonly<Record<string, string>>;
  readonly hostname?: string;
}

export interface FakeMachine extends Machine {
  /** Folders that were written to. */
  readonly probed: readonly string[];
  /** Datasets that `zfs` was asked for. */
  readonly zfsAsked: readonly string[];
  /** Another file system takes the place of a mount: the line as in `mounts`. */
  remount(point: string, rest: string): void;
}

const nothing: PathInfo = { isBlockDevice: false, isFolder: false, sizeBytes: 0, device: "0:0", mode: 0, uid: 0, gid: 0 };

export function fakeMachine(options: FakeMachineOptions): FakeMachine {
  const probed: string[] = [];
  const { mounts, texts = {}, stats = {}, heads = {}, links = {}, fileSystemBytes = {} } = options;
  const mountinfo = Object.entries(mounts).map(([point, rest], index) => `${index} 1 0:${index} / ${point} rw - ${rest}`);
  const zfsAsked: string[] = [];
  const { probe = { directIo: "yes", why: "an aligned O_DIRECT write worked" } } = options;
  return {
    probed,
    zfsAsked,
    remount: (point, rest) => void mountinfo.push(`${mountinfo.length} 1 0:${mountinfo.length} / ${point} rw - ${rest}`),
    kernelRelease: "6.1.0",
    hostname: options.hostname ?? "here",
    readText: async (path) => (path === "/proc/self/mountinfo" ? mountinfo.join("\n") : texts[path]),
    realPath: async (path) => links[path] ?? path,
    fileSystemBytes: async (path) => fileSystemBytes[path],
    stat: async (path) => (stats[path] ? { ...nothing, ...stats[path] } : undefined),
    readHead: async (path) => heads[path],
    readLink: async (path) => links[path],
    mayReadAndWrite: async (path) => stats[path] !== undefined,
    probeLocalWrite: async (folder) => {
      probed.push(folder);
      return probe;
    },
    fileAttributes: async (path) => options.attributes?.[path],
    zfsProperty: async (dataset, property) => {
      zfsAsked.push(dataset);
      return options.zfsProperties?.[`${dataset} ${property}`];
    },
  };
}
