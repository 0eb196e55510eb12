/** A daemon that says what a test tells it to say, over a real unix socket or an in-memory stream. Used by tests only. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { encodeMessage, FrameSplitter, messageStatuses, messageTypes, programs } from "../frames";
import type { Message } from "../frames";
import { procedures } from "../procedures";
import type { ProcedureName, ResultOf } from "../procedures";
import { domain, remoteError } from "../wire-types";
import type { RemoteError } from "../wire-types";
import { encodeValue, i32, string, struct } from "../xdr";

const nameByNumber = new Map(Object.entries(procedures).map(([name, { number }]) => [number, name as ProcedureName]));
const lifecycleProcedure = 318;
const libVersion = 9_000_000n;
const callbackID = 7;

/** One call that arrived, and the ways to answer it. */
export interface FakeCall {
  readonly name: ProcedureName;
  readonly message: Message;
  readonly client: FakeClient;
  reply<P extends ProcedureName>(name: P, result: ResultOf<P>): void;
  replyError(error: Partial<RemoteError>): void;
}

/** One connection, seen from the daemon. */
export interface FakeClient {
  readonly stream: Duplex;
  readonly calls: FakeCall[];
  readonly keepAlives: number[];
  /** What came for streams, in order. */
  readonly packets: Message[];
  /** Sends a packet of the stream that the last call opened. */
  sendPacket(packet: { type?: number; status?: number; payload?: Buffer }): void;
  /** Sends bytes as they are. */
  sendRaw(bytes: Buffer): void;
  sendKeepAlive(procedure: number): void;
  sendEvent(procedure: number, payload: Buffer): void;
}

export interface FakeBehaviour {
  /** What authList answers. */
  readonly authTypes?: readonly number[];
  /** Returns true when it took care of the call; otherwise the daemon answers those it knows and leaves the rest unanswered. */
  readonly onCall?: (call: FakeCall) => boolean;
  /** Told of every packet of a stream. */
  readonly onPacket?: (packet: Message, client: FakeClient) => void;
}

const emptyResult = {};
const defaultAnswers: Partial<Record<ProcedureName, (call: FakeCall, behaviour: FakeBehaviour) => void>> = {
  authList: (call, { authTypes = [] }) => call.reply("authList", { types: authTypes }),
  connectSupportsFeature: (call) => call.reply("connectSupportsFeature", { supported: true }),
  connectOpen: (call) => call.reply("connectOpen", emptyResult),
  connectClose: (call) => call.reply("connectClose", emptyResult),
  connectGetLibVersion: (call) => call.reply("connectGetLibVersion", { libVer: libVersion }),
  connectDomainEventCallbackRegisterAny: (call) => call.reply("connectDomainEventCallbackRegisterAny", { callbackID }),
};

/** Speaks the daemon's side on a stream. */
export function serve(stream: Duplex, behaviour: FakeBehaviour): FakeClient {
  const splitter = new FrameSplitter();
  const client: FakeClient = {
    stream,
    calls: [],
    keepAlives: [],
    packets: [],
    sendPacket: ({ type = messageTypes.stream, status = messageStatuses.continue, payload = Buffer.alloc(0) }) => {
      const opening = client.calls.at(-1)?.message;
      if (opening === undefined) throw new Error("no call came by which a stream could have been opened");
      client.sendRaw(encodeMessage({ ...opening, type, status, payload }));
    },
    sendRaw: (bytes) => void stream.write(bytes),
    sendKeepAlive: (procedure) => void stream.write(encodeMessage(eventOf(programs.keepAlive, procedure, Buffer.alloc(0)))),
    sendEvent: (procedure, payload) => void stream.write(encodeMessage(eventOf(programs.remote, procedure, payload))),
  };
  stream.on("error", () => undefined);
  stream.on("data", (chunk: Buffer) => {
    for (const message of splitter.push(chunk)) {
      if (message.program === programs.keepAlive.program) client.keepAlives.push(message.procedure);
      else if (message.type === messageTypes.stream || message.type === messageTypes.streamHole) {
        client.packets.push(message);
        behaviour.onPacket?.(message, client);
      } else receiveCall(client, message, behaviour);
    }
  });
  return client;
}

