/** Bytes ⇄ messages: libvirt's length word, its six-word header, and the cutting of a byte stream into messages. */
import { XdrError, XdrReader, XdrWriter } from "./xdr";

const lengthBytes = 4;
const headerBytes = 24;

/** libvirt's cap on one message, the length word not counted. */
const maxMessageBytes = 32 * 1024 * 1024;
const maxFrameBytes = lengthBytes + maxMessageBytes;
const minFrameBytes = lengthBytes + headerBytes;

export const programs = {
  remote: { program: 0x2000_8086, version: 1 },
  keepAlive: { program: 0x6b65_6570, version: 1 },
} as const;

export const messageTypes = { call: 0, reply: 1, event: 2, stream: 3, streamHole: 6 } as const;

/** `continue` is for streams alone: more is to come. */
export const messageStatuses = { ok: 0, error: 1, continue: 2 } as const;

/** The most bytes that the arguments of one call may have. */
export const maxPayloadBytes = maxMessageBytes - headerBytes;

/** One message: who it is for (program, version, procedure), what it is (type, status), which call it belongs to (serial). */
export interface Message {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
  readonly payload: Buffer;
}

/** What stands before a payload of so many bytes: the length word and the header. For payloads that are too large to be copied behind it. */
export function encodeHeader(
  { program, version, procedure, type, serial, status }: Omit<Message, "payload">,
  payloadBytes: number,
): Buffer {
  const writer = new XdrWriter();
  writer.u32(minFrameBytes + payloadBytes);
  writer.u32(program);
  writer.u32(version);
  writer.i32(procedure);
  writer.i32(type);
  writer.u32(serial);
  writer.i32(status);
  return writer.finish();
}

/** The message as bytes, length word first. The payload must not exceed maxPayloadBytes. */
export function encodeMessage(message: Message): Buffer {
  return Buffer.concat([encodeHeader(message, message.payload.length), message.payload]);
}

function decodeMessage(frame: Buffer): Message {
  const reader = new XdrReader(frame.subarray(lengthBytes, minFrameBytes));
  return {
    program: reader.u32(),
    version: reader.u32(),
    procedure: reader.i32(),
    type: reader.i32(),
    serial: reader.u32(),
    status: reader.i32(),
    payload: frame.subarray(minFrameBytes),
  };
}

/** Cuts what arrives, in whatever pieces it arrives, into messages. A length that no message can have throws XdrError: nothing after it makes sense. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #pendingBytes = 0;

  push(chunk: Buffer): readonly Message[] {
    this.#chunks.push(chunk);
    this.#pendingBytes += chunk.length;
    const messages: Message[] = [];
    for (let frame = this.#nextFrame(); frame !== undefined; frame = this.#nextFrame()) messages.push(decodeMessage(frame));
    return messages;
  }

  #nextFrame(): Buffer | undefined {
    if (this.#pendingBytes < lengthBytes) return undefined;
    const frameBytes = this.#peek(lengthBytes).readUInt32BE(0);
    if (frameBytes < minFrameBytes || frameBytes > maxFrameBytes) {
      throw new XdrError(`a message of ${frameBytes} bytes was announced; libvirt's have ${minFrameBytes} to ${maxFrameBytes}`);
    }
    if (this.#pendingBytes < frameBytes) return undefined;
    const all = this.#peek(this.#pendingBytes);
    const rest = all.subarray(frameBytes);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#pendingBytes = rest.length;
    return all.subarray(0, frameBytes);
  }

  /** The first `bytes` bytes in one buffer. Joins chunks only when they are asked for, so that a 32 MiB reply is copied once, not once a chunk. */
  #peek(bytes: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= bytes) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}
