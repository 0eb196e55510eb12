// The port to libvirt on a fake host in memory: stateful, refuses what libvirt refuses; the contract suite holds it to the real daemon.
import { CancelledError } from "../errors";
import type { AddressSource, CallOptions, DhcpLease, HostIdentity, Libvirt } from "../libvirt/port";
import { fakeCapabilitiesXml, fakeDomainCapabilitiesXml, fakeMachines } from "./fake-capabilities";
import { emptyContent, writeAt } from "./fake-content";
import { fakeDomainVerbs, stopFakeDomain } from "./fake-domains";
import { fakeError, newFakeState } from "./fake-state";
import type { FakeDomain, FakeFile, FakeFolder, FakeState } from "./fake-state";
import { defaultFolder, fakePoolVerbs, newFakePool } from "./fake-pools";
import { fakeNetworkVerbs } from "./fake-networks";
import { fakeSecretVerbs } from "./fake-secrets";
import { takeSnapshot } from "./fake-snapshots";
import { fakeVolumeVerbs, rescan } from "./fake-storage";

/** Every verb of the port, and whether it changes anything on the host. */
const verbKinds = {
  identify: "read",
  domainCapabilitiesXml: "read",
  listDomains: "read",
  findDomain: "read",
  defineDomain: "write",
  startDomain: "write",
  requestShutdown: "write",
  destroyDomain: "write",
  pauseDomain: "write",
  resumeDomain: "write",
  undefineDomain: "write",
  setAutostart: "write",
  setLiveDescription: "write",
  setLiveLifecycleAction: "write",
  setLiveMemory: "write",
  setLiveVcpus: "write",
  attachLiveDevice: "write",
  detachLiveDevice: "write",
  unplugLiveDevice: "write",
  updateLiveDevice: "write",
  domainInterfaceAddresses: "read",
  waitForGuestNews: "read",
  setLiveBlockIoTune: "write",
  resizeLiveDisk: "write",
  waitForState: "read",
  saveDomain: "write",
  savedXml: "read",
  redefineSaved: "write",
  dropSaved: "write",
  listSnapshots: "read",
  deleteSnapshot: "write",
  createProbeDomain: "write",
  listPools: "read",
  findPool: "read",
  findPoolByUuid: "read",
  definePool: "write",
  buildPool: "write",
  startPool: "write",
  stopPool: "write",
  deletePoolStorage: "write",
  undefinePool: "write",
  setPoolAutostart: "write",
  // Rescans what libvirt knows of the storage; the storage stays as it is.
  refreshPool: "read",
  findVolume: "read",
  listVolumes: "read",
  createVolume: "write",
  deleteVolume: "write",
  growVolume: "write",
  createVolumeFrom: "write",
  uploadVolume: "write",
  readVolume: "read",
  listNetworks: "read",
  findNetwork: "read",
  findNetworkByUuid: "read",
  defineNetwork: "write",
  startNetwork: "write",
  stopNetwork: "write",
  undefineNetwork: "write",
  setNetworkAutostart: "write",
  updateNetwork: "write",
  networkLeases: "read",
  findSecret: "read",
  defineSecret: "write",
  setSecretValue: "write",
  undefineSecret: "write",
} as const satisfies Record<Exclude<keyof Libvirt, "uri" | "isLocalSocket" | "close">, "read" | "write">;

export type FakeVerb = keyof typeof verbKinds;

export interface FakeOptions {
  readonly uri?: string;
  readonly isLocalSocket?: boolean;
  readonly libvirtVersion?: string;
  readonly qemuVersion?: string;
  /** What the host can accelerate with; `qemu` is always there. */
  readonly kvm?: boolean;
}

export interface FakePoolOptions {
  readonly name: string;
  readonly path: string;
  /** libvirt's pool type; `dir` when absent. */
  readonly type?: string;
  readonly active?: boolean;
  readonly directIo?: boolean;
  readonly capacityBytes?: number;
}