function eventOf(program: { program: number; version: number }, procedure: number, payload: Buffer): Message {
  return { ...program, procedure, type: messageTypes.event, serial: 0, status: messageStatuses.ok, payload };
}

function receiveCall(client: FakeClient, message: Message, behaviour: FakeBehaviour): void {
  const name = nameByNumber.get(message.procedure);
  if (name === undefined) throw new Error(`the client called the unknown procedure ${message.procedure}`);
  const call: FakeCall = {
    name,
    message,
    client,
    reply: (procedure, result) => client.sendRaw(replyBytes(message, encodeValue(struct(procedures[procedure].results), result as never))),
    replyError: (error) => client.sendRaw(errorBytes(message, error)),
  };
  client.calls.push(call);
  if (behaviour.onCall?.(call) === true) return;
  defaultAnswers[name]?.(call, behaviour);
}

/** A good reply to a call, as bytes. */
export function replyBytes(message: Message, payload: Buffer): Buffer {
  return encodeMessage({ ...message, type: messageTypes.reply, status: messageStatuses.ok, payload });
}

/** An error reply to a call, as bytes. */
export function errorBytes(message: Message, error: Partial<RemoteError>): Buffer {
  return encodeMessage({ ...message, type: messageTypes.reply, status: messageStatuses.error, payload: errorPayload(error) });
}

/** What stands in an error reply, or in the packet that breaks a stream off. */
export function errorPayload(error: Partial<RemoteError>): Buffer {
  const nothing = { dom: null, str1: null, str2: null, str3: null, int1: 0, int2: 0, net: null };
  return encodeValue(remoteError, { code: 1, domain: 10, message: "internal error", level: 2, ...nothing, ...error });
}

/** A lifecycle event's payload. */
export function lifecyclePayload(event: number, detail: number, id = 1): Buffer {
  const shape = struct({ callbackID: i32, dom: domain, event: i32, detail: i32 });
  return encodeValue(shape, { callbackID, dom: { name: "vm", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id }, event, detail });
}

/** The payload of a device's removal, and of its failure. */
export function devicePayload(devAlias: string): Buffer {
  const shape = struct({ callbackID: i32, dom: domain, devAlias: string });
  return encodeValue(shape, { callbackID, dom: { name: "vm", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 }, devAlias });
}

export const lifecycleEventProcedure = lifecycleProcedure;

/** A fake daemon behind a real unix socket. */
export class FakeDaemon {
  readonly clients: FakeClient[] = [];
  readonly socketPath: string;
  readonly uri: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "fake-libvirt-"));
  readonly #behaviour: FakeBehaviour;
  #server: Server | undefined;

  private constructor(behaviour: FakeBehaviour) {
    this.#behaviour = behaviour;
    this.socketPath = join(this.#folder, "libvirt-sock");
    this.uri = `test:///default?socket=${this.socketPath}`;
  }

  static async start(behaviour: FakeBehaviour = {}): Promise<FakeDaemon> {
    const daemon = new FakeDaemon(behaviour);
    await daemon.listen();
    return daemon;
  }

  get calls(): readonly FakeCall[] {
    return this.clients.flatMap(({ calls }) => calls);
  }

  async listen(): Promise<void> {
    const server = createServer((socket) => void this.clients.push(serve(socket, this.#behaviour)));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
  }

  /** Ends as a killed daemon does: every connection breaks, nobody listens. */
  async die(): Promise<void> {
    for (const { stream } of this.clients) stream.destroy();
    await new Promise((resolve) => (this.#server === undefined ? resolve(undefined) : this.#server.close(resolve)));
    this.#server = undefined;
  }

  async stop(): Promise<void> {
    await this.die();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Two streams; what is written to one is read from the other. The end of one is the end of the other. */
export function streamPair(): readonly [Duplex, Duplex] {
  const side = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        if (!other().destroyed) other().push(chunk);
        setImmediate(done);
      },
      destroy(error, done) {
        if (!other().destroyed) other().destroy();
        done(error);
      },
    });
  const left: Duplex = side(() => right);
  const right: Duplex = side(() => left);
  return [left, right];
}
