/** Uploads and downloads of volumes: each a stream with a socket of its own, so that it never holds up calls. */
import { storageVolStreamFlags } from "./constants";
import { LibvirtConnectionError, LibvirtError, LibvirtUploadError } from "./errors";
import type { StreamName } from "./procedures";
import type { RpcSocket } from "./rpc-socket";
import { RpcStream } from "./rpc-stream";
import type { RpcStreamOptions, StreamPiece } from "./rpc-stream";
import { sendContent } from "./upload-content";
import { sizeOf, UploadTail } from "./upload-tail";
import type { StorageVol } from "./wire-types";

const defaultIdleTimeoutMs = 120_000;
/** As much as the consumer of a download may be behind before the daemon has to wait. */
const maxQueuedBytes = 1024 * 1024;

export interface StreamOptions {
  /** Breaks the stream off: it rejects with the signal's reason when the daemon has given up too, about a second later at the latest. */
  readonly signal?: AbortSignal | undefined;
  /** How long the daemon may take for a single step. The content's or the consumer's own time does not count. Default 120 000 ms; Infinity: no limit. */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * Holes travel as holes (libvirt >= 3.4). An upload makes them by skipping: in a file, what was there before stays there, and the file ends where a
   * hole at the content's end does; on a block device zeroes are written. Without it, holes are sent as zeroes, and a download has none.
   */
  readonly sparse?: boolean | undefined;
  /** Where in the volume to begin. Default 0. */
  readonly offsetBytes?: number | undefined;
}

export interface UploadOptions extends StreamOptions {
  /** Of the whole content, holes included. */
  readonly lengthBytes: number;
  /** After each piece: bytes so far, holes included. */
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
}

export interface DownloadOptions extends StreamOptions {
  /** Fewer are given at the volume's end. Default: all. */
  readonly lengthBytes?: number | undefined;
}

interface Session {
  readonly stream: RpcStream;
  /** Ends it on both sides, once: in peace after `finish`, else by an abort. */
  close(): Promise<void>;
  fail(error: unknown): void;
}

export class VolumeStreams {
  readonly #openSocket: (options: { refusesPings: boolean }, signal: AbortSignal) => Promise<RpcSocket>;
  readonly #sessions = new Set<Pick<Session, "close" | "fail">>();
  #closedBy: LibvirtConnectionError | undefined;

  constructor(openSocket: (options: { refusesPings: boolean }, signal: AbortSignal) => Promise<RpcSocket>) {
    this.#openSocket = openSocket;
  }

  async upload(vol: StorageVol, content: AsyncIterable<StreamPiece>, options: UploadOptions): Promise<void> {
    const { lengthBytes, offsetBytes = 0, sparse = false, onProgress } = options;
    const session = await this.#open("storageVolUpload", vol, { ...options, lengthBytes, offsetBytes, sparse });
    const tail = new UploadTail(lengthBytes, sparse);
    try {
      await sendContent(session.stream, content, { lengthBytes, sparse, onProgress }, tail);
      await session.stream.finish();
    } finally {
      await session.close();
    }
    if (lengthBytes === 0) return;
    const range = { ...options, offsetBytes: offsetBytes + tail.startBytes, lengthBytes: lengthBytes - tail.startBytes };
    const isThere = await tail.isIn(this.download(vol, { ...range, sparse })).catch((error: unknown) => {
      // libvirtd cannot say what holes there are behind a file's end, and that is where a lost end would be.
      if (!(error instanceof LibvirtError)) throw error;
      return tail.isIn(this.download(vol, { ...range, sparse: false }));
    });
    if (isThere) return;
    throw new LibvirtUploadError(
      "lost",
      `the daemon confirmed the upload, but the end of it is not in the volume ${vol.name}: its storage may be full`,
    );
  }

  async *download(vol: StorageVol, options: DownloadOptions = {}): AsyncGenerator<StreamPiece, void, undefined> {
    const { offsetBytes = 0, lengthBytes, sparse = false } = options;
    // To the daemon, 0 means all.
    if (lengthBytes === 0) return;
    const queue = new PieceQueue();
    const onPiece = (piece: StreamPiece | undefined) => queue.push(piece) > maxQueuedBytes;
    const session = await this.#open(
      "storageVolDownload",
      vol,
      { ...options, offsetBytes, lengthBytes: lengthBytes ?? 0, sparse },
      onPiece,
    );
    try {
      for (;;) {
        await session.stream.waitForDaemon(queue.untilNext());
        const piece = queue.shift();
        if (queue.bytes <= maxQueuedBytes / 2) session.stream.resume();
        if (piece === undefined) break;
        yield piece;
      }
      await session.stream.finish();
    } finally {
      await session.close();
    }
  }

  /** Every stream rejects with reason "closed"; none can be opened afterwards. */
  async close(what: string): Promise<void> {
    const error = new LibvirtConnectionError("closed", `${what} in mid-stream`, { requestSent: true });
    this.#closedBy = error;
    await Promise.all(
      [...this.#sessions].map((session) => {
        session.fail(error);
        return session.close();
      }),
    );
  }

  async #open(
    name: StreamName,
    vol: StorageVol,
    options: StreamOptions & { readonly offsetBytes: number; readonly lengthBytes: number },
    onPiece?: RpcStreamOptions["onPiece"],
  ): Promise<Session> {
    const { signal, idleTimeoutMs = defaultIdleTimeoutMs, offsetBytes, lengthBytes, sparse } = options;
    if (this.#closedBy !== undefined) throw this.#closedBy;
    signal?.throwIfAborted();
    const controller = new AbortController();
    const onAbort = () => controller.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    let socket: RpcSocket | undefined;
    let stream: RpcStream | undefined;
    const end = async () => {
      await stream?.abort();
      stream?.dispose();
      await socket?.shutDown("the stream ended");
      signal?.removeEventListener("abort", onAbort);
      this.#sessions.delete(session);
    };
    let ending: Promise<void> | undefined;
    const session = { close: () => (ending ??= end()), fail: (error: unknown) => controller.abort(error) };
    this.#sessions.add(session);
    try {
      socket = await this.#openSocket({ refusesPings: onPiece !== undefined }, controller.signal);
      stream = new RpcStream(socket, name, { idleTimeoutMs, signal: controller.signal, onPiece });
      const flags = sparse === true ? storageVolStreamFlags.SPARSE_STREAM : 0;
      await stream.open({ vol, offset: BigInt(offsetBytes), length: BigInt(lengthBytes), flags });
      return { ...session, stream };
    } catch (error) {
      await session.close();
      throw error;
    }
  }
}

/** Pieces that came and were not fetched yet. */
class PieceQueue {
  readonly #pieces: (StreamPiece | undefined)[] = [];
  #wake: () => void = () => undefined;
  bytes = 0;

  /** undefined: the end. Returns how many bytes are waiting. */
  push(piece: StreamPiece | undefined): number {
    this.#pieces.push(piece);
    this.bytes += piece !== undefined && "data" in piece ? sizeOf(piece) : 0;
    this.#wake();
    return this.bytes;
  }

  untilNext(): Promise<void> {
    return this.#pieces.length > 0 ? Promise.resolve() : new Promise((resolve) => (this.#wake = resolve));
  }

  shift(): StreamPiece | undefined {
    const piece = this.#pieces.shift();
    this.bytes -= piece !== undefined && "data" in piece ? sizeOf(piece) : 0;
    return piece;
  }
}
