// The volume verbs of the fake: volumes are files in pools, with bytes where a test or an upload wrote some.
import { dirname, join } from "node:path";
import { create } from "xmlbuilder2";
import type { Libvirt, StreamPiece, UploadOptions, VolumeRecord, VolumeRef } from "../libvirt/port";
import { headerBytes, parseImageHeader } from "../plan/image-header";
import { copyContent, dataBytes, emptyContent, readAt, writeAt } from "./fake-content";
import type { FakeContent } from "./fake-content";
import { activePoolOf, fakeError, poolOf } from "./fake-state";
import type { FakeFile, FakePool, FakeState } from "./fake-state";
import { at, bytesOf, rootElement, textAt } from "./fake-xml";

type VolumeVerbs = Pick<
  Libvirt,
  "findVolume" | "listVolumes" | "createVolume" | "deleteVolume" | "growVolume" | "createVolumeFrom" | "uploadVolume" | "readVolume"
>;

const capacity = (bytes: number) => ({ "@unit": "bytes", "#": String(bytes) });

const isBlock = (type: string) => ["logical", "disk", "zfs"].includes(type);
const folderTypes = ["dir", "fs", "netfs"];
const copyingTypes = [...folderTypes, "logical", "disk"];
/** What an empty qcow2 file has: header, tables, one entry. */
const emptyQcow2Bytes = 196_616;

/** Size of the file itself. */
const physicalBytes = ({ format, content, capacityBytes }: FakeFile): number =>
  content?.sizeBytes ?? (format === "raw" ? capacityBytes : emptyQcow2Bytes);

/** A raw file's capacity is its size now; what a qcow2 file's is, libvirt knows from its last look at the header. */
const capacityOf = ({ format, content, capacityBytes }: FakeFile): number =>
  format === "raw" && content !== undefined ? content.sizeBytes : capacityBytes;

const takenBytes = ({ content, allocatedBytes = 0 }: FakeFile): number => Math.max(allocatedBytes, content ? dataBytes(content) : 0);

/** Bytes that the files in the pool's folder take. */
export function usedBytes(state: FakeState, pool: FakePool): number {
  return [...state.files.values()].filter(({ path }) => dirname(path) === pool.path).reduce((sum, file) => sum + takenBytes(file), 0);
}

function volumeXmlOf(pool: FakePool, name: string, file: FakeFile): string {
  const { path, format, backing } = file;
  return create({
    volume: {
      "@type": isBlock(pool.type) ? "block" : "file",
      name,
      key: path,
      capacity: capacity(capacityOf(file)),
      allocation: capacity(takenBytes(file)),
      ...(physicalBytes(file) > 0 && { physical: capacity(physicalBytes(file)) }),
      target: { path, format: { "@type": format } },
      ...(backing && { backingStore: { path: backing.path, format: { "@type": backing.format } } }),
    },
  }).end({ headless: true, prettyPrint: true });
}

const volumePath = (pool: FakePool, name: string) => join(pool.path, name);

