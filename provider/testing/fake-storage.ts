// The volume verbs of the fake: volumes are files in pools.
import { dirname, join } from "node:path";
import { create } from "xmlbuilder2";
import type { Libvirt, VolumeRecord, VolumeRef } from "../libvirt/port";
import { activePoolOf, fakeError, poolOf } from "./fake-state";
import type { FakeFile, FakePool, FakeState } from "./fake-state";
import { at, bytesOf, rootElement, textAt } from "./fake-xml";

type VolumeVerbs = Pick<
  Libvirt,
  "findVolume" | "listVolumes" | "createVolume" | "deleteVolume" | "growVolume" | "createVolumeFrom" | "uploadVolume" | "readVolume"
>;

const capacity = (bytes: number) => ({ "@unit": "bytes", "#": String(bytes) });

const isBlock = (type: string) => ["logical", "disk", "zfs"].includes(type);

function volumeXmlOf(pool: FakePool, name: string, { path, format, capacityBytes, backing }: FakeFile): string {
  return create({
    volume: {
      "@type": isBlock(pool.type) ? "block" : "file",
      name,
      key: path,
      capacity: capacity(capacityBytes),
      allocation: capacity(0),
      target: { path, format: { "@type": format } },
      ...(backing && { backingStore: { path: backing.path, format: { "@type": backing.format } } }),
    },
  }).end({ headless: true, prettyPrint: true });
}

const volumePath = (pool: FakePool, name: string) => join(pool.path, name);

function volumeRecord(state: FakeState, pool: FakePool, name: string): VolumeRecord | undefined {
  const file = pool.volumes.has(name) ? state.files.get(volumePath(pool, name)) : undefined;
  return file && { pool: pool.name, name, path: file.path, xml: volumeXmlOf(pool, name, file), capacityBytes: file.capacityBytes };
}

function findVolume(state: FakeState, ref: VolumeRef): VolumeRecord | undefined {
  if ("pool" in ref) {
    const pool = state.pools.get(ref.pool);
    if (pool && !pool.active)
      throw fakeError("operationInvalid", `Requested operation is not valid: storage pool '${pool.name}' is not active`);
    return pool && volumeRecord(state, pool, ref.name);
  }
  const volumes = [...state.pools.values()]
    .filter(({ active }) => active)
    .flatMap((pool) => [...pool.volumes].map((name) => volumeRecord(state, pool, name)));
  return volumes.find((volume) => volume?.path === ref.path);
}

/** The pool sees what lies in its folder, and no longer what does not. */
export function rescan(state: FakeState, pool: FakePool): void {
  pool.volumes.clear();
  for (const path of state.files.keys()) if (dirname(path) === pool.path) pool.volumes.add(path.slice(pool.path.length + 1));
}

const formatOf = (type: string | null | undefined) => (type === "qcow2" ? "qcow2" : "raw");

function createVolume(state: FakeState, poolName: string, xml: string): VolumeRecord {
  const pool = activePoolOf(state, poolName);
  const root = rootElement(xml);
  const name = textAt(root, "name");
  if (!name) throw fakeError("xmlError", "XML error: missing volume name element");
  if (pool.volumes.has(name)) throw fakeError("volumeExists", `storage volume name '${name}' already in use.`);
  const backingPath = textAt(root, "backingStore", "path");
  if (backingPath !== undefined && !state.files.has(backingPath)) {
    throw fakeError("systemError", `inaccessible backing store volume ${backingPath}: No such file or directory`);
  }
  const path = volumePath(pool, name);
  if (state.files.has(path)) throw fakeError("systemError", `cannot create path '${path}': File exists`);
  state.files.set(path, {
    path,
    format: formatOf(at(root, "target", "format")?.getAttribute("type")),
    capacityBytes: bytesOf(at(root, "capacity"), "bytes"),
    backing:
      backingPath === undefined
        ? undefined
        : { path: backingPath, format: formatOf(at(root, "backingStore", "format")?.getAttribute("type")) },
  });
  pool.volumes.add(name);
  return volumeRecord(state, pool, name)!;
}

const notYet = async (): Promise<never> => {
  throw new Error("the fake does not do that yet");
};

export function fakeVolumeVerbs(state: FakeState): VolumeVerbs {
  return {
    createVolumeFrom: notYet,
    uploadVolume: notYet,
    readVolume: notYet,
    findVolume: async (ref) => findVolume(state, ref),
    listVolumes: async (name) => [...activePoolOf(state, name).volumes],
    createVolume: async (pool, xml) => createVolume(state, pool, xml),
    deleteVolume: async (ref) => {
      const volume = findVolume(state, ref);
      if (!volume) return;
      state.files.delete(volume.path);
      poolOf(state, volume.pool).volumes.delete(volume.name);
    },
    growVolume: async (ref, capacityBytes) => {
      const volume = findVolume(state, ref);
      if (!volume) throw fakeError("noVolume", "Storage volume not found: no storage vol with matching path");
      if (capacityBytes < volume.capacityBytes) {
        throw fakeError(
          "invalidArgument",
          "invalid argument: Can't shrink capacity below current capacity unless shrink flag explicitly specified",
        );
      }
      const file = state.files.get(volume.path);
      if (file) file.capacityBytes = capacityBytes;
    },
  };
}
