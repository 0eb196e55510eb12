// The port's verbs about a volume's bytes: written and read over streams.
import { storageVolInfoFlags, storageVolTypes } from "node-libvirt";
import type { Connection, StorageVol } from "node-libvirt";
import { HostError } from "../errors";
import { hostErrorCodes } from "./codes";
import type { HostConnection } from "./connection";
import type { CallOptions, StreamPiece, UploadOptions, VolumeRef } from "./port";
import { aboutVolume, lookUpVolume } from "./volume-ref";

const zeroes = new Uint8Array(1024 * 1024);

/**
 * libvirtd makes a hole in a file by skipping its length and ending the file there: what was in the hole stays, and what was behind it is gone.
 * So holes are holes only where the file holds nothing from there on; elsewhere they are sent as zeroes.
 * @see https://gitlab.com/libvirt/libvirt/-/blob/v9.0.0/src/util/virfdstream.c#L495
 */
interface HolePlan {
  /** From here on (bytes of the volume) holes may be holes. */
  readonly fromBytes: number;
  /** The file's size now: where the content ends before it, a last hole gives it back its size. */
  readonly sizeBytes: number;
}

/** Whether there is data in the volume from the offset on. Ends at the first that comes. */
async function hasData(connection: Connection, vol: StorageVol, offsetBytes: number, { signal }: CallOptions): Promise<boolean> {
  for await (const piece of connection.download(vol, { offsetBytes, sparse: true, signal })) if ("data" in piece) return true;
  return false;
}

async function planHoles(connection: Connection, vol: StorageVol, offsetBytes: number, options: CallOptions): Promise<HolePlan> {
  const { signal } = options;
  const info = await connection.call("storageVolGetInfoFlags", { vol, flags: storageVolInfoFlags.GET_PHYSICAL }, { signal });
  // On a block device libvirtd writes the zeroes itself, in place.
  if (info.type !== storageVolTypes.FILE) return { fromBytes: 0, sizeBytes: 0 };
  const sizeBytes = Number(info.allocation);
  const isEmptyFromHere = sizeBytes <= offsetBytes || !(await hasData(connection, vol, offsetBytes, options));
  return isEmptyFromHere ? { fromBytes: offsetBytes, sizeBytes } : { fromBytes: sizeBytes, sizeBytes: 0 };
}

/** The content as it can be sent: exactly as long as announced, with holes only where the plan lets them be. */
async function* sendable(
  content: AsyncIterable<StreamPiece>,
  { fromBytes, sizeBytes }: HolePlan,
  { offsetBytes, lengthBytes, wrongLength }: { offsetBytes: number; lengthBytes: number; wrongLength: (found: string) => Error },
): AsyncGenerator<StreamPiece> {
  const endBytes = offsetBytes + lengthBytes;
  let atBytes = offsetBytes;
  for await (const piece of content) {
    const pieceBytes = "data" in piece ? piece.data.length : piece.holeBytes;
    if (atBytes + pieceBytes > endBytes) throw wrongLength("more");
    if ("data" in piece) yield piece;
    else {
      const denseBytes = Math.min(pieceBytes, Math.max(0, fromBytes - atBytes));
      for (let left = denseBytes; left > 0; left -= zeroes.length) yield { data: zeroes.subarray(0, Math.min(left, zeroes.length)) };
      if (pieceBytes > denseBytes) yield { holeBytes: pieceBytes - denseBytes };
    }
    atBytes += pieceBytes;
  }
  if (atBytes < endBytes) throw wrongLength(`only ${atBytes - offsetBytes}`);
  if (sizeBytes > endBytes) yield { holeBytes: sizeBytes - endBytes };
}

export async function uploadVolume(
  host: HostConnection,
  ref: VolumeRef,
  content: AsyncIterable<StreamPiece>,
  options: UploadOptions,
): Promise<void> {
  const { lengthBytes, offsetBytes = 0, onProgress, signal } = options;
  const vol = await lookUpVolume(host, ref, options);
  const about = aboutVolume("Uploading into", ref, options);
  const wrongLength = (found: string) => {
    const message = `${lengthBytes} bytes were announced, and the content has ${found}`;
    return new HostError(hostErrorCodes.invalidArgument, message, { doing: about.doing, what: about.what });
  };
  await host.run(about, async (connection) => {
    const holes = await planHoles(connection, vol, offsetBytes, { signal });
    await connection.upload(vol, sendable(content, holes, { offsetBytes, lengthBytes, wrongLength }), {
      offsetBytes,
      lengthBytes: Math.max(lengthBytes, holes.sizeBytes - offsetBytes),
      sparse: true,
      signal,
      onProgress: (doneBytes) => onProgress?.(Math.min(doneBytes, lengthBytes)),
    });
  });
}

export async function readVolume(
  host: HostConnection,
  ref: VolumeRef,
  { offsetBytes, lengthBytes }: { readonly offsetBytes: number; readonly lengthBytes: number },
  options: CallOptions | undefined,
): Promise<Buffer> {
  const vol = await lookUpVolume(host, ref, options);
  return host.run(aboutVolume("Reading", ref, options), async (connection) => {
    const chunks: Uint8Array[] = [];
    for await (const piece of connection.download(vol, { offsetBytes, lengthBytes, signal: options?.signal })) {
      if ("data" in piece) chunks.push(piece.data);
    }
    return Buffer.concat(chunks);
  });
}
