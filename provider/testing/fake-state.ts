// What the fake host holds: domains, pools, files and which folders can do direct I/O.
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { dirname } from "node:path";
import { HostError } from "../errors";
import { hostErrorCodes } from "../libvirt/codes";
import type { AddressSource, DhcpLease, DomainState, SnapshotRecord } from "../libvirt/port";
import type { FakeContent } from "./fake-content";
import type { UploadBreak } from "./fake-storage";

export interface FakeDomain {
  readonly uuid: string;
  name: string;
  id?: number | undefined;
  state: DomainState;
  persistent: boolean;
  autostart: boolean;
  inactiveXml: string;
  liveXml?: string | undefined;
  /** The XML inside the managed-save image. */
  savedXml?: string | undefined;
  /** Whether the guest stops when asked to. */
  obeysShutdown: boolean;
  /** Each behind the one it stands on. */
  readonly snapshots: SnapshotRecord[];
  /** What the guest does when a device is to be unplugged. */
  guestOnUnplug: "lets go" | "refuses" | "waits";
  /** What each source tells of the guest's addresses: by MAC. */
  addresses?: Partial<Record<AddressSource, Readonly<Record<string, readonly string[]>> | undefined>>;
  /** The connection that a probe domain dies with. */
  owner?: object | undefined;
}

export interface FakePool {
  readonly name: string;
  readonly uuid: string;
  readonly type: string;
  /** Of the folder, or what stands before its volumes' names. */
  readonly path: string;
  active: boolean;
  autostart: boolean;
  /** The definition in force, which tells what libvirt saw of the folder too. */
  definition: string;
  /** Defined while the pool is active: in force once it has stopped. */
  readonly nextDefinition?: string | undefined;
  capacityBytes: number;
  /** Volumes libvirt has seen, by name; a file made by hand is seen after a refresh. */
  readonly volumes: Set<string>;
}

export interface FakeNetwork {
  readonly name: string;
  readonly uuid: string;
  persistent: boolean;
  autostart: boolean;
  /** What is stored; of a network without a definition: what runs. */
  definition: string;
  /** What runs, while it does. */
  live?: string | undefined;
  readonly leases: DhcpLease[];
}

export interface FakeFolder {
  readonly mode: number;
  readonly owner: number;
  readonly group: number;
}

/** An image on the fake host, in a pool or not. */
export interface FakeFile {
  readonly path: string;
  readonly format: "raw" | "qcow2";
  capacityBytes: number;
  readonly backing?: { readonly path: string; readonly format: "raw" | "qcow2" } | undefined;
  /** Its bytes, once there are some; an image without is empty. */
  content?: FakeContent | undefined;
  /** Bytes that were set aside for it when it was made. */
  readonly allocatedBytes?: number | undefined;
  /** The image that it was made from, by libvirt's copy. */
  readonly copiedFrom?: string | undefined;
}

export interface FakeState {
  readonly domains: Map<string, FakeDomain>;
  readonly pools: Map<string, FakePool>;
  readonly files: Map<string, FakeFile>;
  /** The folders that pools are in, by path. */
  readonly folders: Map<string, FakeFolder>;
  /** What is on a block device, by its path: "" for nothing, else the word for its format. */
  readonly devices: Map<string, string>;
  /** How the next uploads are broken off, in order. */
  readonly uploadBreaks: UploadBreak[];
  /** By name. */
  readonly networks: Map<string, FakeNetwork>;
  /** Interfaces that the host has besides those of libvirt's networks, with their addresses ("192.168.1.7/24"). */
  readonly interfaces: Map<string, readonly string[]>;
  /** By UUID. */
  readonly secrets: Map<string, { readonly xml: string; value?: string | undefined }>;
  /** Folders (or files) whose storage refuses O_DIRECT; what lies below follows. */
  readonly withoutDirectIo: Set<string>;
  /** Says "news" when a guest stops, or a source tells other addresses of it. */
  readonly events: EventEmitter;
  nextId: number;
}

export function newFakeState(): FakeState {
  return {
    domains: new Map(),
    pools: new Map(),
    files: new Map(),
    folders: new Map(),
    devices: new Map(),
    uploadBreaks: [],
    networks: new Map(),
    interfaces: new Map(),
    secrets: new Map(),
    withoutDirectIo: new Set(),
    events: new EventEmitter(),
    nextId: 1,
  };
}

export const newUuid = () => randomUUID();

export function fakeError(code: keyof typeof hostErrorCodes, message: string): HostError {
  return new HostError(hostErrorCodes[code], message, { doing: "calling", what: "the fake host" });
}

export function canDirectIo(state: FakeState, path: string): boolean {
  if (state.withoutDirectIo.has(path)) return false;
  const parent = dirname(path);
  return parent === path || canDirectIo(state, parent);
}

/** The file and its backing files, nearest first. */
export function fileChain(state: FakeState, path: string): readonly FakeFile[] {
  const file = state.files.get(path);
  if (file === undefined) throw fakeError("systemError", `Cannot access storage file '${path}': No such file or directory`);
  return file.backing === undefined ? [file] : [file, ...fileChain(state, file.backing.path)];
}

export function domainOf(state: FakeState, uuid: string): FakeDomain {
  const domain = state.domains.get(uuid);
  if (domain === undefined) throw fakeError("noDomain", `Domain not found: no domain with matching uuid '${uuid}'`);
  return domain;
}

export function runningDomainOf(state: FakeState, uuid: string): FakeDomain & { liveXml: string } {
  const domain = domainOf(state, uuid);
  if (domain.liveXml === undefined) throw fakeError("operationInvalid", "Requested operation is not valid: domain is not running");
  return domain as FakeDomain & { liveXml: string };
}

export function poolOf(state: FakeState, name: string): FakePool {
  const pool = state.pools.get(name);
  if (pool === undefined) throw fakeError("noPool", `Storage pool not found: no storage pool with matching name '${name}'`);
  return pool;
}

export function activePoolOf(state: FakeState, name: string): FakePool {
  const pool = poolOf(state, name);
  if (!pool.active) throw fakeError("operationInvalid", `Requested operation is not valid: storage pool '${name}' is not active`);
  return pool;
}
