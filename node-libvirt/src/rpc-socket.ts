/** One byte stream to the daemon: sends calls, matches replies by serial, hands out events, keeps the connection honest with keepalive. */
import { LibvirtConnectionError, LibvirtError } from "./errors";
import type { ConnectionErrorReason } from "./errors";
import { encodeHeader, encodeMessage, FrameSplitter, messageStatuses, messageTypes, programs } from "./frames";
import type { Message } from "./frames";
import { procedures } from "./procedures";
import type { ProcedureName, StreamName } from "./procedures";
import type { ByteStream } from "./transports";
import { remoteError } from "./wire-types";
import { decodeValue } from "./xdr";

/**
 * The most calls that may be unanswered on one connection. libvirtd's `max_client_requests` is 5 and counts the message it is about to read:
 * with 5 unanswered it stops reading, keepalive included, and the connection is lost.
 */
export const maxCallsInFlight = 4;

/** How long `shutDown` waits for the daemon's goodbye. */
const goodbyeMs = 500;

const keepAliveProcedures = { ping: 1, pong: 2 } as const;
const maxSerial = 0xffff_ffff;
const noPayload = Buffer.alloc(0);

export interface KeepAlive {
  /** Silence after which a ping is sent. */
  readonly intervalMs: number;
  /** Pings in a row without any answer after which the connection is given up. */
  readonly count: number;
}

export interface RpcSocketOptions {
  readonly keepAlive: KeepAlive | false;
  /** Called for each event of the remote program, known or not. A throw counts as a protocol error. */
  readonly onEvent?: (procedureNumber: number, payload: Buffer) => void;
}

interface PendingCall {
  readonly name: ProcedureName;
  readonly resolve: (payload: Buffer) => void;
  readonly reject: (error: Error) => void;
  /** Nobody waits for the answer any more, but the daemon is still at it: the place stays taken until it answers. */
  isAbandoned: boolean;
}

/** Who takes what comes for a stream. */
export interface StreamReceiver {
  /** One packet: data, a hole, the end, or the daemon's error. A throw counts as a protocol error. */
  receive(message: Message): void;
  lose(error: LibvirtConnectionError): void;
}

export class RpcSocket {
  readonly #stream: ByteStream;
  readonly #options: RpcSocketOptions;
  readonly #splitter = new FrameSplitter();
  readonly #pending = new Map<number, PendingCall>();
  readonly #receivers = new Map<number, StreamReceiver>();
  readonly #keepAliveTimer: NodeJS.Timeout | undefined;
  #serial = 0;
  #hasHeard = true;
  #isPaused = false;
  #unansweredPings = 0;
  #failure: LibvirtConnectionError | undefined;
  #reportClosed: (error: LibvirtConnectionError) => void = () => undefined;

  /** Settles, never rejects, when the connection is over: with why. */
  readonly closed = new Promise<LibvirtConnectionError>((resolve) => {
    this.#reportClosed = resolve;
  });

