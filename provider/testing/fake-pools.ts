// The pool verbs of the fake: pools over folders and devices of a host in memory, with libvirt's refusals.
import type { poolVerbs } from "../libvirt/pools";
import type { Libvirt, PoolRecord } from "../libvirt/port";
import { activePoolOf, fakeError, newUuid, poolOf } from "./fake-state";
import type { FakeFolder, FakePool, FakeState } from "./fake-state";
import { rescan, usedBytes } from "./fake-storage";
import { at, children, rootElement, setText, textAt, xmlText } from "./fake-xml";
import type { Element } from "./fake-xml";

type PoolVerbs = ReturnType<typeof poolVerbs>;
type BuildDevice = NonNullable<NonNullable<Parameters<Libvirt["buildPool"]>[1]>["device"]>;

export const defaultFolder: FakeFolder = { mode: 0o711, owner: 0, group: 0 };

const devicesOf = (root: Element) => children(at(root, "source") ?? root, "device").map((device) => device.getAttribute("path") ?? "");
const formatOf = (root: Element) => at(root, "source", "format")?.getAttribute("type") ?? undefined;

/** What libvirt asks of a pool's source, and where its volumes are, by type. */
interface PoolKind {
  readonly needs: readonly ("path" | "device" | "host" | "name" | "dir" | "initiator")[];
  readonly path: (root: Element) => string | undefined;
  readonly folder?: boolean;
  /** What is on the device once it is built. */
  readonly content?: (root: Element) => string;
}

const targetPath = (root: Element) => textAt(root, "target", "path");
const sourceName = (root: Element) => textAt(root, "source", "name") ?? textAt(root, "name") ?? "";

const kinds: Readonly<Record<string, PoolKind>> = {
  dir: { needs: ["path"], path: targetPath, folder: true },
  netfs: { needs: ["path", "host", "dir"], path: targetPath, folder: true },
  fs: { needs: ["path", "device"], path: targetPath, folder: true, content: (root) => formatOf(root) ?? "auto" },
  disk: { needs: ["path", "device"], path: targetPath, content: (root) => formatOf(root) ?? "dos" },
  logical: { needs: [], path: (root) => `/dev/${sourceName(root)}`, content: () => "lvm2" },
  zfs: { needs: [], path: (root) => `/dev/zvol/${sourceName(root)}`, content: () => "zfs" },
  rbd: { needs: ["name", "host"], path: sourceName },
  "iscsi-direct": { needs: ["host", "initiator"], path: (root) => devicesOf(root)[0] },
};

const parts: Readonly<Record<PoolKind["needs"][number], (root: Element) => unknown>> = {
  path: targetPath,
  device: (root) => devicesOf(root)[0],
  host: (root) => at(root, "source", "host"),
  name: (root) => textAt(root, "source", "name"),
  dir: (root) => at(root, "source", "dir"),
  initiator: (root) => at(root, "source", "initiator", "iqn"),
};

function kindOf(type: string): PoolKind {
  const kind = kinds[type];
  if (kind === undefined) throw fakeError("xmlError", `XML error: invalid value for attribute 'type' in element 'pool': '${type}'.`);
  return kind;
}

/** The definition as libvirt would take it, or its refusal. */
function parseDefinition(xml: string): Pick<FakePool, "name" | "uuid" | "type" | "path" | "definition"> {
  const root = rootElement(xml);
  const type = root.getAttribute("type") ?? "";
  const kind = kindOf(type);
  const missing = kind.needs.find((part) => parts[part](root) === undefined);
  if (missing === "initiator") throw fakeError("configUnsupported", "unsupported configuration: missing initiator IQN");
  if (missing !== undefined) throw fakeError("xmlError", `XML error: missing storage pool source ${missing}`);
  const name = textAt(root, "name");
  if (!name) throw fakeError("xmlError", "XML error: missing pool source name element");
  if (name.includes("/")) throw fakeError("xmlError", `XML error: name ${name} cannot contain '/'`);
  const uuid = textAt(root, "uuid") ?? newUuid();
  setText(root, "uuid", uuid);
  return { name, uuid, type, path: kind.path(root) ?? "", definition: xmlText(root) };
}

/** A pool that is there already, without libvirt's checks. */
export function newFakePool(
  state: FakeState,
  { name, path, type, active, capacityBytes }: Pick<FakePool, "name" | "path" | "type" | "active" | "capacityBytes">,
): FakePool {
  const uuid = newUuid();
  const definition = `<pool type="${type}"><name>${name}</name><uuid>${uuid}</uuid><source/><target><path>${path}</path></target></pool>`;
  if (kinds[type]?.folder === true) state.folders.set(path, defaultFolder);
  return { name, uuid, type, path, active, autostart: false, definition, capacityBytes, volumes: new Set() };
}

