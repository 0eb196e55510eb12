// A pool's inputs -> the definition to write, with libvirt's defaults in. Pure.
import type { PoolRequest, PoolSource } from "../../xml/pool-xml";
import { secretUuidOf } from "../secret-uuid";
import { defined } from "../values";
import type { CheckedInputs } from "./contract";
import { defaultPaths, rulesOf, settledPath } from "./pool-types";

/** Our secret for a pool's password: always the same one for a name. */
export const poolSecretUuid = (name: string): string => secretUuidOf(`pool ${name}`);

/** Where the pool's volumes appear on the host; undefined for network pools. */
export function pathOf({ type, name, target, source }: Pick<CheckedInputs, "type" | "name" | "target" | "source">): string | undefined {
  const path = target?.path ?? defaultPaths[type]?.(source?.name ?? name);
  return path === undefined ? undefined : settledPath(path);
}

function authOf({ type, name, source }: CheckedInputs): PoolSource["auth"] {
  const kind = rulesOf(type).auth;
  if (source?.auth === undefined || kind === undefined) return undefined;
  const { username, secretUuid = poolSecretUuid(name) } = source.auth;
  return { type: kind, username, secretUuid };
}

export function poolRequest(inputs: CheckedInputs, uuid: string): PoolRequest {
  const { name, type, target, source = {} } = inputs;
  const sourceName = source.name ?? (type === "logical" || type === "zfs" ? name : undefined);
  const { hosts = [], devices = [], dir, format, initiator } = source;
  return {
    name,
    uuid,
    type,
    path: pathOf(inputs),
    permissions: defined(target?.permissions ?? {}),
    source: { hosts, devices, dir, name: sourceName, format, auth: authOf(inputs), initiator },
  };
}