  constructor(stream: ByteStream, options: RpcSocketOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.unref?.();
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("error", (error) => this.fail("closed", "the connection to libvirt broke", error));
    stream.on("close", () => this.fail("closed", "the connection to libvirt was closed by the daemon"));
    stream.on("end", () => this.fail("closed", "the connection to libvirt was closed by the daemon"));
    if (options.keepAlive !== false) {
      const { intervalMs, count } = options.keepAlive;
      this.#keepAliveTimer = setInterval(() => this.#keepAlive(intervalMs, count), intervalMs).unref();
    }
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  get hasRoom(): boolean {
    return this.isOpen && this.#pending.size < maxCallsInFlight;
  }

  /** Every place is taken by a call that nobody waits for: no answer may ever come, so this connection is of no use any more. */
  get isClogged(): boolean {
    return this.#pending.size >= maxCallsInFlight && this.#activeCalls() === 0;
  }

  /** Calls a procedure that opens a stream. What comes for the stream goes to the receiver, from before the reply until the connection ends. */
  openStream(name: StreamName, payload: Buffer, receiver: StreamReceiver): { readonly reply: Promise<Buffer>; readonly serial: number } {
    const { reply } = this.call(name, payload);
    const serial = this.#serial;
    if (this.isOpen) this.#receivers.set(serial, receiver);
    this.#updateRef();
    return { reply, serial };
  }

  /** Sends one packet of a stream. Resolves when the system has taken all of it: then the payload is the caller's again, and there is room for more. */
  sendPacket(name: StreamName, serial: number, type: number, status: number, payload: Uint8Array): Promise<void> {
    const header = encodeHeader({ ...programs.remote, procedure: procedures[name].number, type, serial, status }, payload.length);
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure;
      const taken = (error?: Error | null) => {
        if (error === undefined || error === null) {
          // The daemon reads, so it lives: with a socket full of data before them, its answers to pings may take their time.
          this.#hasHeard = true;
          resolve();
        } else reject(this.#failure ?? error);
      };
      if (payload.length === 0) return void this.#stream.write(header, taken);
      // Both in one system call, and the payload is not copied.
      this.#stream.cork();
      this.#stream.write(header);
      this.#stream.write(payload, taken);
      this.#stream.uncork();
    });
  }

  /** Nothing is read until `resume`: the daemon has to wait. Keepalive waits too. */
  pause(): void {
    this.#isPaused = true;
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#hasHeard = true;
    this.#stream.resume();
  }

  /** Sends a call. Resolves with the reply's bytes; rejects with LibvirtError, or with LibvirtConnectionError as soon as the connection is lost. */
  call(name: ProcedureName, payload: Buffer): { readonly reply: Promise<Buffer>; readonly abandon: () => void } {
    const serial = this.#nextSerial();
    const reply = new Promise<Buffer>((resolve, reject) => {
      if (this.#failure !== undefined) throw this.#failure;
      this.#pending.set(serial, { name, resolve, reject, isAbandoned: false });
      this.#updateRef();
      this.#send(programs.remote, messageTypes.call, procedures[name].number, serial, payload);
    });
    return { reply, abandon: () => this.#abandon(serial) };
  }

  /** Ends the connection. Every call in flight rejects now. Later failures change nothing. */
  fail(reason: ConnectionErrorReason, what: string, cause?: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = new LibvirtConnectionError(reason, what, { cause });
    clearInterval(this.#keepAliveTimer);
    this.#stream.destroy();
    for (const { name, reject } of this.#pending.values()) {
      const message = `${name}: ${what} before it answered; the daemon may have carried the call out`;
      reject(new LibvirtConnectionError(reason, message, { cause, requestSent: true }));
    }
    this.#pending.clear();
    for (const receiver of this.#receivers.values()) receiver.lose(this.#failure);
    this.#receivers.clear();
    this.#reportClosed(this.#failure);
  }

  /** Rejects what is in flight, says goodbye to the daemon where it still listens, and closes. */
  async shutDown(what: string): Promise<void> {
    if (!this.isOpen) return;
    const isListening = this.hasRoom;
    for (const [serial, { name, isAbandoned, reject }] of this.#pending) {
      if (!isAbandoned) reject(new LibvirtConnectionError("closed", `${name}: ${what} before it answered`, { requestSent: true }));
      this.#abandon(serial);
    }
    if (isListening) {
      const goodbye = this.call("connectClose", noPayload).reply.catch(() => undefined);
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise((resolve) => (timer = setTimeout(resolve, goodbyeMs)));
      await Promise.race([goodbye, patience]);
      clearTimeout(timer);
    }
    this.fail("closed", what);
  }

  #activeCalls(): number {
    let active = 0;
    for (const { isAbandoned } of this.#pending.values()) if (!isAbandoned) active++;
    return active;
  }

  /** The process stays alive for an answer that somebody waits for and for a stream, and for nothing else. */
  #updateRef(): void {
    if (this.#activeCalls() > 0 || this.#receivers.size > 0) this.#stream.ref?.();
    else this.#stream.unref?.();
  }

  #nextSerial(): number {
    this.#serial = this.#serial === maxSerial ? 1 : this.#serial + 1;
    return this.#serial;
  }

  #abandon(serial: number): void {
    const call = this.#pending.get(serial);
    if (call === undefined) return;
    call.isAbandoned = true;
    this.#updateRef();
  }

  #send(to: { program: number; version: number }, type: number, procedure: number, serial: number, payload: Buffer): void {
    this.#stream.write(encodeMessage({ ...to, procedure, type, serial, status: messageStatuses.ok, payload }));
  }

  #receive(chunk: Buffer): void {
    this.#hasHeard = true;
    try {
      for (const message of this.#splitter.push(chunk)) {
        if (!this.isOpen) return;
        this.#dispatch(message);
      }
    } catch (error) {
      this.fail(
        "protocol",
        `what came from the daemon is not libvirt's protocol (${error instanceof Error ? error.message : String(error)})`,
        error,
      );
    }
  }

