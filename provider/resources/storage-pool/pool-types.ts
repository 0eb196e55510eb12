// What each type of pool needs, may not have, makes, and deletes: the one table that check, diff and the lifecycle go by. Pure.

export const poolTypes = ["dir", "fs", "netfs", "disk", "logical", "zfs", "rbd", "iscsi-direct"] as const;
export type PoolType = (typeof poolTypes)[number];

/** The parts of a pool that mean something to some types only, by their property paths. */
export const partMeanings = {
  "target.path": "the absolute path of its folder on the host",
  "target.permissions": "mode and owners of its folder",
  "source.hosts": "its server",
  "source.devices": "its block device",
  "source.dir": "the exported folder",
  "source.name": "its name on the storage",
  "source.format": "its format",
  "source.auth": "a user and a password",
  "source.initiator": "the IQN that the host has as an initiator",
} as const;
export type Part = keyof typeof partMeanings;
export const partNames = Object.keys(partMeanings) as readonly Part[];

export interface PoolTypeRules {
  readonly required: readonly Part[];
  readonly optional: readonly Part[];
  /** Why a part is not for this type, or what it is here, where the general words do not tell. */
  readonly words?: Partial<Readonly<Record<Part, string>>>;
  /** Lists of which there is exactly one. */
  readonly single: readonly ("source.hosts" | "source.devices")[];
  readonly devices: "paths" | "names" | "iqn";
  /** libvirt's formats, and what it takes none for. */
  readonly formats?: { readonly all: readonly string[]; readonly default: string };
  readonly auth?: "ceph" | "chap";
  /** Building makes a folder, which destroys nothing. */
  readonly buildsFolder: boolean;
  /** What building makes on devices, and whether libvirt can do that over what they hold. */
  readonly makes?: { readonly what: string; readonly overwrites: boolean; readonly needsDevices: boolean };
  /** What deleteContent deletes besides the volumes: the folder where it is empty, the whole storage, nothing; or whether there is no deleting at all. */
  readonly deletes: "folder" | "storage" | "volumes" | "nothing";
  /** A stop and a start of the pool disturb nobody, so that a new definition can take effect at once. */
  readonly restarts: boolean;
  readonly whenNotStarting: string;
  /** Debian's package with libvirt's driver for the type, where it is one of its own. */
  readonly driver?: string;
}

const fileSystems = ["auto", "ext2", "ext3", "ext4", "ufs", "iso9660", "udf", "gfs", "gfs2", "vfat", "hfs+", "xfs", "ocfs2", "vmfs"];
const partitionTables = ["unknown", "dos", "dvh", "gpt", "mac", "bsd", "pc98", "sun", "lvm2"];

const mountedPermissions = "the file system that is mounted there brings its own; set them in it";

