// The port's verbs about volumes.
import { storageVolCreateFlags } from "node-libvirt";
import type { StorageVol } from "node-libvirt";
import { hostErrorCodes } from "./codes";
import type { HostConnection } from "./connection";
import { unlessCode } from "./errors";
import { aboutPool, lookUpPool } from "./pools";
import { readVolume, uploadVolume } from "./volume-content";
import { aboutVolume, lookUpVolume, shownRef } from "./volume-ref";
import type { CallOptions, Libvirt, VolumeRecord, VolumeRef } from "./port";

const { noPool, noVolume } = hostErrorCodes;

async function recordOf(host: HostConnection, vol: StorageVol, options: CallOptions | undefined): Promise<VolumeRecord> {
  const about = aboutVolume("Reading", { pool: vol.pool, name: vol.name }, options);
  const [{ name: path }, { xml }, { capacity }] = await Promise.all([
    host.call("storageVolGetPath", { ...about, args: { vol } }),
    host.call("storageVolGetXmlDesc", { ...about, args: { vol, flags: 0 } }),
    host.call("storageVolGetInfo", { ...about, args: { vol } }),
  ]);
  return { pool: vol.pool, name: vol.name, path, xml, capacityBytes: Number(capacity) };
}

async function findVolume(host: HostConnection, ref: VolumeRef, options: CallOptions | undefined): Promise<VolumeRecord | undefined> {
  const found = lookUpVolume(host, ref, options).then((vol) => recordOf(host, vol, options));
  return unlessCode(found, noVolume, noPool);
}

async function createVolume(
  host: HostConnection,
  poolName: string,
  xml: string,
  options: Parameters<Libvirt["createVolume"]>[2],
): Promise<VolumeRecord> {
  const pool = await lookUpPool(host, poolName, options);
  const flags = options?.preallocateMetadata === true ? storageVolCreateFlags.PREALLOC_METADATA : 0;
  const about = aboutPool("Making a volume in", poolName, options);
  const { vol } = await host.callSlowly("storageVolCreateXml", { ...about, args: { pool, xml, flags } });
  return recordOf(host, vol, options);
}

async function deleteVolume(host: HostConnection, ref: VolumeRef, options: CallOptions | undefined): Promise<void> {
  const deleted = lookUpVolume(host, ref, options).then((vol) =>
    host.callSlowly("storageVolDelete", { ...aboutVolume("Deleting", ref, options), args: { vol, flags: 0 } }),
  );
  await unlessCode(deleted, noVolume, noPool);
}

type VolumeVerb =
  "findVolume" | "listVolumes" | "createVolume" | "deleteVolume" | "growVolume" | "createVolumeFrom" | "uploadVolume" | "readVolume";

export function volumeVerbs(host: HostConnection): Pick<Libvirt, VolumeVerb> {
  return {
    findVolume: (ref, options) => findVolume(host, ref, options),
    listVolumes: async (name, options) => {
      const pool = await lookUpPool(host, name, options);
      const about = aboutPool("Listing the volumes of", name, options);
      const { vols } = await host.call("storagePoolListAllVolumes", { ...about, args: { pool, needResults: true, flags: 0 } });
      return vols.map((vol) => vol.name);
    },
    createVolume: (pool, xml, options) => createVolume(host, pool, xml, options),
    deleteVolume: (ref, options) => deleteVolume(host, ref, options),
    growVolume: async (ref, capacityBytes, options) => {
      const vol = await lookUpVolume(host, ref, options);
      await host.callSlowly("storageVolResize", {
        ...aboutVolume("Growing", ref, options),
        args: { vol, capacity: BigInt(capacityBytes), flags: 0 },
      });
    },
    createVolumeFrom: async (poolName, xml, from, options) => {
      const [pool, clonevol] = await Promise.all([lookUpPool(host, poolName, options), lookUpVolume(host, from, options)]);
      const about = aboutPool(`Copying ${shownRef(from)} into`, poolName, options);
      const { vol } = await host.callSlowly("storageVolCreateXmlFrom", { ...about, args: { pool, xml, clonevol, flags: 0 } });
      return recordOf(host, vol, options);
    },
    uploadVolume: (ref, content, options) => uploadVolume(host, ref, content, options),
    readVolume: (ref, range, options) => readVolume(host, ref, range, options),
  };
}
