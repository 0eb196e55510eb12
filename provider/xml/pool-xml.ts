// Storage pools: our request for a pool -> libvirt's XML, written over the definition that is there, and libvirt's answer -> what we use of it.
import type { NetworkHost } from "../plan/domain";
import { addChild, attributeOf, childOf, childrenOf, newRoot, remove, removeChildren, setAttributes, setText, textOf } from "./document";
import type { XmlElement } from "./document";
import { readXml } from "./read-xml";
import { integerOf } from "./size";
import { writeXml } from "./write-xml";

/** Who a network pool asks its storage as. The password is a libvirt secret's, named by UUID or (by others' hands) by usage. */
export interface PoolAuth {
  /** libvirt's words for pools; a disk on the same storage says "iscsi" for "chap". */
  readonly type: "ceph" | "chap";
  readonly username: string;
  readonly secretUuid?: string | undefined;
  readonly secretUsage?: string | undefined;
}

/** Where a pool's storage is. Which parts mean something depends on the pool's type. */
export interface PoolSource {
  readonly hosts: readonly NetworkHost[];
  /** Device paths; for iscsi-direct the target's name. */
  readonly devices: readonly string[];
  /** netfs: the exported folder. */
  readonly dir?: string | undefined;
  /** Volume group, zpool or dataset, Ceph pool. */
  readonly name?: string | undefined;
  /** File system, partition table. */
  readonly format?: string | undefined;
  readonly auth?: PoolAuth | undefined;
  /** iscsi-direct: our name as an initiator. */
  readonly initiator?: string | undefined;
}

/** Of the pool's folder. Absent: as it is. */
export interface PoolPermissions {
  /** Octal, "0711". */
  readonly mode?: string | undefined;
  readonly owner?: number | undefined;
  readonly group?: number | undefined;
}

export interface PoolRequest {
  readonly name: string;
  readonly uuid: string;
  /** libvirt's word: "dir", "fs", "logical", … */
  readonly type: string;
  readonly path?: string | undefined;
  readonly permissions?: PoolPermissions | undefined;
  readonly source: PoolSource;
}

export interface ObservedPool {
  readonly name: string;
  readonly uuid: string;
  /** "dir", "fs", "logical", … */
  readonly type: string;
  /** The folder (or device folder) that the volumes appear in; absent for network pools. */
  readonly path?: string | undefined;
  /** The format of the pool's source: "lvm2", "nfs", … */
  readonly sourceFormat?: string | undefined;
  readonly source: PoolSource;
  /** What libvirt last saw or, until the pool is started anew, what was defined. */
  readonly permissions?: PoolPermissions | undefined;
}

/** The child that there is, or a new one. */
const ensureChild = (parent: XmlElement, name: string): XmlElement => childOf(parent, name) ?? addChild(parent, name);

/** Makes a child's text, or takes the child away. */
function setChild(parent: XmlElement, name: string, text: string | number | undefined): void {
  if (text === undefined) removeChildren(parent, name);
  else setText(ensureChild(parent, name), text);
}

function writeAuth(source: XmlElement, auth: PoolAuth | undefined): void {
  if (auth === undefined) {
    removeChildren(source, "auth");
    return;
  }
  const element = ensureChild(source, "auth");
  setAttributes(element, { type: auth.type, username: auth.username });
  setAttributes(ensureChild(element, "secret"), { uuid: auth.secretUuid, usage: auth.secretUsage });
}

/** Elements of which there may be several: kept when they say the same, so that what else stands in them (free extents) stays. */
function writeList(source: XmlElement, name: string, wanted: readonly Readonly<Record<string, string | number | undefined>>[]): void {
  const held = childrenOf(source, name);
  const says = (element: XmlElement | undefined, values: (typeof wanted)[number]) =>
    element !== undefined && Object.entries(values).every(([key, value]) => attributeOf(element, key) === value?.toString());
  if (held.length === wanted.length && wanted.every((values, index) => says(held[index], values))) return;
  const before = held.at(-1)?.nextSibling ?? undefined;
  remove(...held);
  for (const values of wanted) addChild(source, name, values, before);
}

