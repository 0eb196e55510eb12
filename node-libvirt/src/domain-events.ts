/** The daemon's events about domains → listeners, over a connection of their own that is opened again after it was lost. */
import { request } from "./handshake";
import type { RpcSocket, RpcSocketOptions } from "./rpc-socket";
import { domain } from "./wire-types";
import { decodeValue, i32, string, struct } from "./xdr";
import type { Codec, Decoded } from "./xdr";

/** Each message begins with the number of the subscription that it comes by; we have one an event. */
const callbackIdBytes = 4;

const lifecycleMessage = struct({ dom: domain, event: i32, detail: i32 });
const agentMessage = struct({ dom: domain, state: i32, reason: i32 });
const deviceMessage = struct({ dom: domain, devAlias: string });

/** `event` is one of `domainEvents`, `detail` one of the table that belongs to it; a newer daemon may send others. */
export type LifecycleEvent = Decoded<typeof lifecycleMessage>;

/** `state` is 1 when the guest agent has connected, 2 when it has gone. */
export type AgentEvent = Decoded<typeof agentMessage>;

/** `devAlias` is the device's alias in the domain's live XML. */
export type DeviceEvent = Decoded<typeof deviceMessage>;

export interface EventMap {
  /** A domain was defined, started, stopped, … */
  readonly lifecycle: LifecycleEvent;
  /** A guest agent came or went. */
  readonly agentLifecycle: AgentEvent;
  /** A device is out of a running domain. */
  readonly deviceRemoved: DeviceEvent;
  /** The guest refused to let a device go. */
  readonly deviceRemovalFailed: DeviceEvent;
  /** The event connection was lost and is back: events in between were missed, so read the state again. */
  readonly gap: undefined;
}

type DaemonEvent = Exclude<keyof EventMap, "gap">;

/** What is subscribed to, and as which procedure it comes. */
const daemonEvents = {
  lifecycle: { eventID: 0, procedure: 318, message: lifecycleMessage },
  agentLifecycle: { eventID: 18, procedure: 348, message: agentMessage },
  deviceRemoved: { eventID: 15, procedure: 333, message: deviceMessage },
  deviceRemovalFailed: { eventID: 22, procedure: 367, message: deviceMessage },
} as const satisfies { [E in DaemonEvent]: { eventID: number; procedure: number; message: Codec<EventMap[E]> } };

const nameByProcedure = new Map(Object.entries(daemonEvents).map(([name, { procedure }]) => [procedure as number, name as DaemonEvent]));

const firstRetryMs = 250;
const maxRetryMs = 30_000;

/** The subscription with the daemon, to all events at once, from the first listener to the last, over as many connections as it takes. */
interface Run {
  readonly controller: AbortController;
  socket?: RpcSocket;
  retryTimer?: NodeJS.Timeout;
}

type Listeners = { readonly [E in keyof EventMap]: Set<(event: EventMap[E]) => void> };

export class DomainEvents {
  readonly #open: (events: Pick<RpcSocketOptions, "onEvent">, signal: AbortSignal) => Promise<RpcSocket>;
  readonly #listeners: Listeners = {
    lifecycle: new Set(),
    agentLifecycle: new Set(),
    deviceRemoved: new Set(),
    deviceRemovalFailed: new Set(),
    gap: new Set(),
  };
  #run: Run | undefined;

  /** Settles, never rejects, when the first attempt to subscribe is over. */
  ready: Promise<void> = Promise.resolve();

  constructor(open: (events: Pick<RpcSocketOptions, "onEvent">, signal: AbortSignal) => Promise<RpcSocket>) {
    this.#open = open;
  }

  on<E extends keyof EventMap>(name: E, listener: (event: EventMap[E]) => void): () => void {
    // One wrapper a subscription, so that the same function may listen twice.
    const entry = (event: EventMap[E]) => listener(event);
    this.#listeners[name].add(entry);
    if (this.#run === undefined) this.#start();
    return () => {
      this.#listeners[name].delete(entry);
      if (Object.values(this.#listeners).every(({ size }) => size === 0)) void this.stop();
    };
  }

  async stop(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    run?.controller.abort();
    clearTimeout(run?.retryTimer);
    await run?.socket?.shutDown("the subscription ended");
  }

  #start(): void {
    this.#run = { controller: new AbortController() };
    this.ready = this.#subscribe(this.#run, firstRetryMs, false);
  }

  async #subscribe(run: Run, retryMs: number, isAgain: boolean): Promise<void> {
    try {
      const socket = await this.#open({ onEvent: (procedure, payload) => this.#receive(procedure, payload) }, run.controller.signal);
      run.socket = socket;
      if (this.#run !== run) throw new Error("the last listener left meanwhile");
      const registered = Object.values(daemonEvents).map(({ eventID }) =>
        request(socket, "connectDomainEventCallbackRegisterAny", { eventID, dom: null }),
      );
      await Promise.all(registered);
      if (isAgain) this.#emit("gap", undefined);
      void socket.closed.then(() => this.#retry(run, firstRetryMs));
    } catch {
      // Whatever it was, the daemon may come back; calls report its absence, events only wait for it.
      run.socket?.fail("closed", "the subscription failed");
      this.#retry(run, retryMs);
    }
  }

  #retry(run: Run, retryMs: number): void {
    if (this.#run !== run) return;
    const next = Math.min(retryMs * 2, maxRetryMs);
    run.retryTimer = setTimeout(() => void this.#subscribe(run, next, true), retryMs).unref();
  }

  #receive(procedure: number, payload: Buffer): void {
    const name = nameByProcedure.get(procedure);
    if (name === undefined) return;
    const event = decodeValue<EventMap[DaemonEvent]>(daemonEvents[name].message, payload.subarray(callbackIdBytes));
    this.#emit(name, event);
  }

  /** Each listener in a task of its own: one that throws disturbs neither the others nor the connection. */
  #emit<E extends keyof EventMap>(name: E, event: EventMap[E]): void {
    for (const listener of this.#listeners[name]) queueMicrotask(() => listener(event));
  }
}