export interface FakeFileOptions {
  readonly path: string;
  readonly format?: "raw" | "qcow2";
  readonly capacityBytes?: number;
  readonly backing?: FakeFile["backing"];
  /** Bytes that it takes of its pool's room. */
  readonly allocatedBytes?: number;
  /** libvirt does not know it before the pool's next rescan. */
  readonly unseen?: boolean;
}

/** A call that waits inside the fake until it is released. */
export interface FakeHold {
  /** Resolves when the call has come in. */
  readonly reached: Promise<void>;
  release(): void;
}

export interface FakeLibvirt extends Libvirt {
  /** Each call that changes the host, as "verb first-argument" (XML as its first 40 characters), tried or done, in order. */
  readonly writes: readonly string[];
  /** Every call's verb, in order. */
  readonly calls: readonly FakeVerb[];
  clearLog(): void;
  /** A second connection to the same host. */
  openAnother(): Libvirt;
  /** The next call of the verb rejects with the error: `before` doing anything (default), or `after` having done it. */
  failNext(verb: FakeVerb, error: Error, when?: "before" | "after"): void;
  /** The next call of the verb waits, before doing anything, until it is released or its signal ends it. */
  holdNext(verb: FakeVerb): FakeHold;
  addPool(options: FakePoolOptions): void;
  setPoolActive(name: string, active: boolean): void;
  /** Puts an image on the host without libvirt's doing; a pool sees it at once unless `unseen`. */
  addFile(file: FakeFileOptions): void;
  removeFile(path: string): void;
  /** The image as it is now; undefined where there is none. */
  file(path: string): FakeFile | undefined;
  /** Writes bytes into an image from its start, as a guest or a user may. */
  write(path: string, bytes: Uint8Array): void;
  /** The next upload fails with the error once so many bytes are through. */
  breakNextUpload(afterBytes: number, error: Error): void;
  /** Puts a folder there without libvirt's doing (0711, root's); a pool in it does not see that before its refresh. */
  addFolder(path: string, folder?: Partial<FakeFolder>): void;
  /** A folder of a pool, or above one; undefined where there is none. */
  folder(path: string): FakeFolder | undefined;
  removeFolder(path: string): void;
  /** A block device, and what is on it: nothing unless told otherwise. */
  addDevice(path: string, content?: string): void;
  deviceContent(path: string): string | undefined;
  /** An interface of the host that is no network of libvirt's, with its addresses ("192.168.1.7/24"). */
  addInterface(name: string, ...addresses: readonly string[]): void;
  /** The network's DHCP server gave an address. */
  addLease(network: string, lease: DhcpLease): void;
  hasFile(path: string): boolean;
  /** Whether the storage at a folder (and below) accepts O_DIRECT; it does unless told otherwise. */
  setDirectIo(path: string, directIo: boolean): void;
  /** A guest that ignores the power button. */
  ignoreShutdown(name: string): void;
  /** Other hands made a snapshot: inside the disks' images, or, with overlays by target, in files that the disks go on in. */
  addSnapshot(name: string, snapshot: string, overlays?: Readonly<Record<string, string>>): void;
  /** What the guest does from now on when a device is to be unplugged: it lets go unless told otherwise. */
  onUnplug(name: string, what: "lets go" | "refuses" | "waits"): void;
  /** What a source tells of a running guest's addresses from now on, by MAC, as "address/prefix" or "address"; it is news of the guest. */
  setAddresses(name: string, source: AddressSource, addresses: Readonly<Record<string, readonly string[]>> | undefined): void;
  /** The value of a secret, which the port never tells. */
  secretValue(uuid: string): string | undefined;
  /** The guest powers itself off, or crashes and is gone: a stop that nobody asked libvirt for. */
  guestStops(name: string): void;
}

interface Fault {
  readonly verb: FakeVerb;
  readonly when: "before" | "after";
  readonly error: Error;
}

interface Hold {
  readonly verb: FakeVerb;
  readonly reached: () => void;
  readonly released: Promise<void>;
}

