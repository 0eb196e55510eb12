/** Connection target → byte stream. The seam where ssh, tls and tcp come in. */
import { createConnection } from "node:net";
import { userInfo } from "node:os";
import type { Duplex } from "node:stream";
import { LibvirtConnectionError } from "./errors";
import type { ConnectionErrorReason } from "./errors";
import type { ConnectionTarget, TransportName } from "./uri";

/** A two-way byte stream. `ref` and `unref`, where it has them, say whether it keeps the process alive. */
export interface ByteStream extends Duplex {
  ref?(): unknown;
  unref?(): unknown;
}

export type OpenStream = (target: ConnectionTarget, signal: AbortSignal) => Promise<ByteStream>;

export const transports = {
  unix: openUnix,
  ssh: notSupportedYet,
  tls: notSupportedYet,
  tcp: notSupportedYet,
  ext: notSupportedYet,
  libssh: notSupportedYet,
  libssh2: notSupportedYet,
} as const satisfies Record<TransportName, OpenStream>;

/** Opens the stream that the target asks for. Rejects with LibvirtConnectionError, or with the signal's reason. */
export const openStream: OpenStream = (target, signal) => transports[target.transport](target, signal);

function notSupportedYet(target: ConnectionTarget): Promise<never> {
  const message =
    `"${target.uri}" needs the transport "${target.transport}", which is not supported yet; only local unix sockets are. ` +
    `Run on the host itself, or forward its socket (ssh -L /tmp/libvirt-sock:/var/run/libvirt/libvirt-sock HOST) and use "?socket=/tmp/libvirt-sock".`;
  return Promise.reject(new LibvirtConnectionError("unsupported", message));
}

/** Tries each socket in order. Goes on to the next only when nobody is behind the one before. */
async function openUnix(target: ConnectionTarget, signal: AbortSignal): Promise<ByteStream> {
  const failures: { path: string; error: NodeJS.ErrnoException }[] = [];
  for (const path of target.socketPaths) {
    try {
      return await connectSocket(path, signal);
    } catch (error) {
      signal.throwIfAborted();
      failures.push({ path, error: error as NodeJS.ErrnoException });
      if (reasonOf(error) !== "not-found" && reasonOf(error) !== "refused") break;
    }
  }
  // A socket that is there says more than one that is not.
  const telling = failures.find(({ error }) => reasonOf(error) !== "not-found") ?? failures[0];
  const reason = reasonOf(telling?.error);
  const path = reason === "not-found" ? target.socketPaths.join(" or ") : (telling?.path ?? "");
  throw new LibvirtConnectionError(reason, explanations[reason](path, target), { cause: telling?.error });
}

function connectSocket(path: string, signal: AbortSignal): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = createConnection({ path });
    const onAbort = () => socket.destroy(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    const onError = (error: Error) => {
      signal.removeEventListener("abort", onAbort);
      reject(error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("error", onError);
    socket.once("connect", () => {
      signal.removeEventListener("abort", onAbort);
      socket.removeListener("error", onError);
      resolve(socket);
    });
  });
}

type OpenReason = Extract<ConnectionErrorReason, "not-found" | "refused" | "permission">;

const reasonByErrno: Readonly<Record<string, OpenReason>> = {
  ENOENT: "not-found",
  ENOTDIR: "not-found",
  EACCES: "permission",
  EPERM: "permission",
};

function reasonOf(error: unknown): OpenReason {
  return reasonByErrno[(error as NodeJS.ErrnoException | undefined)?.code ?? ""] ?? "refused";
}

const explanations = {
  "not-found": (path, target) =>
    `There is no libvirt socket at ${path}. Is libvirt installed, and does its daemon run? ${startHint(target)}`,
  refused: (path, target) => `Nobody answers at ${path}: the daemon has stopped, or takes no more clients. ${startHint(target)}`,
  permission: (path) =>
    `The user "${userInfo().username}" may not open ${path}. Members of the group "libvirt" may: ` +
    `sudo usermod -aG libvirt ${userInfo().username}, then log in again (or run as root).`,
} as const satisfies Record<OpenReason, (path: string, target: ConnectionTarget) => string>;

function startHint({ isSession }: ConnectionTarget): string {
  return isSession
    ? "Start it as this user: libvirtd --daemon (or virtqemud --daemon)."
    : "Start it: sudo systemctl start libvirtd (or virtqemud; without systemd: libvirtd --daemon).";
}
