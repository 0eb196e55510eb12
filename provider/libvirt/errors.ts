// node-libvirt's errors -> the provider's closed set, with what was being done, to what, and the way out where the code tells one.
import { LibvirtArgumentError, LibvirtConnectionError, LibvirtError, LibvirtTimeoutError, LibvirtUploadError } from "node-libvirt";
import type { ConnectionErrorReason } from "node-libvirt";
import { CancelledError, HostConnectionError, HostError } from "../errors";
import type { FailureContext } from "../errors";
import { hostErrorCodes } from "./codes";

/** What a call is about; the way out comes from the error itself. */
export type CallContext = Pick<FailureContext, "doing" | "what">;

/** Only codes that mean one thing have a way out here. */
const wayOutByCode: Readonly<Record<number, string>> = {
  [hostErrorCodes.authFailed]: "Check that this user may manage libvirt (group `libvirt`, or polkit's rules).",
  [hostErrorCodes.accessDenied]: "Check that this user may manage libvirt (group `libvirt`, or polkit's rules).",
  [hostErrorCodes.noPool]: "Create the pool, or name one that `virsh pool-list --all` shows.",
  [hostErrorCodes.operationTimeout]: "Something else is working on it: wait until that has ended, then run again.",
  [hostErrorCodes.resourceBusy]: "Something else is using it: wait until that has ended, then run again.",
  [hostErrorCodes.volumeExists]: "Choose another name, or remove that volume if nothing needs it.",
};

const wayOutByReason = {
  uri: "Correct the provider's `uri` (or LIBVIRT_DEFAULT_URI): for example `qemu:///system`.",
  unsupported: "Use a URI of this machine, such as `qemu:///system`.",
  "not-found": "Install libvirt's QEMU driver and start its daemon (libvirtd or virtqemud) there, or correct the provider's `uri`.",
  refused: "Start libvirt's daemon (libvirtd or virtqemud) there.",
  permission: "Check that this user may manage libvirt (group `libvirt`, or polkit's rules).",
  closed: "Look at the daemon's log, and run again: the state is read anew.",
  timeout: "Check that the host is up and its daemon answers (`virsh list`), and run again.",
  protocol: "Check that a libvirt daemon answers at this URI.",
} as const satisfies Record<ConnectionErrorReason, string>;

/** What libvirtd says itself when it notices that there is no room. */
const wayOutByLoss = {
  length: { code: hostErrorCodes.invalidArgument, wayOut: "Do not change the content while it is uploaded." },
  lost: { code: hostErrorCodes.systemError, wayOut: "Free space in the pool's storage, then run again." },
} as const satisfies Record<LibvirtUploadError["reason"], { code: number; wayOut: string }>;

const slowAnswer = "The host may still carry it out: run again, the state is read anew.";

/** The error to throw for what a call rejected with. */
export function translateError(error: unknown, uri: string, context: CallContext, signal: AbortSignal | undefined): unknown {
  if (error instanceof LibvirtError) {
    const wayOut = wayOutByCode[error.code];
    return new HostError(error.code, error.message, wayOut === undefined ? context : { ...context, wayOut });
  }
  if (error instanceof LibvirtConnectionError) {
    return new HostConnectionError(uri, error.message, { ...context, wayOut: wayOutByReason[error.reason] });
  }
  if (error instanceof LibvirtTimeoutError) return new HostConnectionError(uri, `${error.message}.`, { ...context, wayOut: slowAnswer });
  if (error instanceof LibvirtArgumentError) return new HostError(hostErrorCodes.invalidArgument, error.message, context);
  if (error instanceof LibvirtUploadError) {
    const { code, wayOut } = wayOutByLoss[error.reason];
    return new HostError(code, error.message, { ...context, wayOut });
  }
  return signal?.aborted === true ? new CancelledError(context) : error;
}

/** Whether libvirt answered with one of the codes. */
export function saysCode(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof HostError && codes.includes(error.code);
}

/** What the promise gives, or undefined when libvirt answers with one of the codes: a missing object is a fact, not a failure. */
export async function unlessCode<Result>(promise: Promise<Result>, ...codes: readonly number[]): Promise<Result | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (saysCode(error, ...codes)) return undefined;
    throw error;
  }
}
