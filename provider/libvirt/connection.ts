// One lazy connection to the host's daemon: opened at the first call, opened again after it was lost; errors come out translated.
import { connect } from "node-libvirt";
import type { AgentEvent, ArgsOf, CallName, Connection, DeviceEvent, LifecycleEvent, ResultOf } from "node-libvirt";
import { CancelledError } from "../errors";
import { translateError } from "./errors";
import type { CallContext } from "./errors";
import type { CallOptions } from "./port";

/** Starting, saving and making volumes may take minutes: memory and preallocated disks are written. */
const slowTimeoutMs = 10 * 60_000;

export interface HostConnectionOptions {
  readonly uri: string;
  /** For connecting and for each call that is not slow by nature. */
  readonly timeoutMs: number;
}

/** What a procedure is called with: node-libvirt's arguments, what it is about, the caller's options. */
export interface Call<P extends CallName> extends CallContext {
  readonly args: ArgsOf<P>;
  readonly options?: CallOptions | undefined;
}

export interface HostConnection {
  readonly uri: string;
  /** Calls once; nothing is ever repeated by itself. */
  call<P extends CallName>(procedure: P, call: Call<P>): Promise<ResultOf<P>>;
  /** The same for what may take minutes. */
  callSlowly<P extends CallName>(procedure: P, call: Call<P>): Promise<ResultOf<P>>;
  /** Tells of every change of a domain's state, and of times when such changes were missed. Returns what ends it. */
  onLifecycle(
    listener: (event: LifecycleEvent | "missed some") => void,
    call: CallContext & { options?: CallOptions | undefined },
  ): Promise<() => void>;
  /** Tells of every change of a domain's state and of its agent, and of times when such changes were missed. Returns what ends it. */
  onGuestNews(
    listener: (event: LifecycleEvent | AgentEvent | "missed some") => void,
    call: CallContext & { options?: CallOptions | undefined },
  ): Promise<() => void>;
  /** Tells how the guest answered when it was asked to let a device go, and of times when such answers were missed. Returns what ends it. */
  onDeviceAnswer(
    listener: (event: DeviceAnswer | "missed some") => void,
    call: CallContext & { options?: CallOptions | undefined },
  ): Promise<() => void>;
  /** For what is no call: streams. Errors come out translated; those of the work's own come through. */
  run<Result>(
    call: CallContext & { options?: CallOptions | undefined },
    work: (connection: Connection) => Promise<Result>,
  ): Promise<Result>;
  close(): Promise<void>;
}

export type DeviceAnswer = DeviceEvent & { readonly answer: "removed" | "refused" };

/** The promise, or the signal's end of waiting for it. */
async function untilAborted<Result>(promise: Promise<Result>, signal: AbortSignal | undefined, context: CallContext): Promise<Result> {
  if (signal === undefined) return promise;
  const ended = new CancelledError(context);
  if (signal.aborted) throw ended;
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(ended);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", onAbort));
}

export function openHostConnection({ uri, timeoutMs }: HostConnectionOptions): HostConnection {
  let opening: Promise<Connection> | undefined;
  const connected = (): Promise<Connection> => {
    // A failed attempt is forgotten, so that the next call tries anew.
    opening ??= connect({ uri, timeoutMs }).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };

  const translated = async <Result>(
    context: CallContext,
    options: CallOptions | undefined,
    run: (connection: Connection) => Promise<Result>,
  ) => {
    try {
      return await run(await untilAborted(connected(), options?.signal, context));
    } catch (error) {
      throw translateError(error, uri, { doing: context.doing, what: context.what }, options?.signal);
    }
  };

  const callWithin = <P extends CallName>(procedure: P, call: Call<P>, usualMs: number): Promise<ResultOf<P>> =>
    translated(call, call.options, (connection) =>
      // The table types the parameters by procedure; here the procedure is still a variable.
      (connection.call as (name: P, args: ArgsOf<P>, options: CallOptions) => Promise<ResultOf<P>>).call(connection, procedure, call.args, {
        timeoutMs: call.options?.timeoutMs ?? usualMs,
        signal: call.options?.signal,
      }),
    );

  return {
    uri,
    call: (procedure, call) => callWithin(procedure, call, timeoutMs),
    callSlowly: (procedure, call) => callWithin(procedure, call, Math.max(timeoutMs, slowTimeoutMs)),
    onLifecycle: (listener, call) =>
      translated(call, call.options, (connection) => {
        const ends = [connection.on("lifecycle", listener), connection.on("gap", () => listener("missed some"))];
        return Promise.resolve(() => ends.forEach((end) => end()));
      }),
    onGuestNews: (listener, call) =>
      translated(call, call.options, (connection) => {
        const ends = [
          connection.on("lifecycle", listener),
          connection.on("agentLifecycle", listener),
          connection.on("gap", () => listener("missed some")),
        ];
        return Promise.resolve(() => ends.forEach((end) => end()));
      }),
    onDeviceAnswer: (listener, call) =>
      translated(call, call.options, (connection) => {
        const ends = [
          connection.on("deviceRemoved", (event) => listener({ ...event, answer: "removed" })),
          connection.on("deviceRemovalFailed", (event) => listener({ ...event, answer: "refused" })),
          connection.on("gap", () => listener("missed some")),
        ];
        return Promise.resolve(() => ends.forEach((end) => end()));
      }),
    run: (call, work) => translated(call, call.options, work),
    close: async () => {
      const connection = await opening?.catch(() => undefined);
      await connection?.close();
    },
  };
}
