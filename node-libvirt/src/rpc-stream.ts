/** One stream on a socket of its own: the call that opens it, its packets, its end from either side. */
import { LibvirtConnectionError, LibvirtTimeoutError } from "./errors";
import { messageStatuses, messageTypes } from "./frames";
import type { Message } from "./frames";
import { encodeArgs } from "./marshal";
import type { ArgsOf, StreamName } from "./procedures";
import { decodeError } from "./rpc-socket";
import type { RpcSocket, StreamReceiver } from "./rpc-socket";
import { decodeValue, encodeValue, flags, i64, struct } from "./xdr";

/** The most data that libvirt's own clients put into one packet (VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX); every daemon takes it. */
export const maxPacketBytes = 262_120;

/**
 * The longest hole that is sent as one packet. On a block device libvirtd writes a hole as zeroes while its event loop, and with it every other
 * client, waits; between packets the others get their turn.
 */
export const maxHolePacketBytes = 8 * 1024 * 1024;

/** How long an abort waits for the daemon's word. */
const abortLimitMs = 1_000;

const holePayload = struct({ length: i64, flags });
const noPayload = new Uint8Array(0);

/** A run of a volume's bytes: data, or zeroes that need not travel. */
export type StreamPiece = { readonly data: Uint8Array } | { readonly holeBytes: number };

export interface RpcStreamOptions {
  /** How long the daemon may take for each step: to open, to take a packet, to send the next, to confirm. Infinity: no limit. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
  /** What the daemon sends; undefined is the end. Returns whether that is enough: then nothing more is read until `resume`. Without it, what comes is passed over. */
  readonly onPiece?: ((piece: StreamPiece | undefined) => boolean) | undefined;
}

/** `opening`: the daemon has not said yes yet. `ended`: it said that the stream is over, by a confirmation or an error. */
type Phase = "opening" | "open" | "finishing" | "aborting" | "ended";