interface Script {
  readonly writes: string[];
  readonly calls: FakeVerb[];
  readonly faults: Fault[];
  readonly holds: Hold[];
}

function take<Item extends { verb: FakeVerb }>(items: Item[], matches: (item: Item) => boolean): Item | undefined {
  const index = items.findIndex(matches);
  return index < 0 ? undefined : items.splice(index, 1)[0];
}

const shownArgument = (argument: unknown) => {
  if (argument === undefined || argument === null) return "";
  const text = typeof argument === "string" ? argument : JSON.stringify(argument);
  return ` ${text.replace(/\s+/g, " ").slice(0, 40)}`;
};

const signalOf = (args: readonly unknown[]) =>
  (args.findLast((arg) => typeof arg === "object" && arg !== null && "signal" in arg) as CallOptions | undefined)?.signal;

/** A promise and what resolves it. */
function signalPromise() {
  const emitter = new EventTarget();
  const promise = new Promise<void>((resolve) => emitter.addEventListener("fire", () => resolve(), { once: true }));
  return { promise, fire: () => void emitter.dispatchEvent(new Event("fire")) };
}

const cancelled = (verb: FakeVerb) => new CancelledError({ doing: "calling", what: verb });

/** Waits for the hold's release; the signal ends the wait. */
async function waitIn(hold: Hold, signal: AbortSignal | undefined): Promise<void> {
  hold.reached();
  await Promise.race([hold.released, new Promise<void>((done) => signal?.addEventListener("abort", () => done()))]);
  if (signal?.aborted) throw cancelled(hold.verb);
}

/** The verb with the log, the faults and the holds around it. */
function scripted<Args extends readonly unknown[], Result>(script: Script, verb: FakeVerb, effect: (...args: Args) => Promise<Result>) {
  return async (...args: Args): Promise<Result> => {
    const signal = signalOf(args);
    if (signal?.aborted) throw cancelled(verb);
    script.calls.push(verb);
    if (verbKinds[verb] === "write") script.writes.push(`${verb}${shownArgument(args[0])}`);
    const hold = take(script.holds, (each) => each.verb === verb);
    if (hold) await waitIn(hold, signal);
    const fault = take(script.faults, (each) => each.verb === verb);
    if (fault?.when === "before") throw fault.error;
    const result = await effect(...args).catch((error: unknown) => {
      throw signal?.aborted ? cancelled(verb) : error;
    });
    if (fault) throw fault.error;
    return result;
  };
}

function hostVerbs({ kvm = true, libvirtVersion = "9.0.0", qemuVersion = "7.2.22" }: FakeOptions) {
  return {
    identify: async (): Promise<HostIdentity> => ({
      libvirtVersion,
      qemuVersion,
      hostname: "fake",
      capabilitiesXml: fakeCapabilitiesXml(kvm),
    }),
    domainCapabilitiesXml: async ({ virtType, machine }) => {
      if (virtType === "kvm" && !kvm)
        throw fakeError("invalidArgument", "invalid argument: KVM is not supported by '/usr/bin/qemu-system-x86_64' on this host");
      if (machine !== undefined && !fakeMachines.test(machine))
        throw fakeError(
          "invalidArgument",
          `invalid argument: the machine '${machine}' is not supported by emulator '/usr/bin/qemu-system-x86_64'`,
        );
      return fakeDomainCapabilitiesXml(virtType, machine);
    },
  } satisfies Partial<Libvirt>;
}

