/** Byte stream → a connection that takes calls: authentication, keepalive, and the opening of the driver. */
import { errorCodes } from "./error-codes";
import { LibvirtConnectionError, LibvirtError, LibvirtTimeoutError } from "./errors";
import { decodeResult, encodeArgs } from "./marshal";
import type { ArgsOf, ProcedureName, ResultOf } from "./procedures";
import { RpcSocket } from "./rpc-socket";
import type { RpcSocketOptions } from "./rpc-socket";
import { openStream } from "./transports";
import type { OpenStream } from "./transports";
import type { ConnectionTarget } from "./uri";

const authTypes = { none: 0, sasl: 1, polkit: 2 } as const;

/** Asking for this feature makes the daemon send its own pings too. */
const featureProgramKeepAlive = 10;

/** virConnectOpen's flag for a connection that may only read. */
const openReadonly = 1;

export interface OpenOptions extends RpcSocketOptions {
  readonly target: ConnectionTarget;
  readonly readonly: boolean;
  /** For all of it: socket, authentication and opening. */
  readonly timeoutMs: number;
  /** Without the daemon's own pings: it gives up a client that reads too slowly to answer them. Ours are sent all the same. */
  readonly refusesPings?: boolean;
  /** Where the byte stream comes from; tests put their own here. */
  readonly openStream?: OpenStream;
}

/** Connects and opens. Rejects with LibvirtConnectionError, LibvirtError (the driver would not open), LibvirtTimeoutError or the signal's reason. */
export async function openRpcSocket(options: OpenOptions, signal: AbortSignal): Promise<RpcSocket> {
  const { controller, stop } = deadline(options.timeoutMs, signal);
  try {
    const stream = await (options.openStream ?? openStream)(options.target, controller.signal);
    const socket = new RpcSocket(stream, options);
    const onAbort = () => socket.fail("closed", "opening was given up");
    controller.signal.addEventListener("abort", onAbort, { once: true });
    if (controller.signal.aborted) onAbort();
    try {
      await introduce(socket, options);
    } catch (error) {
      socket.fail("closed", "the daemon would not open the connection");
      throw error;
    } finally {
      controller.signal.removeEventListener("abort", onAbort);
    }
    return socket;
  } catch (error) {
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    stop();
  }
}

/** One signal for both ways to give up: the caller's, and the time limit. */
function deadline(timeoutMs: number, signal: AbortSignal): { controller: AbortController; stop: () => void } {
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const timer = Number.isFinite(timeoutMs)
    ? setTimeout(() => controller.abort(new LibvirtTimeoutError("connectOpen", timeoutMs, true)), timeoutMs)
    : undefined;
  return {
    controller,
    stop: () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    },
  };
}

async function introduce(socket: RpcSocket, { target, readonly, keepAlive, refusesPings }: OpenOptions): Promise<void> {
  await authenticate(socket);
  if (keepAlive !== false && refusesPings !== true) await request(socket, "connectSupportsFeature", { feature: featureProgramKeepAlive });
  await request(socket, "connectOpen", { name: target.remoteUri, flags: readonly ? openReadonly : 0 });
}

async function authenticate(socket: RpcSocket): Promise<void> {
  const { types } = await request(socket, "authList", {});
  const [type = authTypes.none] = types;
  if (type === authTypes.none) return;
  if (type === authTypes.polkit) return authenticateByPolkit(socket);
  const wanted = type === authTypes.sasl ? "SASL" : `the unknown kind ${type}`;
  throw new LibvirtConnectionError(
    "unsupported",
    `The daemon asks for ${wanted} authentication, which is not supported yet. ` +
      `Set auth_unix_rw to "polkit" or "none" in libvirtd.conf (virtqemud.conf), and restrict the socket by its group instead.`,
  );
}

async function authenticateByPolkit(socket: RpcSocket): Promise<void> {
  try {
    await request(socket, "authPolkit", {});
  } catch (cause) {
    const isRefusal = cause instanceof LibvirtError && polkitRefusals.has(cause.code);
    if (!isRefusal) throw cause;
    const message =
      `polkit did not let this user in: ${cause.message}. Members of the group "libvirt" are let in without a password on most systems ` +
      `(sudo usermod -aG libvirt USER, then log in again); or allow the action org.libvirt.unix.manage to this user in polkit's rules.`;
    throw new LibvirtConnectionError("permission", message, { cause });
  }
}

const polkitRefusals: ReadonlySet<number> = new Set([errorCodes.AUTH_FAILED, errorCodes.AUTH_CANCELLED, errorCodes.AUTH_UNAVAILABLE]);

/** A call by this socket itself, outside any lane. */
export async function request<P extends ProcedureName>(socket: RpcSocket, name: P, args: ArgsOf<P>): Promise<ResultOf<P>> {
  return decodeResult(name, await socket.call(name, encodeArgs(name, args)).reply);
}
