/** The public connection: typed calls over lanes, events, uploads and downloads, close. */
import { CallLane } from "./call-lane";
import { LibvirtConnectionError, LibvirtTimeoutError } from "./errors";
import { openRpcSocket } from "./handshake";
import { DomainEvents } from "./domain-events";
import type { EventMap } from "./domain-events";
import { decodeResult, encodeArgs } from "./marshal";
import { procedures } from "./procedures";
import type { ArgsOf, CallName, Lane, ResultOf } from "./procedures";
import type { KeepAlive } from "./rpc-socket";
import type { StreamPiece } from "./rpc-stream";
import type { OpenStream } from "./transports";
import { defaultUri, parseUri } from "./uri";
import { VolumeStreams } from "./volume-streams";
import type { DownloadOptions, UploadOptions } from "./volume-streams";
import type { StorageVol } from "./wire-types";

const defaultTimeoutMs = 30_000;
/** libvirt's own defaults: a dead peer is noticed after half a minute. */
const defaultKeepAlive: KeepAlive = { intervalMs: 5_000, count: 5 };
const closedByUs = "the connection was closed by close()";

export interface ConnectOptions {
  /** Default: LIBVIRT_DEFAULT_URI, then `qemu:///system`. */
  readonly uri?: string | undefined;
  /** For connecting, and for each call that sets none of its own. Default 30 000 ms; Infinity: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Open read-only: the daemon refuses every change. */
  readonly readonly?: boolean | undefined;
  /** Gives up connecting; of no effect once connected. */
  readonly signal?: AbortSignal | undefined;
  /** How silence is told from death. Default: a ping after 5 s of silence, given up after 5. */
  readonly keepAlive?: KeepAlive | false | undefined;
  /** Where byte streams come from, instead of the URI's transport. */
  readonly openStream?: OpenStream | undefined;
}

export interface CallOptions {
  /** From the call to its answer. A time-out does not stop the daemon's work. Infinity: no limit. */
  readonly timeoutMs?: number | undefined;
  /** The call rejects with the signal's reason. This does not stop the daemon's work either. */
  readonly signal?: AbortSignal | undefined;
  /** Default: the procedure's own. */
  readonly lane?: Lane | undefined;
}

/** A procedure without required arguments may be called by its name alone. */
type CallParameters<P extends CallName> =
  Record<string, never> extends ArgsOf<P> ? [args?: ArgsOf<P>, options?: CallOptions] : [args: ArgsOf<P>, options?: CallOptions];

export interface Connection {
  /** The URI that was connected to. */
  readonly uri: string;

  /**
   * Calls a procedure of the table. Rejects with
   * LibvirtError (the daemon says no), LibvirtTimeoutError, LibvirtConnectionError (lost or unreachable; the next call connects again),
   * LibvirtArgumentError (refused here), or the signal's reason. Nothing is ever repeated by itself.
   */
  call<P extends CallName>(name: P, ...parameters: CallParameters<P>): Promise<ResultOf<P>>;

  /**
   * Subscribes, and returns what ends the subscription. Calls made afterwards are sent when the subscription is in place, so their events are seen.
   * A subscription alone does not keep the process alive.
   */
  on<E extends keyof EventMap>(name: E, listener: (event: EventMap[E]) => void): () => void;

  /**
   * Writes content into a volume. Resolves when the daemon has confirmed it and the end of it has been seen in the volume (libvirtd confirms an upload
   * whose last writes failed). A piece is the content's own again as soon as the next one is asked for. Rejects as calls do, with LibvirtUploadError, or
   * with the content's own error, and leaves the volume half-written then.
   */
  upload(vol: StorageVol, content: AsyncIterable<StreamPiece>, options: UploadOptions): Promise<void>;

  /** Reads a volume's bytes in order, as fast as they are taken. Leaving the loop ends the stream. Throws as calls reject. */
  download(vol: StorageVol, options?: DownloadOptions): AsyncIterable<StreamPiece>;

  /** Ends everything: calls not answered yet and streams reject with reason "closed". Never hangs, not even on a frozen daemon. */
  close(): Promise<void>;
}

/** Connects to a libvirt daemon. One connection serves a whole program: it has several sockets, opened when first needed. */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  options.signal?.throwIfAborted();
  const connection = new LaneConnection(options);
  try {
    await connection.call("connectGetLibVersion", {}, { signal: options.signal });
  } catch (error) {
    await connection.close();
    throw error instanceof LibvirtTimeoutError ? new LibvirtTimeoutError("connect", error.timeoutMs, error.requestSent) : error;
  }
  return connection;
}

class LaneConnection implements Connection {
  readonly uri: string;
  readonly #timeoutMs: number;
  readonly #lanes: Readonly<Record<Lane, CallLane>>;
  readonly #events: DomainEvents;
  readonly #streams: VolumeStreams;
  #isClosed = false;

  constructor({ uri, timeoutMs = defaultTimeoutMs, readonly = false, keepAlive = defaultKeepAlive, openStream }: ConnectOptions) {
    const target = parseUri(uri ?? nonEmpty(process.env["LIBVIRT_DEFAULT_URI"]) ?? defaultUri, {
      env: process.env,
      isRoot: process.getuid?.() === 0,
      readonly,
    });
    const open = { target, readonly, keepAlive, timeoutMs, ...(openStream === undefined ? {} : { openStream }) };
    const lane = () => new CallLane((signal) => openRpcSocket(open, signal));
    this.uri = target.uri;
    this.#timeoutMs = timeoutMs;
    this.#lanes = { fast: lane(), slow: lane(), read: lane() };
    this.#streams = new VolumeStreams((options, signal) => openRpcSocket({ ...open, ...options }, signal));
    this.#events = new DomainEvents((events, signal) => openRpcSocket({ ...open, ...events }, signal));
  }

  async call<P extends CallName>(name: P, ...[args, options = {}]: CallParameters<P>): Promise<ResultOf<P>> {
    const payload = encodeArgs(name, args ?? ({} as ArgsOf<P>));
    const { timeoutMs = this.#timeoutMs, signal } = options;
    const lane = this.#lanes[options.lane ?? procedures[name].lane];
    return decodeResult(name, await lane.run({ name, payload, timeoutMs, signal, after: this.#events.ready }));
  }

  on<E extends keyof EventMap>(name: E, listener: (event: EventMap[E]) => void): () => void {
    if (this.#isClosed) throw new LibvirtConnectionError("closed", "The connection has been closed.");
    return this.#events.on(name, listener);
  }

  upload(vol: StorageVol, content: AsyncIterable<StreamPiece>, options: UploadOptions): Promise<void> {
    return this.#streams.upload(vol, content, options);
  }

  download(vol: StorageVol, options?: DownloadOptions): AsyncIterable<StreamPiece> {
    return this.#streams.download(vol, options);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const lanes = Object.values(this.#lanes).map((lane) => lane.close(closedByUs));
    await Promise.all([...lanes, this.#events.stop(), this.#streams.close(closedByUs)]);
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