/** What a test does to the host behind libvirt's back. */
function hands(state: FakeState, script: Script) {
  const named = (name: string): FakeDomain => {
    const domain = [...state.domains.values()].find((each) => each.name === name);
    if (!domain) throw new Error(`the fake host has no domain ${name}`);
    return domain;
  };
  return {
    clearLog: () => {
      script.writes.length = 0;
      script.calls.length = 0;
    },
    failNext: (verb, error, when = "before") => void script.faults.push({ verb, error, when }),
    holdNext: (verb) => {
      const [reached, released] = [signalPromise(), signalPromise()];
      script.holds.push({ verb, reached: reached.fire, released: released.promise });
      return { reached: reached.promise, release: released.fire };
    },
    addPool: ({ name, path, type = "dir", active = true, directIo = true, capacityBytes = 100 * 1024 ** 3 }) => {
      const pool = newFakePool(state, { name, path, type, active, capacityBytes });
      state.pools.set(name, pool);
      if (!directIo) state.withoutDirectIo.add(path);
      rescan(state, pool);
    },
    setPoolActive: (name, active) => {
      const pool = state.pools.get(name);
      if (pool) pool.active = active;
    },
    addFile: ({ path, format = "qcow2", capacityBytes = 1024 ** 3, backing, allocatedBytes, unseen = false }) => {
      state.files.set(path, { path, format, capacityBytes, backing, allocatedBytes });
      if (!unseen) state.pools.forEach((pool) => rescan(state, pool));
    },
    removeFile: (path) => void state.files.delete(path),
    file: (path) => state.files.get(path),
    write: (path, bytes) => {
      const file = state.files.get(path);
      if (file !== undefined) writeAt((file.content ??= emptyContent(0)), 0, bytes);
    },
    breakNextUpload: (afterBytes, error) => void state.uploadBreaks.push({ afterBytes, error }),
    addFolder: (path, folder = {}) => void state.folders.set(path, { ...defaultFolder, ...folder }),
    folder: (path) => state.folders.get(path),
    removeFolder: (path) => void state.folders.delete(path),
    addDevice: (path, content = "") => void state.devices.set(path, content),
    deviceContent: (path) => state.devices.get(path),
    addInterface: (name, ...addresses) => void state.interfaces.set(name, addresses),
    addLease: (network, lease) => void state.networks.get(network)?.leases.push(lease),
    hasFile: (path) => state.files.has(path),
    setDirectIo: (path, directIo) => {
      if (directIo) state.withoutDirectIo.delete(path);
      else state.withoutDirectIo.add(path);
    },
    ignoreShutdown: (name) => {
      named(name).obeysShutdown = false;
    },
    addSnapshot: (name, snapshot, overlays) => takeSnapshot(state, named(name), snapshot, overlays),
    onUnplug: (name, what) => {
      named(name).guestOnUnplug = what;
    },
    setAddresses: (name, source, addresses) => {
      named(name).addresses = { ...named(name).addresses, [source]: addresses };
      state.events.emit("news");
    },
    secretValue: (uuid) => state.secrets.get(uuid)?.value,
    guestStops: (name) => stopFakeDomain(state, named(name)),
  } satisfies Partial<FakeLibvirt>;
}

/** One connection to the fake host: the port's verbs, logged and scripted. */
function openConnection(state: FakeState, script: Script, options: FakeOptions): Libvirt {
  const owner = {};
  const verbs = {
    ...hostVerbs(options),
    ...fakeDomainVerbs(state, owner),
    ...fakePoolVerbs(state),
    ...fakeVolumeVerbs(state),
    ...fakeNetworkVerbs(state),
    ...fakeSecretVerbs(state),
  };
  const logged = Object.fromEntries(
    Object.entries(verbs).map(([verb, effect]) => [
      verb,
      scripted(script, verb as FakeVerb, effect as (...args: readonly unknown[]) => Promise<unknown>),
    ]),
  ) as unknown as typeof verbs;
  return {
    uri: options.uri ?? "test:///fake",
    isLocalSocket: options.isLocalSocket ?? false,
    close: async () =>
      [...state.domains.values()].filter((domain) => domain.owner === owner).forEach((domain) => stopFakeDomain(state, domain)),
    ...logged,
  };
}

export function createFakeLibvirt(options: FakeOptions = {}): FakeLibvirt {
  const state = newFakeState();
  const script: Script = { writes: [], calls: [], faults: [], holds: [] };
  return {
    ...openConnection(state, script, options),
    ...hands(state, script),
    openAnother: () => openConnection(state, script, options),
    writes: script.writes,
    calls: script.calls,
  };
}