function volumeRecord(state: FakeState, pool: FakePool, name: string): VolumeRecord | undefined {
  const file = pool.volumes.has(name) ? state.files.get(volumePath(pool, name)) : undefined;
  return file && { pool: pool.name, name, path: file.path, xml: volumeXmlOf(pool, name, file), capacityBytes: capacityOf(file) };
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

/** The file of a volume, which must be there. */
function fileOf(state: FakeState, ref: VolumeRef): FakeFile {
  const volume = findVolume(state, ref);
  const file = volume && state.files.get(volume.path);
  if (file === undefined) throw fakeError("noVolume", "Storage volume not found: no storage vol with matching path");
  return file;
}

/** The pool sees what lies in its folder, and no longer what does not; a file's format is what its first bytes say. */
export function rescan(state: FakeState, pool: FakePool): void {
  pool.volumes.clear();
  for (const [path, file] of state.files) {
    if (dirname(path) !== pool.path) continue;
    pool.volumes.add(path.slice(pool.path.length + 1));
    if (file.content !== undefined) state.files.set(path, probed(file, file.content));
  }
}

function probed(file: FakeFile, content: FakeContent): FakeFile {
  const { format, capacityBytes = content.sizeBytes, backingName } = parseImageHeader(readAt(content, 0, headerBytes));
  const backing = backingName === undefined ? undefined : ({ path: backingName, format: "raw" } as const);
  return { ...file, format: format === "qcow2" ? "qcow2" : "raw", capacityBytes, backing };
}

const formatOf = (type: string | null | undefined): FakeFile["format"] => (type === "qcow2" ? "qcow2" : "raw");

interface AskedVolume {
  readonly pool: FakePool;
  readonly name: string;
  readonly file: FakeFile;
}

function askedVolume(state: FakeState, poolName: string, xml: string, inUse: "volumeExists" | "internalError"): AskedVolume {
  const pool = activePoolOf(state, poolName);
  const root = rootElement(xml);
  const name = textAt(root, "name");
  if (!name) throw fakeError("xmlError", "XML error: missing volume name element");
  if (pool.volumes.has(name)) throw fakeError(inUse, `storage volume name '${name}' already in use.`);
  const path = volumePath(pool, name);
  const backingPath = textAt(root, "backingStore", "path");
  const backing =
    backingPath === undefined
      ? undefined
      : { path: backingPath, format: formatOf(at(root, "backingStore", "format")?.getAttribute("type")) };
  const format = formatOf(at(root, "target", "format")?.getAttribute("type"));
  const allocation = at(root, "allocation");
  const asked = bytesOf(at(root, "capacity"), "bytes");
  const file = { path, format, capacityBytes: asked, backing, allocatedBytes: allocation ? bytesOf(allocation, "bytes") : 0 };
  return { pool, name, file };
}

function addVolume(state: FakeState, { pool, name, file }: AskedVolume): VolumeRecord {
  if (state.files.has(file.path)) throw fakeError("systemError", `cannot create path '${file.path}': File exists`);
  if (usedBytes(state, pool) + takenBytes(file) > pool.capacityBytes) {
    throw fakeError("systemError", `cannot allocate ${takenBytes(file)} bytes in file '${file.path}': No space left on device`);
  }
  state.files.set(file.path, file);
  pool.volumes.add(name);
  return volumeRecord(state, pool, name)!;
}

function createVolume(state: FakeState, poolName: string, xml: string): VolumeRecord {
  const asked = askedVolume(state, poolName, xml, "volumeExists");
  const { backing, capacityBytes } = asked.file;
  const base = backing && state.files.get(backing.path);
  if (backing !== undefined && base === undefined) {
    throw fakeError("systemError", `inaccessible backing store volume ${backing.path}: No such file or directory`);
  }
  const file = { ...asked.file, capacityBytes: capacityBytes > 0 || base === undefined ? capacityBytes : capacityOf(base) };
  return addVolume(state, { ...asked, file });
}

/** A copy by qemu-img where one of the two has a format, which gives the source's capacity; else byte by byte. */
function createVolumeFrom(state: FakeState, poolName: string, xml: string, from: VolumeRef): VolumeRecord {
  const source = fileOf(state, from);
  const asked = askedVolume(state, poolName, xml, "internalError");
  if (!copyingTypes.includes(asked.pool.type)) {
    throw fakeError(
      "noSupport",
      "this function is not supported by the connection driver: storage pool does not support volume creation from an existing volume",
    );
  }
  const converts = asked.file.format !== "raw" || source.format !== "raw";
  const own = capacityOf(source);
  const capacityBytes = converts && !isBlock(asked.pool.type) ? own : Math.max(own, asked.file.capacityBytes);
  const content = !converts && source.content ? copyContent(source.content) : undefined;
  if (content !== undefined) content.sizeBytes = capacityBytes;
  return addVolume(state, { ...asked, file: { ...asked.file, backing: undefined, capacityBytes, content, copiedFrom: source.path } });
}

function growVolume(state: FakeState, ref: VolumeRef, capacityBytes: number): void {
  const file = fileOf(state, ref);
  const pool = poolOf(state, findVolume(state, ref)?.pool ?? "");
  if (!folderTypes.includes(pool.type)) {
    throw fakeError(
      "noSupport",
      "this function is not supported by the connection driver: storage pool does not support changing of volume capacity",
    );
  }
  if (capacityBytes < capacityOf(file)) {
    throw fakeError(
      "invalidArgument",
      "invalid argument: Can't shrink capacity below current capacity unless shrink flag explicitly specified",
    );
  }
  file.capacityBytes = capacityBytes;
  if (file.content !== undefined && file.format === "raw") file.content.sizeBytes = capacityBytes;
}

const pieceBytes = (piece: StreamPiece) => ("data" in piece ? piece.data.length : piece.holeBytes);

/** Breaks an upload off: after so many bytes it fails with the error. */
export interface UploadBreak {
  readonly afterBytes: number;
  readonly error: Error;
}

async function uploadVolume(
  state: FakeState,
  ref: VolumeRef,
  pieces: AsyncIterable<StreamPiece>,
  { lengthBytes, offsetBytes = 0, onProgress, signal }: UploadOptions,
): Promise<void> {
  const volume = findVolume(state, ref);
  const file = fileOf(state, ref);
  const pool = poolOf(state, volume?.pool ?? "");
  const content = (file.content ??= emptyContent(physicalBytes(file)));
  const broken = state.uploadBreaks.shift();
  let done = 0;
  for await (const piece of pieces) {
    if (signal?.aborted) throw new Error("aborted");
    if (done + pieceBytes(piece) > lengthBytes) throw fakeError("invalidArgument", "invalid argument: more content than announced");
    if ("data" in piece) writeAt(content, offsetBytes + done, piece.data);
    else content.sizeBytes = Math.max(content.sizeBytes, offsetBytes + done + piece.holeBytes);
    done += pieceBytes(piece);
    if (usedBytes(state, pool) > pool.capacityBytes)
      throw fakeError("systemError", `Unable to write ${file.path}: No space left on device`);
    onProgress?.(done);
    if (broken !== undefined && done >= broken.afterBytes) throw broken.error;
  }
  if (done < lengthBytes) throw fakeError("invalidArgument", "invalid argument: less content than announced");
}

export function fakeVolumeVerbs(state: FakeState): VolumeVerbs {
  return {
    findVolume: async (ref) => findVolume(state, ref),
    listVolumes: async (name) => [...activePoolOf(state, name).volumes],
    createVolume: async (pool, xml) => createVolume(state, pool, xml),
    createVolumeFrom: async (pool, xml, from) => createVolumeFrom(state, pool, xml, from),
    growVolume: async (ref, capacityBytes) => growVolume(state, ref, capacityBytes),
    deleteVolume: async (ref) => {
      const volume = findVolume(state, ref);
      if (!volume) return;
      state.files.delete(volume.path);
      poolOf(state, volume.pool).volumes.delete(volume.name);
    },
    uploadVolume: (ref, content, options) => uploadVolume(state, ref, content, options),
    readVolume: async (ref, { offsetBytes, lengthBytes }) => {
      const file = fileOf(state, ref);
      return readAt(file.content ?? emptyContent(physicalBytes(file)), offsetBytes, lengthBytes);
    },
  };
}
