// A pool as libvirt holds it -> inputs: all of them for an import; for a refresh the old ones, with what differs as it is now. Pure.
import type { PoolRecord } from "../../libvirt/port";
import type { ObservedPool, PoolAuth, PoolPermissions } from "../../xml/pool-xml";
import { parsePool } from "../../xml/pool-xml";
import { defined, sameValue } from "../values";
import type { CheckedInputs } from "./contract";
import { poolRequest, poolSecretUuid } from "./pool-request";
import type { Part, PoolType } from "./pool-types";
import { rulesOf, settledFormat } from "./pool-types";

type Source = NonNullable<CheckedInputs["source"]>;
type Auth = NonNullable<Source["auth"]>;
type Target = NonNullable<CheckedInputs["target"]>;

const isEmpty = (value: object | undefined): boolean => value === undefined || Object.keys(value).length === 0;

/** The object, or nothing in the place of an empty one. */
const some = <T extends object>(value: T): T | undefined => (isEmpty(value) ? undefined : value);

const listOf = <T>(items: readonly T[]): T[] | undefined => (items.length === 0 ? undefined : [...items]);

function importedAuth({ username, secretUuid }: PoolAuth): Auth {
  return { username, ...defined({ secretUuid }) };
}

function importedSource(type: PoolType, { source }: ObservedPool): Source | undefined {
  const format = source.format === settledFormat(type, undefined) || source.format === "unknown" ? undefined : source.format;
  const { dir, name, initiator, auth } = source;
  const all: Readonly<Partial<Record<Part, unknown>>> = {
    "source.hosts": listOf(source.hosts),
    "source.devices": listOf(source.devices),
    "source.dir": dir,
    "source.name": name,
    "source.format": format,
    "source.auth": auth && importedAuth(auth),
    "source.initiator": initiator,
  };
  const { required, optional } = rulesOf(type);
  const fitting = [...required, ...optional].filter((part) => part.startsWith("source."));
  return some(defined(Object.fromEntries(fitting.map((part) => [part.slice("source.".length), all[part]]))) as Source);
}

function importedTarget(type: PoolType, { path, permissions }: ObservedPool): Target | undefined {
  const { required, optional } = rulesOf(type);
  const fits = (part: Part) => required.includes(part) || optional.includes(part);
  return some(
    defined({
      path: fits("target.path") ? path : undefined,
      permissions: fits("target.permissions") ? some(permissions ?? {}) : undefined,
    }) as Target,
  );
}

export function importedInputs(type: PoolType, record: PoolRecord): CheckedInputs {
  const pool = parsePool(record.xml);
  const { name, active, autostart } = record;
  const parts = defined({ target: importedTarget(type, pool), source: importedSource(type, pool) });
  return { name, type, ...parts, autostart, active, deleteContent: false };
}

const sameMode = (left: string | undefined, right: string | undefined): boolean => parseInt(left ?? "", 8) === parseInt(right ?? "", 8);

/** Only what was asked for is looked at: the rest is as it is. */
function driftedPermissions(asked: PoolPermissions, seen: PoolPermissions): PoolPermissions {
  const mode = asked.mode === undefined || seen.mode === undefined || sameMode(asked.mode, seen.mode) ? asked.mode : seen.mode;
  const owner = asked.owner === undefined ? undefined : (seen.owner ?? asked.owner);
  const group = asked.group === undefined ? undefined : (seen.group ?? asked.group);
  return defined({ mode, owner, group });
}

function driftedTarget({ target }: CheckedInputs, asked: ReturnType<typeof poolRequest>, pool: ObservedPool): Target | undefined {
  const path = asked.path === pool.path ? target?.path : pool.path;
  const permissions = target?.permissions && driftedPermissions(target.permissions, pool.permissions ?? {});
  return some(defined({ path, permissions }) as Target);
}

/** A secret of ours that is gone takes the password along, so that the next run sets it again. */
function driftedAuth(old: Auth | undefined, name: string, seen: PoolAuth | undefined, isSecretThere: boolean): Auth | undefined {
  if (seen === undefined) return undefined;
  if (old === undefined) return importedAuth(seen);
  const { key, password, secretUuid, ...rest } = old;
  const asked = secretUuid ?? poolSecretUuid(name);
  const username = seen.username;
  if (seen.secretUuid !== asked) return { ...rest, ...importedAuth(seen) };
  if (secretUuid !== undefined) return { ...rest, username, secretUuid };
  return { ...rest, username, ...(isSecretThere ? defined({ key, password }) : {}) };
}

function driftedSource(
  old: CheckedInputs,
  asked: ReturnType<typeof poolRequest>,
  pool: ObservedPool,
  isSecretThere: boolean,
): Source | undefined {
  const seen = pool.source;
  const source = old.source ?? {};
  const kept = <Field extends "hosts" | "devices" | "dir" | "name" | "initiator">(field: Field) =>
    sameValue(asked.source[field], seen[field]) ? source[field] : seen[field];
  const isSameFormat = settledFormat(old.type, asked.source.format) === settledFormat(old.type, seen.format);
  return some(
    defined({
      hosts: kept("hosts"),
      devices: kept("devices"),
      dir: kept("dir"),
      name: kept("name"),
      initiator: kept("initiator"),
      format: isSameFormat ? source.format : seen.format,
      auth: driftedAuth(source.auth, old.name, seen.auth, isSecretThere),
    }) as Source,
  );
}

/** `isSecretThere`: libvirt holds the secret of ours that the pool's password is in. */
export function driftedInputs(old: CheckedInputs, record: PoolRecord, isSecretThere: boolean): CheckedInputs {
  const pool = parsePool(record.xml);
  const asked = poolRequest(old, record.uuid);
  const { target, source, ...rest } = old;
  const parts = { target: driftedTarget(old, asked, pool), source: driftedSource(old, asked, pool, isSecretThere) };
  // An object that was empty, or is as it was, stays as the program wrote it.
  const written = defined({
    target: isEmpty(parts.target) && isEmpty(target) ? target : parts.target,
    source: isEmpty(parts.source) && isEmpty(source) ? source : parts.source,
  });
  return { ...rest, ...written, autostart: record.autostart, active: record.active };
}
