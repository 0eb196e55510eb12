// What a change of each VirtualMachine input costs a running machine: the table that diff, preview and update share.
import type { DeviceMap } from "./devices";

/**
 * `live`: taken by the running machine. `suspend`: a host-side setting of a device, taken by a managed save, an edit of the saved definition and a start;
 * the guest does not reboot. `restart`: only a cold start takes it. `replace`: the machine has to be made anew.
 */
export type ChangeEffect = "live" | "suspend" | "restart" | "replace";

export interface FieldEffect {
  readonly effect: ChangeEffect;
  /** Why, as a clause for a message: "<path> …, because <because>". */
  readonly because: string;
}

/** By the path of the input; `*` stands for a key of a map. Settings that only steer decisions are live: what they change is another row. */
export const fieldEffects = {
  name: { effect: "replace", because: "libvirt renames no running machine, and a program names a machine to say which one it means" },
  host: { effect: "live", because: "policy and facts reach the machine through its disks' effective settings alone" },
  description: { effect: "live", because: "libvirt changes a running machine's description" },
  autostart: { effect: "live", because: "it is a mark beside the definition" },
  power: { effect: "live", because: "it is the state itself" },
  applyChanges: { effect: "live", because: "it steers how other changes are applied" },
  unplugTimeoutSeconds: { effect: "live", because: "it steers how disks and network cards are unplugged" },
  waitForAddress: { effect: "live", because: "it steers what is waited for when the machine starts" },
  shutdownMode: { effect: "live", because: "it steers how the machine is stopped" },
  stopOnDelete: { effect: "live", because: "it steers how the machine is deleted" },
  snapshotsOnDelete: { effect: "live", because: "it steers how the machine is deleted" },
  restartTriggers: { effect: "restart", because: "a restart is what it asks for" },
  onPoweroff: { effect: "live", because: "libvirt changes what it does when a running guest powers off" },
  onReboot: { effect: "live", because: "libvirt changes what it does when a running guest reboots" },
  onCrash: { effect: "live", because: "libvirt changes what it does when a running guest crashes" },
  shutdownTimeoutSeconds: { effect: "live", because: "it steers how the machine is stopped" },
  cache: { effect: "live", because: "it steers the disks' effective settings" },
  io: { effect: "live", because: "it steers the disks' effective settings" },
  discard: { effect: "live", because: "it steers the disks' effective settings" },
  detectZeroes: { effect: "live", because: "it steers the disks' effective settings" },
  cpus: { effect: "live", because: "virtual CPUs are plugged in and out, up to maxCpus" },
  maxCpus: { effect: "restart", because: "the number of CPU slots is fixed when the machine starts" },
  memory: { effect: "live", because: "the balloon moves the guest's memory, up to maxMemory" },
  maxMemory: { effect: "restart", because: "the guest's memory is laid out when the machine starts" },
  machine: { effect: "restart", because: "it is the machine's hardware" },
  cpuMode: { effect: "restart", because: "the guest reads its CPU's features once, when it boots" },
  accelerator: { effect: "restart", because: "it decides how QEMU runs the guest's CPU" },
  firmware: { effect: "restart", because: "it runs before the guest does" },
  uefi: { effect: "restart", because: "it runs before the guest does" },
  tpm: { effect: "restart", because: "it is the machine's hardware" },
  cpu: { effect: "restart", because: "the guest reads its CPU's features once, when it boots" },
  pinning: { effect: "restart", because: "the provider moves no running threads; they are put in their places when QEMU starts" },
  numa: { effect: "restart", because: "the guest's memory is laid out when the machine starts" },
  memoryBacking: { effect: "restart", because: "the guest's memory is laid out when the machine starts" },
  clock: { effect: "restart", because: "the guest reads it when it boots" },
  features: { effect: "restart", because: "they are the machine's hardware" },
  hyperv: { effect: "restart", because: "Windows looks for them when it boots" },
  rng: { effect: "restart", because: "it is the machine's hardware" },
  watchdog: { effect: "restart", because: "it is the machine's hardware" },
  panic: { effect: "restart", because: "it is the machine's hardware" },
  balloon: { effect: "restart", because: "it is the machine's hardware" },
  smbios: { effect: "restart", because: "the firmware shows it to the guest when it boots" },
  directBoot: { effect: "restart", because: "a kernel is loaded when the machine starts" },
  "directBoot.kernel": { effect: "restart", because: "a kernel is loaded when the machine starts" },
  "directBoot.initrd": { effect: "restart", because: "an initrd is loaded when the machine starts" },
  "directBoot.cmdline": { effect: "restart", because: "a kernel reads its command line when it boots" },
  serial: { effect: "restart", because: "QEMU opens its serial ports when it starts" },
  graphics: { effect: "restart", because: "QEMU opens its display when it starts" },
  graphicsSettings: { effect: "restart", because: "QEMU opens its display when it starts" },
  "graphicsSettings.password": { effect: "live", because: "libvirt changes the password of a running display" },
  video: { effect: "restart", because: "it is the machine's hardware" },
  videoSettings: { effect: "restart", because: "it is the machine's hardware" },
  sound: { effect: "restart", because: "it is the machine's hardware" },
  input: { effect: "restart", because: "it is the machine's hardware" },
  vsock: { effect: "restart", because: "it is the machine's hardware" },
  guestAgent: { effect: "restart", because: "the provider gives the agent its channel when the machine starts" },
  cloudInit: { effect: "restart", because: "cloud-init reads its seed when the guest boots" },
  "cloudInit.pool": { effect: "restart", because: "the guest has the seed disk open" },
  "cloudInit.bus": { effect: "restart", because: "it is the machine's hardware" },
  cloudInitChange: { effect: "live", because: "it steers what a change of cloudInit does" },
  ignition: { effect: "restart", because: "QEMU reads the file when it starts" },
  ignitionPool: { effect: "restart", because: "QEMU reads the file when it starts" },
  xml: {
    effect: "restart",
    because: "what it says is the user's own, and nobody here knows what of it libvirt would change while the machine runs",
  },
} as const satisfies Record<string, FieldEffect>;