function writeSource(pool: XmlElement, { hosts, devices, dir, name, format, auth, initiator }: PoolSource): void {
  const source = ensureChild(pool, "source");
  writeList(
    source,
    "host",
    hosts.map((host) => ({ name: host.name, port: host.port })),
  );
  writeList(
    source,
    "device",
    devices.map((path) => ({ path })),
  );
  if (dir !== undefined) setAttributes(ensureChild(source, "dir"), { path: dir });
  setChild(source, "name", name);
  if (initiator !== undefined) setAttributes(ensureChild(ensureChild(source, "initiator"), "iqn"), { name: initiator });
  if (format !== undefined) setAttributes(ensureChild(source, "format"), { type: format });
  writeAuth(source, auth);
}

function writeTarget(pool: XmlElement, path: string, { mode, owner, group }: PoolPermissions): void {
  const target = ensureChild(pool, "target");
  setChild(target, "path", path);
  const wanted = Object.entries({ mode, owner, group }).filter(([, value]) => value !== undefined);
  for (const [name, value] of wanted) setText(ensureChild(ensureChild(target, "permissions"), name), value ?? "");
}

/** The definition; `over` is the one that libvirt holds, of which everything that the request does not speak of is kept. */
export function poolXml({ name, uuid, type, path, permissions = {}, source }: PoolRequest, over?: string): string {
  const pool = over === undefined ? newRoot("pool", { type }) : readXml(over);
  setAttributes(pool, { type });
  setChild(pool, "name", name);
  setChild(pool, "uuid", uuid);
  writeSource(pool, source);
  if (path !== undefined) writeTarget(pool, path, permissions);
  return writeXml(pool);
}

/** The object without its absent parts. */
const present = <T extends object>(parts: T): { readonly [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };

function parseHost(element: XmlElement): NetworkHost {
  return { name: attributeOf(element, "name") ?? "", ...present({ port: integerOf(attributeOf(element, "port")) }) };
}

function parseAuth(element: XmlElement | undefined): PoolAuth | undefined {
  const type = attributeOf(element, "type");
  if (type !== "ceph" && type !== "chap") return undefined;
  const secret = element && childOf(element, "secret");
  const username = attributeOf(element, "username") ?? "";
  return { type, username, ...present({ secretUuid: attributeOf(secret, "uuid"), secretUsage: attributeOf(secret, "usage") }) };
}

function parseSource(source: XmlElement | undefined): PoolSource {
  if (source === undefined) return { hosts: [], devices: [] };
  return {
    hosts: childrenOf(source, "host").map(parseHost),
    devices: childrenOf(source, "device").map((device) => attributeOf(device, "path") ?? ""),
    ...present({
      dir: attributeOf(childOf(source, "dir"), "path"),
      name: textOf(childOf(source, "name")),
      format: attributeOf(childOf(source, "format"), "type"),
      auth: parseAuth(childOf(source, "auth")),
      initiator: attributeOf(childOf(source, "initiator", "iqn"), "name"),
    }),
  };
}

function parsePermissions(element: XmlElement | undefined): PoolPermissions | undefined {
  if (element === undefined) return undefined;
  return present({
    mode: textOf(childOf(element, "mode")),
    owner: integerOf(textOf(childOf(element, "owner"))),
    group: integerOf(textOf(childOf(element, "group"))),
  });
}

export function parsePool(xml: string): ObservedPool {
  const pool = readXml(xml);
  const source = parseSource(childOf(pool, "source"));
  return {
    name: textOf(childOf(pool, "name")) ?? "",
    uuid: textOf(childOf(pool, "uuid")) ?? "",
    type: attributeOf(pool, "type") ?? "",
    ...present({
      path: textOf(childOf(pool, "target", "path")),
      sourceFormat: source.format,
      permissions: parsePermissions(childOf(pool, "target", "permissions")),
    }),
    source,
  };
}