export class RpcStream implements StreamReceiver {
  readonly #socket: RpcSocket;
  readonly #name: StreamName;
  readonly #options: RpcStreamOptions;
  #serial = 0;
  #phase: Phase = "opening";
  #failure: { readonly error: unknown } | undefined;
  /** Rejects what is waited for just now. There is one waiter at a time: the one who drives the stream. */
  #interrupt: ((error: unknown) => void) | undefined;
  #reportEnd: () => void = () => undefined;
  /** Resolves when the daemon has said that the stream is over, or can say nothing any more. */
  readonly #end = new Promise<void>((resolve) => {
    this.#reportEnd = resolve;
  });
  readonly #onAbort = () => this.fail(this.#options.signal.reason);

  constructor(socket: RpcSocket, name: StreamName, options: RpcStreamOptions) {
    this.#socket = socket;
    this.#name = name;
    this.#options = options;
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Opens it. Rejects, as all that follows, with LibvirtError, LibvirtConnectionError, LibvirtTimeoutError or the signal's reason. */
  async open(args: ArgsOf<StreamName>): Promise<void> {
    const { reply, serial } = this.#socket.openStream(this.#name, encodeArgs(this.#name, args), this);
    this.#serial = serial;
    await this.waitForDaemon(reply.then(() => void (this.#phase = "open")));
  }

  /** Waits for what is not the daemon's to give. Rejects as soon as the stream fails. */
  wait<T>(promise: Promise<T>): Promise<T> {
    // Not Promise.race: against a promise that lives as long as the stream it would keep every result alive.
    return new Promise<T>((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure.error;
      const settle = (action: () => void) => {
        if (this.#interrupt === reject) this.#interrupt = undefined;
        action();
      };
      this.#interrupt = reject;
      promise.then(
        (value) => settle(() => resolve(value)),
        // The content's error is the caller's own and may be anything.
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
        (error: unknown) => settle(() => reject(error)),
      );
    });
  }

  /** Waits for the daemon, within its time limit. */
  async waitForDaemon<T>(promise: Promise<T>): Promise<T> {
    const { idleTimeoutMs } = this.#options;
    if (!Number.isFinite(idleTimeoutMs)) return this.wait(promise);
    const timer = setTimeout(() => this.fail(new LibvirtTimeoutError(this.#name, idleTimeoutMs, true)), idleTimeoutMs);
    try {
      return await this.wait(promise);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends at most maxPacketBytes of data. Resolves when they are on their way: then the bytes may be overwritten. */
  sendData(data: Uint8Array): Promise<void> {
    return this.#send(messageTypes.stream, messageStatuses.continue, data);
  }

  /** Sends a hole of at most maxHolePacketBytes. The stream must have been opened as sparse. */
  sendHole(bytes: number): Promise<void> {
    return this.#send(messageTypes.streamHole, messageStatuses.continue, encodeValue(holePayload, { length: BigInt(bytes), flags: 0 }));
  }

  /** Says that all was sent, or received, and waits for the daemon's confirmation. */
  async finish(): Promise<void> {
    const sent = this.#send(messageTypes.stream, messageStatuses.ok, noPayload);
    this.#phase = "finishing";
    await sent;
    await this.waitForDaemon(this.#end);
  }

  /** Tells the daemon to give up, and waits a moment for its word that it has: then it no longer has the volume open. Never rejects. */
  async abort(): Promise<void> {
    if (this.#phase === "opening" || this.#phase === "ended" || !this.#socket.isOpen) return;
    this.#phase = "aborting";
    this.#socket.resume();
    this.#socket.sendPacket(this.#name, this.#serial, messageTypes.stream, messageStatuses.error, noPayload).catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, abortLimitMs)));
    await Promise.race([this.#end, patience]);
    clearTimeout(timer);
  }

  /** Reads again. */
  resume(): void {
    this.#socket.resume();
  }

  /** Lets go of the signal. */
  dispose(): void {
    this.#options.signal.removeEventListener("abort", this.#onAbort);
  }

  /** Nothing can be sent or received any more. Only the first reason counts. */
  fail(error: unknown): void {
    if (this.#failure !== undefined || this.#phase === "ended") return;
    this.#failure = { error };
    this.#interrupt?.(error);
  }

  receive({ type, status, payload }: Message): void {
    if (status === messageStatuses.error) this.#endWith(decodeError(this.#name, payload));
    else if (type === messageTypes.streamHole) this.#receivePiece({ holeBytes: Number(decodeValue(holePayload, payload).length) });
    else if (status === messageStatuses.continue) this.#receivePiece(payload.length === 0 ? undefined : { data: payload });
    else if (status === messageStatuses.ok) this.#confirm();
    else throw new Error(`a stream's packet with the unknown status ${status}`);
  }

  lose(error: LibvirtConnectionError): void {
    this.#endWith(new LibvirtConnectionError(error.reason, `${this.#name}: ${error.message}`, { cause: error, requestSent: true }));
  }

  #receivePiece(piece: StreamPiece | undefined): void {
    // The reply and the first packets may come in one go, before the phase has changed.
    const isWanted = (this.#phase === "opening" || this.#phase === "open") && this.#failure === undefined;
    if (isWanted && this.#options.onPiece?.(piece) === true) this.#socket.pause();
  }

  #confirm(): void {
    const isExpected = this.#phase === "finishing" || this.#phase === "aborting";
    const problem = `${this.#name}: the daemon ended the stream before its time`;
    this.#endWith(isExpected ? undefined : new LibvirtConnectionError("protocol", problem, { requestSent: true }));
  }

  #endWith(error: Error | undefined): void {
    if (error !== undefined) this.fail(error);
    this.#phase = "ended";
    this.#reportEnd();
  }

  async #send(type: number, status: number, payload: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    await this.waitForDaemon(this.#socket.sendPacket(this.#name, this.#serial, type, status, payload));
  }
}
