// The port's verbs about storage pools.
import { storagePoolBuildFlags, storageXmlFlags } from "node-libvirt";
import type { StoragePool } from "node-libvirt";
import { hostErrorCodes } from "./codes";
import type { HostConnection } from "./connection";
import { unlessCode } from "./errors";
import type { CallOptions, Libvirt, PoolRecord } from "./port";

const { noPool } = hostErrorCodes;

/** Without a flag no file system is made; with one, libvirt refuses pools that have no device to format. */
const buildFlags = {
  keep: storagePoolBuildFlags.NEW,
  ifEmpty: storagePoolBuildFlags.NO_OVERWRITE,
  overwrite: storagePoolBuildFlags.OVERWRITE,
} as const;

export const aboutPool = (doing: string, name: string, options: CallOptions | undefined) => ({ doing, what: `the pool ${name}`, options });

export async function lookUpPool(host: HostConnection, name: string, options: CallOptions | undefined): Promise<StoragePool> {
  return (await host.call("storagePoolLookupByName", { ...aboutPool("Looking up", name, options), args: { name } })).pool;
}

async function readPool(host: HostConnection, pool: StoragePool, options: CallOptions | undefined): Promise<PoolRecord> {
  const about = aboutPool("Reading", pool.name, options);
  const [{ active }, { persistent }, { autostart }, { capacity, available }] = await Promise.all([
    host.call("storagePoolIsActive", { ...about, args: { pool } }),
    host.call("storagePoolIsPersistent", { ...about, args: { pool } }),
    host.call("storagePoolGetAutostart", { ...about, args: { pool } }),
    host.call("storagePoolGetInfo", { ...about, args: { pool } }),
  ]);
  const flags = persistent ? storageXmlFlags.INACTIVE : 0;
  const { xml } = await host.call("storagePoolGetXmlDesc", { ...about, args: { pool, flags } });
  return {
    name: pool.name,
    uuid: pool.uuid,
    active,
    persistent,
    autostart,
    xml,
    capacityBytes: active ? Number(capacity) : 0,
    availableBytes: active ? Number(available) : 0,
  };
}

async function listPools(host: HostConnection, options: CallOptions | undefined): Promise<readonly PoolRecord[]> {
  const { pools } = await host.call("connectListAllStoragePools", {
    doing: "Listing",
    what: "the host's storage pools",
    args: { needResults: true, flags: 0 },
    options,
  });
  // A pool may go while it is read: then it is not there.
  const records = await Promise.all(pools.map((pool) => unlessCode(readPool(host, pool, options), noPool)));
  return records.filter((record) => record !== undefined);
}

async function findPoolByUuid(host: HostConnection, uuid: string, options: CallOptions | undefined): Promise<PoolRecord | undefined> {
  const found = host.call("storagePoolLookupByUuid", { ...aboutPool("Looking up", uuid, options), args: { uuid } });
  return unlessCode(
    found.then(({ pool }) => readPool(host, pool, options)),
    noPool,
  );
}

type PoolVerb =
  | "listPools"
  | "findPool"
  | "findPoolByUuid"
  | "refreshPool"
  | "definePool"
  | "buildPool"
  | "startPool"
  | "stopPool"
  | "deletePoolStorage"
  | "undefinePool"
  | "setPoolAutostart";

export function poolVerbs(host: HostConnection): Pick<Libvirt, PoolVerb> {
  const act = async (
    doing: string,
    name: string,
    options: CallOptions | undefined,
    run: (pool: StoragePool, about: ReturnType<typeof aboutPool>) => Promise<unknown>,
  ) => {
    await run(await lookUpPool(host, name, options), aboutPool(doing, name, options));
  };
  return {
    listPools: (options) => listPools(host, options),
    findPool: (name, options) =>
      unlessCode(
        lookUpPool(host, name, options).then((pool) => readPool(host, pool, options)),
        noPool,
      ),
    findPoolByUuid: (uuid, options) => findPoolByUuid(host, uuid, options),
    refreshPool: (name, options) =>
      act("Refreshing", name, options, (pool, about) => host.callSlowly("storagePoolRefresh", { ...about, args: { pool, flags: 0 } })),
    definePool: async (xml, options) => {
      const { pool } = await host.call("storagePoolDefineXml", {
        doing: "Defining",
        what: "a storage pool",
        args: { xml, flags: 0 },
        options,
      });
      return { name: pool.name, uuid: pool.uuid };
    },
    buildPool: (name, options) =>
      act("Building", name, options, (pool, about) => {
        const flags = buildFlags[options?.device ?? "keep"];
        return host.callSlowly("storagePoolBuild", { ...about, args: { pool, flags } });
      }),
    startPool: (name, options) =>
      act("Starting", name, options, async (pool, about) => {
        const { active } = await host.call("storagePoolIsActive", { ...about, args: { pool } });
        if (!active) await host.callSlowly("storagePoolCreate", { ...about, args: { pool, flags: 0 } });
      }),
    stopPool: (name, options) =>
      act("Stopping", name, options, async (pool, about) => {
        const { active } = await host.call("storagePoolIsActive", { ...about, args: { pool } });
        if (active) await host.callSlowly("storagePoolDestroy", { ...about, args: { pool } });
      }),
    deletePoolStorage: (name, options) =>
      act("Deleting the storage of", name, options, (pool, about) =>
        host.callSlowly("storagePoolDelete", { ...about, args: { pool, flags: 0 } }),
      ),
    undefinePool: async (name, options) => {
      const undefining = act("Undefining", name, options, (pool, about) => host.call("storagePoolUndefine", { ...about, args: { pool } }));
      await unlessCode(undefining, noPool);
    },
    setPoolAutostart: (name, autostart, options) =>
      act("Setting the autostart of", name, options, (pool, about) =>
        host.call("storagePoolSetAutostart", { ...about, args: { pool, autostart } }),
      ),
  };
}