/** By the name of a disk's input or of its part in effectiveDisks; `added` and `removed` are the whole disk. A disk whose source changes is another disk in the same place. */
export const diskFieldEffects = {
  added: { effect: "live", because: "libvirt plugs disks in" },
  removed: { effect: "live", because: "a disk is unplugged when the guest lets go of it, and otherwise goes at the next cold start" },
  file: { effect: "restart", because: "the guest would find other data on a disk that it has open" },
  /** What `file`, `pool` and their like come to: so it is called among what waits. */
  source: { effect: "restart", because: "the guest would find other data on a disk that it has open" },
  pool: { effect: "restart", because: "the guest would find other data on a disk that it has open" },
  volume: { effect: "restart", because: "the guest would find other data on a disk that it has open" },
  image: { effect: "live", because: "it is heard only when a volume is made" },
  imageFormat: { effect: "live", because: "it is heard only when a volume is made" },
  clone: { effect: "live", because: "it is heard only when a volume is made" },
  rbd: { effect: "restart", because: "the guest would find other data on a disk that it has open" },
  "rbd.key": { effect: "live", because: "a running machine has shown its password already" },
  iscsi: { effect: "restart", because: "the guest would find other data on a disk that it has open" },
  "iscsi.password": { effect: "live", because: "a running machine has shown its password already" },
  nfs: { effect: "restart", because: "the guest would find other data on a disk that it has open" },
  http: { effect: "restart", because: "the guest would find other data on a disk that it has open" },
  nvme: { effect: "restart", because: "the guest would find other data on a disk that it has open" },
  vhostUser: { effect: "restart", because: "the guest would find other data on a disk that it has open" },
  format: { effect: "restart", because: "QEMU reads the same file in another way" },
  device: { effect: "restart", because: "it is the machine's hardware" },
  bus: { effect: "restart", because: "it is the machine's hardware" },
  readonly: { effect: "restart", because: "the guest learns it when it finds the disk" },
  shareable: { effect: "restart", because: "QEMU locks an image when it opens it" },
  serial: { effect: "restart", because: "the guest reads it when it finds the disk" },
  wwn: { effect: "restart", because: "the guest reads it when it finds the disk" },
  iothread: { effect: "restart", because: "a disk is given its thread when it is plugged in" },
  queues: { effect: "restart", because: "the guest learns their number when it finds the disk" },
  discardNoUnref: { effect: "restart", because: "QEMU reads it when it opens the image" },
  throttle: { effect: "live", because: "libvirt changes a running disk's limits" },
  "throttle.groupName": { effect: "restart", because: "a disk joins its group when it is plugged in" },
  bootOrder: { effect: "restart", because: "the firmware reads it before the guest boots" },
  size: { effect: "live", because: "a disk grows under a running guest" },
  cache: { effect: "suspend", because: "libvirt changes it on no running disk (code 84)" },
  io: { effect: "suspend", because: "libvirt changes it on no running disk (code 84)" },
  discard: { effect: "suspend", because: "libvirt changes it on no running disk (code 84)" },
  detectZeroes: { effect: "suspend", because: "libvirt takes it for a running disk without effect" },
  target: { effect: "restart", because: "it is where the guest finds the disk" },
  requested: { effect: "live", because: "it is a note of ours about the decision" },
  reason: { effect: "live", because: "it is a note of ours about the decision" },
  network: { effect: "restart", because: "QEMU connects to a disk's servers when it opens the disk" },
  guestWriteCache: { effect: "live", because: "it is a note of ours about the decision" },
  notVerified: { effect: "live", because: "it is a note of ours about the decision" },
  warnings: { effect: "live", because: "it is a note of ours about the decision" },
  migration: { effect: "live", because: "it is a note of ours about the decision" },
  keepOnDelete: { effect: "live", because: "it is a note of ours about the volume" },
  preallocation: { effect: "live", because: "it is heard only when a volume is made" },
} as const satisfies Record<string, FieldEffect>;