function poolRecord(state: FakeState, pool: FakePool): PoolRecord {
  const { name, uuid, active, autostart, capacityBytes, definition, nextDefinition } = pool;
  const size = active ? capacityBytes : 0;
  const used = active ? usedBytes(state, pool) : 0;
  const root = rootElement(nextDefinition ?? definition);
  for (const [element, bytes] of Object.entries({ capacity: size, allocation: used, available: size - used })) {
    setText(root, element, String(bytes)).setAttribute("unit", "bytes");
  }
  return { name, uuid, active, persistent: true, autostart, xml: xmlText(root), capacityBytes: size, availableBytes: size - used };
}

function refuseConflicts(state: FakeState, { name, uuid, type, path, definition }: ReturnType<typeof parseDefinition>): void {
  const devices = devicesOf(rootElement(definition));
  for (const pool of state.pools.values()) {
    if ((pool.uuid === uuid) !== (pool.name === name)) {
      throw fakeError("operationFailed", `operation failed: pool '${pool.name}' already exists with uuid ${pool.uuid}`);
    }
    if (pool.uuid === uuid || kindOf(pool.type).needs.includes("initiator")) continue;
    const isSameFolder = ["dir", "netfs"].includes(type) && pool.type === type && pool.path === path;
    const held = devicesOf(rootElement(pool.definition));
    if (isSameFolder || devices.some((device) => held.includes(device))) {
      throw fakeError("operationFailed", `operation failed: Storage source conflict with pool: '${pool.name}'`);
    }
  }
}

function definePool(state: FakeState, xml: string): FakePool {
  const parsed = parseDefinition(xml);
  refuseConflicts(state, parsed);
  const held = state.pools.get(parsed.name);
  const pool: FakePool =
    held === undefined
      ? { ...parsed, active: false, autostart: false, capacityBytes: 100 * 1024 ** 3, volumes: new Set() }
      : { ...held, ...(held.active ? { nextDefinition: parsed.definition } : parsed) };
  state.pools.set(pool.name, pool);
  return pool;
}

function inactivePoolOf(state: FakeState, name: string): FakePool {
  const pool = poolOf(state, name);
  if (pool.active) throw fakeError("operationInvalid", `Requested operation is not valid: storage pool '${name}' is already active`);
  return pool;
}

const parents = (path: string): string[] => {
  const parent = path.slice(0, path.lastIndexOf("/"));
  return parent === "" ? [] : [parent, ...parents(parent)];
};

function buildFolder(state: FakeState, { path, definition }: FakePool): void {
  const root = rootElement(definition);
  const asked = (name: string) => textAt(root, "target", "permissions", name);
  for (const parent of parents(path)) if (!state.folders.has(parent)) state.folders.set(parent, { ...defaultFolder, mode: 0o755 });
  const held = state.folders.get(path) ?? defaultFolder;
  const [mode, owner, group] = [asked("mode"), asked("owner"), asked("group")];
  state.folders.set(path, {
    mode: mode === undefined ? held.mode : parseInt(mode, 8),
    owner: owner === undefined ? held.owner : Number(owner),
    group: group === undefined ? held.group : Number(group),
  });
}

function buildDevices(state: FakeState, { name, definition }: FakePool, content: string, device: BuildDevice | undefined): void {
  const devices = devicesOf(rootElement(definition));
  for (const path of devices) {
    const held = state.devices.get(path);
    if (held === undefined) {
      throw fakeError("operationInvalid", `Requested operation is not valid: Source device does not exist when formatting pool '${name}'`);
    }
    if (held !== "" && device !== "overwrite") {
      throw fakeError("poolBuilt", `Storage pool already built: Device '${path}' already formatted using '${held}'`);
    }
  }
  for (const path of devices) state.devices.set(path, content);
}

function buildPool(state: FakeState, name: string, device: BuildDevice | undefined): void {
  const pool = inactivePoolOf(state, name);
  const { folder, content } = kindOf(pool.type);
  if (folder === true) buildFolder(state, pool);
  if (device !== undefined && pool.type === "zfs") {
    throw fakeError("invalidArgument", "invalid argument: unsupported flags in function virStorageBackendZFSBuildPool");
  }
  if (device !== undefined && content === undefined) {
    const wrong = `No source device specified when formatting pool '${name}'`;
    throw fakeError("operationInvalid", `Requested operation is not valid: ${wrong}`);
  }
  if (content !== undefined && (pool.type !== "fs" || device !== undefined)) {
    buildDevices(state, pool, content(rootElement(pool.definition)), device);
  }
}

