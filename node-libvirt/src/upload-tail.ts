/** The last packets of an upload, kept until they have been seen in the volume. */
import { maxHolePacketBytes, maxPacketBytes } from "./rpc-stream";
import type { StreamPiece } from "./rpc-stream";

/**
 * More than libvirtd may still have before it when the end of the stream reaches it: `max_client_requests`, 5 by default. What fails in that
 * moment (a full disk) is confirmed as a success, for the writing thread's error is overwritten by the closing of its pipe.
 * @see https://gitlab.com/libvirt/libvirt/-/blob/v9.0.0/src/util/virfdstream.c#L754
 */
const keptPackets = 16;

const zeroes = Buffer.alloc(maxPacketBytes);

interface Kept {
  readonly offsetBytes: number;
  readonly bytes: number;
  /** A copy; absent for a hole. */
  readonly data?: Buffer;
}

export class UploadTail {
  readonly #lengthBytes: number;
  readonly #longestBytes: number;
  readonly #kept: Kept[] = [];
  readonly #spareBuffers: Buffer[] = [];
  #offsetBytes = 0;

  /** Of content of that length. Without `sparse`, holes are sent as data. */
  constructor(lengthBytes: number, sparse: boolean) {
    this.#lengthBytes = lengthBytes;
    this.#longestBytes = keptPackets * (sparse ? maxHolePacketBytes : maxPacketBytes);
  }

  /** Where the kept packets begin, in bytes from the content's start. */
  get startBytes(): number {
    return this.#kept[0]?.offsetBytes ?? this.#offsetBytes;
  }

  /** The next packet: its data, or the length of its hole. */
  add(packet: StreamPiece): void {
    const bytes = sizeOf(packet);
    // So far from the end it cannot be one of the last: no need to copy.
    if (this.#lengthBytes - this.#offsetBytes <= this.#longestBytes) this.#keep(packet, bytes);
    this.#offsetBytes += bytes;
  }

  #keep(packet: StreamPiece, bytes: number): void {
    if (this.#kept.length === keptPackets) {
      const { data } = this.#kept.shift() ?? {};
      if (data !== undefined) this.#spareBuffers.push(data);
    }
    const offsetBytes = this.#offsetBytes;
    if ("holeBytes" in packet) return void this.#kept.push({ offsetBytes, bytes });
    const buffer = this.#spareBuffers.pop() ?? Buffer.allocUnsafeSlow(maxPacketBytes);
    buffer.set(packet.data);
    this.#kept.push({ offsetBytes, bytes, data: buffer });
  }

  /** Whether what was read from `startBytes` on is what was sent, to the end. */
  async isIn(read: AsyncIterable<StreamPiece>): Promise<boolean> {
    let atBytes = this.startBytes;
    for await (const piece of read) {
      if (!this.#agrees(atBytes, piece)) return false;
      atBytes += sizeOf(piece);
    }
    return atBytes >= this.#lengthBytes;
  }

  #agrees(fromBytes: number, piece: StreamPiece): boolean {
    const toBytes = fromBytes + sizeOf(piece);
    return this.#kept.every(({ offsetBytes, bytes, data }) => {
      const start = Math.max(fromBytes, offsetBytes);
      const end = Math.min(toBytes, offsetBytes + bytes);
      if (start >= end) return true;
      const sent = data?.subarray(start - offsetBytes, end - offsetBytes);
      const found = "data" in piece ? piece.data.subarray(start - fromBytes, end - fromBytes) : undefined;
      if (sent === undefined) return found === undefined || isZero(found);
      return found === undefined ? isZero(sent) : Buffer.compare(sent, found) === 0;
    });
  }
}

export const sizeOf = (piece: StreamPiece): number => ("data" in piece ? piece.data.length : piece.holeBytes);

function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += zeroes.length) {
    const part = bytes.subarray(at, at + zeroes.length);
    if (Buffer.compare(part, zeroes.subarray(0, part.length)) !== 0) return false;
  }
  return true;
}