export const poolTypeRules = {
  dir: {
    required: ["target.path"],
    optional: ["target.permissions"],
    single: [],
    devices: "paths",
    buildsFolder: true,
    deletes: "folder",
    restarts: true,
    whenNotStarting: "Check that the folder is there and is a folder; unless `build` is false, it is made with the pool.",
  },
  fs: {
    required: ["target.path", "source.devices"],
    optional: ["source.format"],
    words: { "target.path": "the absolute path where it is mounted", "target.permissions": mountedPermissions },
    single: ["source.devices"],
    devices: "paths",
    formats: { all: fileSystems, default: "auto" },
    buildsFolder: true,
    makes: { what: "a file system", overwrites: true, needsDevices: true },
    deletes: "folder",
    restarts: false,
    whenNotStarting: "Check that the device holds a file system that the host can mount; `build: true` makes one on an empty device.",
  },
  netfs: {
    required: ["target.path", "source.hosts", "source.dir"],
    optional: ["source.format"],
    words: { "target.path": "the absolute path where it is mounted", "target.permissions": mountedPermissions },
    single: ["source.hosts"],
    devices: "paths",
    formats: { all: ["auto", "nfs", "glusterfs", "cifs"], default: "auto" },
    buildsFolder: true,
    deletes: "folder",
    restarts: false,
    whenNotStarting:
      "Check that the server is up and exports the folder to this host, and that the host has the client to mount it (Debian: nfs-common).",
  },
  disk: {
    required: ["source.devices"],
    optional: ["target.path", "source.format"],
    single: ["source.devices"],
    devices: "paths",
    formats: { all: partitionTables, default: "dos" },
    buildsFolder: false,
    makes: { what: "a partition table", overwrites: true, needsDevices: true },
    deletes: "storage",
    restarts: false,
    whenNotStarting: "Check that the device is there and has a partition table of that format; `build: true` makes one on an empty device.",
  },
  logical: {
    required: [],
    optional: ["source.devices", "source.name", "source.format"],
    words: { "target.path": "its volumes are in /dev/NAME, NAME being the volume group" },
    single: [],
    devices: "paths",
    formats: { all: ["unknown", "lvm2"], default: "lvm2" },
    buildsFolder: false,
    makes: { what: "a volume group", overwrites: true, needsDevices: true },
    deletes: "storage",
    restarts: false,
    whenNotStarting: "Check that the volume group is there (`vgs`); `build: true` makes it on empty devices.",
  },
  zfs: {
    required: [],
    optional: ["source.devices", "source.name"],
    words: { "target.path": "its volumes are in /dev/zvol/NAME, NAME being the zpool" },
    single: [],
    devices: "names",
    buildsFolder: false,
    makes: { what: "a zpool", overwrites: false, needsDevices: false },
    deletes: "storage",
    restarts: false,
    whenNotStarting: "Check that the zpool or dataset is there (`zfs list`); `build: true` makes it.",
    driver: "libvirt-daemon-driver-storage-zfs",
  },
  rbd: {
    required: ["source.hosts", "source.name"],
    optional: ["source.auth"],
    words: { "source.name": "the name of the Ceph pool", "source.hosts": "its monitors" },
    single: [],
    devices: "names",
    auth: "ceph",
    buildsFolder: false,
    deletes: "volumes",
    restarts: true,
    whenNotStarting: "Check the monitors, that the Ceph pool is there, and that the user and key are right (`ceph auth get`).",
    driver: "libvirt-daemon-driver-storage-rbd",
  },
  "iscsi-direct": {
    required: ["source.hosts", "source.devices", "source.initiator"],
    optional: ["source.auth"],
    words: { "source.devices": "the target's name (IQN)", "source.hosts": "the portal" },
    single: ["source.hosts", "source.devices"],
    devices: "iqn",
    auth: "chap",
    buildsFolder: false,
    deletes: "nothing",
    restarts: true,
    whenNotStarting: "Check the portal, the target's name, that the target lets this initiator in, and the CHAP user and password.",
    driver: "libvirt-daemon-driver-storage-iscsi-direct",
  },
} as const satisfies Readonly<Record<PoolType, PoolTypeRules>>;

export const rulesOf = (type: PoolType): PoolTypeRules => poolTypeRules[type];

export const isPoolType = (value: unknown): value is PoolType => poolTypes.some((type) => type === value);

/** libvirt's word for "not said" means the default to it. */
export const settledFormat = (type: PoolType, format: string | undefined): string | undefined => {
  const { formats } = rulesOf(type);
  return format === undefined || format === "unknown" ? formats?.default : format;
};

/** Where a type's volumes are when no path is asked for; `source` is the volume group or zpool. */
export const defaultPaths: Partial<Readonly<Record<PoolType, (source: string) => string>>> = {
  disk: () => "/dev",
  logical: (source) => `/dev/${source}`,
  zfs: (source) => `/dev/zvol/${source}`,
};

/** A path as libvirt keeps it: without doubled slashes, and without one at the end. */
export const settledPath = (path: string): string => path.replace(/\/{2,}/g, "/").replace(/(.)\/$/, "$1");