/** By the name of a network card's input; `added` and `removed` are the whole card, `changed` is one that goes to another kind of network. */
export const networkFieldEffects = {
  added: { effect: "live", because: "libvirt plugs network cards in" },
  removed: {
    effect: "live",
    because: "a network card is unplugged when the guest lets go of it, and otherwise goes at the next cold start",
  },
  changed: { effect: "restart", because: "a running network card stays on the kind of network that it was plugged into" },
  network: { effect: "live", because: "libvirt moves a running network card from bridge to bridge" },
  bridge: { effect: "live", because: "libvirt moves a running network card from bridge to bridge" },
  portgroup: { effect: "restart", because: "a running network card keeps the port that it was given" },
  openvswitch: { effect: "restart", because: "a running network card keeps the port that it was given" },
  direct: { effect: "restart", because: "libvirt ties no running macvtap device to another one" },
  user: { effect: "restart", because: "a running network card stays on the kind of network that it was plugged into" },
  vhostUser: { effect: "restart", because: "QEMU opens the socket when the card is plugged in" },
  model: { effect: "restart", because: "it is the machine's hardware" },
  mac: { effect: "restart", because: "the guest reads it when it finds the card" },
  mtu: { effect: "restart", because: "the guest reads it when it finds the card" },
  vlan: { effect: "live", because: "libvirt retags a running port of Open vSwitch" },
  bandwidth: { effect: "live", because: "libvirt changes a running card's limits" },
  linkState: { effect: "live", because: "QEMU plugs the cable of a running card in and out" },
  bootOrder: { effect: "restart", because: "the firmware reads it before the guest boots" },
  queues: { effect: "restart", because: "the guest learns their number when it finds the card" },
  staticAddress: { effect: "live", because: "it is an entry of the network's DHCP server, which the guest hears of at its next request" },
} as const satisfies Record<string, FieldEffect>;

const atStart = { effect: "restart", because: "QEMU opens its serial ports and consoles when it starts" } as const;
const hardware = { effect: "restart", because: "it is the machine's hardware" } as const;
const shared = {
  effect: "restart",
  because: "9p is plugged into no running machine, and virtiofs only into one whose memory was shared when it started",
} as const;

/** By map of devices: what it costs that one comes, goes, or is another. */
export const deviceEffects = {
  shares: { added: shared, removed: shared, changed: shared },
  hostDevices: {
    added: { effect: "live", because: "libvirt plugs devices of the host in" },
    removed: { effect: "live", because: "a device is unplugged when the guest lets go of it, and otherwise goes at the next cold start" },
    changed: hardware,
  },
  serials: { added: atStart, removed: atStart, changed: atStart },
  consoles: { added: atStart, removed: atStart, changed: atStart },
  channels: {
    added: { effect: "live", because: "libvirt plugs channels in" },
    removed: { effect: "live", because: "libvirt unplugs channels" },
    changed: { effect: "restart", because: "a channel is opened when it is plugged in" },
  },
} as const satisfies Record<DeviceMap, Record<"added" | "removed" | "changed", FieldEffect>>;

/** Inputs whose parts cost the same, but for those with a row of their own. */
const blocks: readonly string[] = [
  "uefi",
  "tpm",
  "cpu",
  "pinning",
  "numa",
  "memoryBacking",
  "clock",
  "features",
  "watchdog",
  "panic",
  "balloon",
  "smbios",
  "serial",
  "graphicsSettings",
  "videoSettings",
  "sound",
  "input",
  "vsock",
];

/** Maps whose entries all cost the same. */
const freeMaps: readonly string[] = ["xml", "restartTriggers"];

/** Maps of things with inputs of their own. */
const maps: Readonly<Record<string, Readonly<Record<string, FieldEffect>>>> = {
  disks: diskFieldEffects,
  effectiveDisks: diskFieldEffects,
  networks: networkFieldEffects,
};

/**
 * The effect of changing the input at `path`: `cpus`, `directBoot.kernel`, `disks.root.cache`, or `effectiveDisks.root.cache` (what the planner decided).
 * For a whole disk or network card (`disks.root`) say whether it is `added`, `removed` or `changed`. undefined: no such input.
 */
export function fieldEffect(path: string, whole: "added" | "removed" | "changed" = "added"): FieldEffect | undefined {
  const [map = ""] = path.split(/[.[]/);
  if (freeMaps.includes(map)) return entry(fieldEffects, map);
  if (isDeviceMap(map)) return path === map ? undefined : deviceEffects[map][whole];
  const [field = "", key, ownField, part] = path.split(".");
  if (blocks.includes(field)) return entry(fieldEffects, path) ?? entry(fieldEffects, field);
  const table = Object.hasOwn(maps, field) ? maps[field] : undefined;
  if (table === undefined) return entry(fieldEffects, path);
  if (key === undefined) return undefined;
  const ofPart = part === undefined ? undefined : entry(table, `${ownField ?? ""}.${part}`);
  return ofPart ?? entry(table, ownField ?? whole);
}

const isDeviceMap = (map: string): map is DeviceMap => Object.hasOwn(deviceEffects, map);

function entry(table: Readonly<Record<string, FieldEffect>>, name: string): FieldEffect | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