/** What the storage must be for a start. */
function refuseStart(state: FakeState, { name, type, path, definition }: FakePool): void {
  const { folder, content } = kindOf(type);
  const root = rootElement(definition);
  if (folder === true && !state.folders.has(path)) {
    const wrong = `'${path}': No such file or directory`;
    throw type === "dir" ? fakeError("systemError", `cannot open directory ${wrong}`) : fakeError("internalError", `mount ${wrong}`);
  }
  const unfit = content && devicesOf(root).find((device) => state.devices.get(device) !== content(root));
  if (unfit !== undefined) {
    throw fakeError(type === "disk" ? "operationInvalid" : "internalError", `the device ${unfit} of pool '${name}' is not of its format`);
  }
  const secret = at(root, "source", "auth", "secret")?.getAttribute("uuid");
  if (secret && state.secrets.get(secret)?.value === undefined) {
    throw fakeError("noSecret", `Secret not found: no secret with matching uuid '${secret}'`);
  }
}

/** libvirt looks at the folder: the definition then says what it is like. */
function look(state: FakeState, pool: FakePool): void {
  rescan(state, pool);
  const folder = kinds[pool.type]?.folder === true ? state.folders.get(pool.path) : undefined;
  if (folder === undefined) return;
  const root = rootElement(pool.definition);
  const target = at(root, "target") ?? root;
  const permissions = at(target, "permissions") ?? setText(target, "permissions", "");
  setText(permissions, "mode", `0${folder.mode.toString(8)}`);
  setText(permissions, "owner", String(folder.owner));
  setText(permissions, "group", String(folder.group));
  pool.definition = xmlText(root);
}

function startPool(state: FakeState, name: string): void {
  const pool = poolOf(state, name);
  if (pool.active) return;
  refuseStart(state, pool);
  pool.active = true;
  look(state, pool);
}

function stopPool(state: FakeState, name: string): void {
  const pool = poolOf(state, name);
  if (!pool.active) return;
  const { nextDefinition, ...rest } = pool;
  const next = nextDefinition === undefined ? {} : parseDefinition(nextDefinition);
  state.pools.set(name, { ...rest, ...next, active: false, volumes: new Set() });
}

const inFolder = (path: string) => (other: string) => other.startsWith(`${path}/`);

function deleteStorage(state: FakeState, name: string): void {
  const pool = inactivePoolOf(state, name);
  const { folder, content } = kindOf(pool.type);
  if (folder !== true && content === undefined) {
    throw fakeError("noSupport", "this function is not supported by the connection driver: pool does not support pool deletion");
  }
  if (folder !== true) {
    for (const device of devicesOf(rootElement(pool.definition))) state.devices.set(device, "");
    return;
  }
  const isFull = pool.type === "dir" && [...state.files.keys(), ...state.folders.keys()].some(inFolder(pool.path));
  if (isFull) throw fakeError("systemError", `failed to remove pool '${pool.path}': Directory not empty`);
  if (!state.folders.delete(pool.path)) throw fakeError("systemError", `failed to remove pool '${pool.path}': No such file or directory`);
}

export function fakePoolVerbs(state: FakeState): PoolVerbs {
  return {
    listPools: async () => [...state.pools.values()].map((pool) => poolRecord(state, pool)),
    findPool: async (name) => {
      const pool = state.pools.get(name);
      return pool && poolRecord(state, pool);
    },
    findPoolByUuid: async (uuid) => {
      const pool = [...state.pools.values()].find((each) => each.uuid === uuid);
      return pool && poolRecord(state, pool);
    },
    refreshPool: async (name) => look(state, activePoolOf(state, name)),
    definePool: async (xml) => {
      const { name, uuid } = definePool(state, xml);
      return { name, uuid };
    },
    buildPool: async (name, options) => buildPool(state, name, options?.device),
    startPool: async (name) => startPool(state, name),
    stopPool: async (name) => stopPool(state, name),
    deletePoolStorage: async (name) => deleteStorage(state, name),
    undefinePool: async (name) => {
      if (!state.pools.has(name)) return;
      inactivePoolOf(state, name);
      state.pools.delete(name);
    },
    setPoolAutostart: async (name, autostart) => {
      poolOf(state, name).autostart = autostart;
    },
  };
}
