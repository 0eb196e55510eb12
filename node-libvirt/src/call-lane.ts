/** A queue of calls over one connection that is opened when it is first needed and again after it was lost. */
import { LibvirtConnectionError, LibvirtTimeoutError } from "./errors";
import type { ProcedureName } from "./procedures";
import type { RpcSocket } from "./rpc-socket";

export interface LaneCall {
  readonly name: ProcedureName;
  readonly payload: Buffer;
  /** From now until the answer, waiting in the queue and connecting included. Infinity: no limit. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The call joins the queue when this has settled; must not reject. */
  readonly after?: Promise<void>;
}

interface Job {
  readonly call: LaneCall;
  readonly resolve: (payload: Buffer) => void;
  readonly reject: (error: unknown) => void;
  isSettled: boolean;
  /** Set once sent: gives the answer up. */
  abandon?: () => void;
}

interface Opening {
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

/** setTimeout takes no more; longer waits are no time limit in practice. */
const maxTimerMs = 2 ** 31 - 1;

export class CallLane {
  readonly #open: (signal: AbortSignal) => Promise<RpcSocket>;
  #queue: Job[] = [];
  #socket: RpcSocket | undefined;
  #opening: Opening | undefined;
  #isClosed = false;

  constructor(open: (signal: AbortSignal) => Promise<RpcSocket>) {
    this.#open = open;
  }

  /** Sends the call as soon as there is room. Rejects with LibvirtError, LibvirtConnectionError, LibvirtTimeoutError or the signal's reason. */
  run(call: LaneCall): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      call.signal?.throwIfAborted();
      const settle = (action: () => void) => {
        stopLimit();
        job.isSettled = true;
        action();
      };
      const job: Job = {
        call,
        isSettled: false,
        resolve: (payload) => settle(() => resolve(payload)),
        // An abort's reason is the caller's own and may be anything.
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
        reject: (error) => settle(() => reject(error)),
      };
      const stopLimit = this.#limit(job);
      void (call.after ?? Promise.resolve()).then(() => this.#enqueue(job));
    });
  }

  #enqueue(job: Job): void {
    if (job.isSettled) return;
    this.#queue.push(job);
    this.#pump();
  }

  /** Calls not answered yet reject; nothing can be called afterwards. */
  async close(what: string): Promise<void> {
    this.#isClosed = true;
    this.#rejectQueue(({ name }) => new LibvirtConnectionError("closed", `${name}: ${what} before it was sent`));
    this.#opening?.controller.abort(new LibvirtConnectionError("closed", what));
    await this.#opening?.done;
    await this.#socket?.shutDown(what);
  }

  /** Starts the call's time limit and listens to its signal; returns what ends both. */
  #limit(job: Job): () => void {
    const { name, timeoutMs, signal } = job.call;
    const onAbort = () => this.#giveUp(job, signal?.reason);
    const onTimeout = () => this.#giveUp(job, new LibvirtTimeoutError(name, timeoutMs, job.abandon !== undefined));
    const timer = timeoutMs <= maxTimerMs ? setTimeout(onTimeout, timeoutMs) : undefined;
    signal?.addEventListener("abort", onAbort, { once: true });
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
  }

  #giveUp(job: Job, reason: unknown): void {
    job.abandon?.();
    this.#queue = this.#queue.filter((queued) => queued !== job);
    job.reject(reason);
    // Stop connecting when nobody is left who waits for it.
    if (this.#queue.length === 0)
      this.#opening?.controller.abort(new LibvirtConnectionError("closed", "nobody waits for the connection any more"));
    this.#pump();
  }

  #pump(): void {
    if (this.#isClosed) {
      this.#rejectQueue(({ name }) => new LibvirtConnectionError("closed", `${name}: the connection has been closed`));
      return;
    }
    if (this.#queue.length === 0 || this.#opening !== undefined) return;
    if (this.#socket?.isClogged === true) this.#socket.fail("timeout", "too many calls were never answered");
    if (this.#socket?.isOpen === true) this.#dispatch(this.#socket);
    else this.#startOpening();
  }

  #dispatch(socket: RpcSocket): void {
    while (socket.hasRoom) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      this.#send(socket, job);
    }
  }

  #send(socket: RpcSocket, job: Job): void {
    const { reply, abandon } = socket.call(job.call.name, job.call.payload);
    job.abandon = abandon;
    const next = () => this.#pump();
    reply.then(job.resolve, job.reject).then(next, next);
  }

  #startOpening(): void {
    const controller = new AbortController();
    const done = this.#open(controller.signal).then(
      (socket) => {
        this.#opening = undefined;
        this.#socket = socket;
        this.#pump();
      },
      (error: unknown) => {
        this.#opening = undefined;
        // Calls that came after the giving up get a new try.
        if (controller.signal.aborted) this.#pump();
        else this.#rejectQueue(() => error);
      },
    );
    this.#opening = { controller, done };
  }

  #rejectQueue(errorOf: (call: LaneCall) => unknown): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const { call, reject } of queue) reject(errorOf(call));
  }
}
