/** Every way a call can fail, as a class. */
import { errorCodes } from "./error-codes";

const codeNames = new Map<number, string>(Object.entries(errorCodes).map(([name, code]) => [code, name]));

/** The daemon did the call and says that it failed. `message` is libvirt's own text. */
export class LibvirtError extends Error {
  override readonly name = "LibvirtError";
  /** One of `errorCodes`; a newer daemon may send others. */
  readonly code: number;
  /** libvirt's name for the code without its prefix, such as "NO_DOMAIN"; undefined for a code that this package does not know. */
  readonly codeName: string | undefined;
  /** Which part of libvirt raised it (virErrorDomain; 10 is the QEMU driver, 18 storage). */
  readonly domain: number;
  /** 1 warning, 2 error. */
  readonly level: number;
  /** The procedure that was called, such as "domainCreateWithFlags". */
  readonly procedure: string;

  constructor(details: { message: string; code: number; domain: number; level: number; procedure: string }) {
    super(details.message);
    this.code = details.code;
    this.codeName = codeNames.get(details.code);
    this.domain = details.domain;
    this.level = details.level;
    this.procedure = details.procedure;
  }
}

export type ConnectionErrorReason =
  | "uri" // the URI cannot be understood
  | "unsupported" // a transport or a way to authenticate that this package does not have yet
  | "not-found" // no socket there: the daemon is not installed, not running, or elsewhere
  | "refused" // a socket without a daemon behind it
  | "permission" // the socket may not be opened, or the daemon does not let us in
  | "closed" // the connection ended, by us, by the daemon or by its death
  | "timeout" // the daemon no longer answers keepalive
  | "protocol"; // what came back is not libvirt's protocol

/** The daemon could not be reached or was lost: what became of the call is unknown when `requestSent`. */
export class LibvirtConnectionError extends Error {
  override readonly name = "LibvirtConnectionError";
  readonly reason: ConnectionErrorReason;
  /** True when the request had been sent: the daemon may have carried it out. Read the state again; do not just repeat a change. */
  readonly requestSent: boolean;

  constructor(reason: ConnectionErrorReason, message: string, options: { cause?: unknown; requestSent?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.requestSent = options.requestSent ?? false;
  }
}

/** No answer within the time that the caller set. The daemon is still at it: a time-out does not cancel anything there. */
export class LibvirtTimeoutError extends Error {
  override readonly name = "LibvirtTimeoutError";
  constructor(
    readonly procedure: string,
    readonly timeoutMs: number,
    /** True when the request had been sent: the daemon may still carry it out. */
    readonly requestSent: boolean,
  ) {
    const state = requestSent ? "the daemon may still carry it out" : "it was not sent";
    super(`${procedure}: no answer from libvirt within ${timeoutMs} ms (${state})`);
  }
}

/** An argument that cannot be sent: refused here, the daemon saw nothing of it. */
export class LibvirtArgumentError extends Error {
  override readonly name = "LibvirtArgumentError";
  constructor(
    readonly procedure: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`${procedure}: ${problem}`, { cause });
  }
}

/** An upload did not put into the volume what was announced: the volume is half-written, and for the caller to delete or to write anew. */
export class LibvirtUploadError extends Error {
  override readonly name = "LibvirtUploadError";
  constructor(
    /** `length`: the content is not as long as announced. `lost`: the daemon confirmed the upload, but the volume does not hold its end. */
    readonly reason: "length" | "lost",
    message: string,
  ) {
    super(`storageVolUpload: ${message}`);
  }
}