  #dispatch(message: Message): void {
    const isRemote = message.program === programs.remote.program && message.version === programs.remote.version;
    if (message.program === programs.keepAlive.program) this.#answerKeepAlive(message);
    else if (isRemote && message.type === messageTypes.reply) this.#settle(message);
    else if (isRemote && isOfStream(message)) this.#receivePacket(message);
    else if (isRemote && message.type === messageTypes.event) this.#options.onEvent?.(message.procedure, message.payload);
    // Another program's events are no concern of ours; anything else was never asked for.
    else if (message.type !== messageTypes.event)
      throw new Error(`a message of type ${message.type}, program 0x${message.program.toString(16)}`);
  }

  #receivePacket(message: Message): void {
    const receiver = this.#receivers.get(message.serial);
    if (receiver === undefined) throw new Error(`a packet of a stream that is not open (serial ${message.serial})`);
    receiver.receive(message);
  }

  #settle(message: Message): void {
    const { serial, status, procedure, payload } = message;
    const call = this.#pending.get(serial);
    // libvirtd answers a hole that it cannot make with an error reply to the call that was answered long ago.
    if (call === undefined && status === messageStatuses.error && this.#receivers.has(serial)) {
      this.#receivePacket(message);
      return;
    }
    if (call === undefined || procedures[call.name].number !== procedure)
      throw new Error(`a reply that no call waits for (serial ${serial})`);
    if (status !== messageStatuses.ok && status !== messageStatuses.error) throw new Error(`a reply with the unknown status ${status}`);
    this.#pending.delete(serial);
    this.#updateRef();
    if (status === messageStatuses.ok) call.resolve(payload);
    else call.reject(decodeError(call.name, payload));
  }

  #answerKeepAlive({ type, procedure }: Message): void {
    if (type !== messageTypes.event || procedure !== keepAliveProcedures.ping) return;
    this.#send(programs.keepAlive, messageTypes.event, keepAliveProcedures.pong, 0, noPayload);
  }

  #keepAlive(intervalMs: number, count: number): void {
    if (this.#hasHeard || this.#isPaused) {
      this.#hasHeard = false;
      this.#unansweredPings = 0;
      return;
    }
    if (this.#unansweredPings >= count) {
      this.fail("timeout", `libvirt answered none of ${count} pings in ${intervalMs * count} ms, so the connection was given up`);
      return;
    }
    this.#unansweredPings++;
    this.#send(programs.keepAlive, messageTypes.event, keepAliveProcedures.ping, 0, noPayload);
  }
}

const isOfStream = ({ type }: Message): boolean => type === messageTypes.stream || type === messageTypes.streamHole;

/** The daemon's error, as the class that callers see. */
export function decodeError(procedure: ProcedureName, payload: Buffer): Error {
  try {
    const { code, domain, level, message } = decodeValue(remoteError, payload);
    return new LibvirtError({ code, domain, level, procedure, message: message ?? `libvirt error ${code} without a text` });
  } catch (cause) {
    return new LibvirtConnectionError("protocol", `${procedure}: the daemon's error could not be read`, { cause, requestSent: true });
  }
}
