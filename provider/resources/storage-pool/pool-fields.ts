// A pool's inputs field by field, settled: as libvirt takes them, with its defaults in, so that what means the same compares the same. Pure.
import type { Value, Values } from "../resource";
import { unknown } from "../resource";
import { isValues } from "../values";
import type { PoolType } from "./pool-types";
import { defaultPaths, isPoolType, rulesOf, settledFormat, settledPath } from "./pool-types";

/** The value at a property path of plain names; unknown where something on the way to it is. */
export function valueAt(inputs: Values, path: string): Value | undefined {
  let at: Value | undefined = inputs;
  for (const key of path.split(".")) {
    if (at === unknown) return unknown;
    at = isValues(at) ? at[key] : undefined;
  }
  return at;
}

const typeOf = (inputs: Values): PoolType | undefined => {
  const type = inputs["type"];
  return isPoolType(type) ? type : undefined;
};

const plain = (path: string) => (inputs: Values) => valueAt(inputs, path);

function sourceName(inputs: Values): Value | undefined {
  const type = typeOf(inputs);
  const said = valueAt(inputs, "source.name");
  return said === undefined && (type === "logical" || type === "zfs") ? inputs["name"] : said;
}

function format(inputs: Values): Value | undefined {
  const type = typeOf(inputs);
  const said = valueAt(inputs, "source.format");
  return type === undefined || said === unknown || (said !== undefined && typeof said !== "string") ? said : settledFormat(type, said);
}

function path(inputs: Values): Value | undefined {
  const type = typeOf(inputs);
  const said = valueAt(inputs, "target.path");
  if (typeof said === "string") return settledPath(said);
  if (said !== undefined || type === undefined) return said;
  const source = sourceName(inputs);
  const make = defaultPaths[type];
  if (make === undefined) return undefined;
  return type !== "disk" && typeof source !== "string" ? source : make(typeof source === "string" ? source : "");
}

/** "711" and "0711" are one mode. */
function mode(inputs: Values): Value | undefined {
  const said = valueAt(inputs, "target.permissions.mode");
  return typeof said === "string" ? parseInt(said, 8) : said;
}

function authType(inputs: Values): Value | undefined {
  const type = typeOf(inputs);
  const auth = valueAt(inputs, "source.auth");
  if (!isValues(auth)) return auth === unknown ? unknown : undefined;
  return auth["type"] ?? (type === undefined ? undefined : rulesOf(type).auth);
}

export const settledFields = {
  name: plain("name"),
  type: plain("type"),
  "target.path": path,
  "target.permissions.mode": mode,
  "target.permissions.owner": plain("target.permissions.owner"),
  "target.permissions.group": plain("target.permissions.group"),
  "source.hosts": plain("source.hosts"),
  "source.devices": plain("source.devices"),
  "source.dir": plain("source.dir"),
  "source.name": sourceName,
  "source.format": format,
  "source.auth.type": authType,
  "source.auth.username": plain("source.auth.username"),
  "source.auth.key": plain("source.auth.key"),
  "source.auth.password": plain("source.auth.password"),
  "source.auth.secretUuid": plain("source.auth.secretUuid"),
  "source.initiator": plain("source.initiator"),
  autostart: plain("autostart"),
  active: plain("active"),
  build: plain("build"),
  overwrite: plain("overwrite"),
  deleteContent: plain("deleteContent"),
} as const satisfies Readonly<Record<string, (inputs: Values) => Value | undefined>>;

export type PoolField = keyof typeof settledFields;
export const poolFields = Object.keys(settledFields) as readonly PoolField[];
