/** Content of any pieces → packets on a stream, one at a time. */
import { LibvirtUploadError } from "./errors";
import { maxHolePacketBytes, maxPacketBytes } from "./rpc-stream";
import type { RpcStream, StreamPiece } from "./rpc-stream";
import { sizeOf } from "./upload-tail";
import type { UploadTail } from "./upload-tail";

const zeroes = new Uint8Array(maxPacketBytes);

export interface ContentOptions {
  readonly lengthBytes: number;
  readonly sparse: boolean;
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
}

/** Sends it all. Rejects when the stream fails, even while the content takes its time; the content's own errors come through. */
export async function sendContent(
  stream: RpcStream,
  content: AsyncIterable<StreamPiece>,
  { lengthBytes, sparse, onProgress }: ContentOptions,
  tail: UploadTail,
): Promise<void> {
  const iterator = content[Symbol.asyncIterator]();
  let doneBytes = 0;
  try {
    for (;;) {
      const next = await stream.wait(iterator.next());
      if (next.done === true) break;
      if (doneBytes + sizeOf(next.value) > lengthBytes) throw wrongLength(lengthBytes, "more");
      for (const packet of packetsOf(next.value, sparse)) {
        tail.add(packet);
        await ("data" in packet ? stream.sendData(packet.data) : stream.sendHole(packet.holeBytes));
      }
      doneBytes += sizeOf(next.value);
      onProgress?.(doneBytes);
    }
  } catch (error) {
    // Not waited for: what waits for its own source cannot end before that does.
    iterator.return?.().catch(() => undefined);
    throw error;
  }
  if (doneBytes < lengthBytes) throw wrongLength(lengthBytes, `only ${doneBytes}`);
}

/** A piece cut into what one packet may carry. */
export function* packetsOf(piece: StreamPiece, sparse: boolean): Generator<StreamPiece> {
  const bytes = sizeOf(piece);
  const stepBytes = "holeBytes" in piece && sparse ? maxHolePacketBytes : maxPacketBytes;
  for (let at = 0; at < bytes; at += stepBytes) {
    const step = Math.min(stepBytes, bytes - at);
    if ("data" in piece) yield { data: piece.data.subarray(at, at + step) };
    else yield sparse ? { holeBytes: step } : { data: zeroes.subarray(0, step) };
  }
}

const wrongLength = (lengthBytes: number, found: string) =>
  new LibvirtUploadError("length", `${lengthBytes} bytes were announced, and the content has ${found}`);
