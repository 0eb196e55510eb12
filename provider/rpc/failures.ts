// Errors on their way to the engine: the closed set of provider/errors.ts becomes gRPC statuses with messages for people.
import { Metadata, status } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { BugError, CancelledError, HostConnectionError, HostError, ImageError, RefusedError } from "../errors";
import type { Redact } from "./redact";

/** An error as grpc-js sends it. */
export class WireError extends Error {
  override readonly name = "WireError";
  constructor(
    readonly code: status,
    readonly details: string,
    readonly metadata: Metadata = new Metadata(),
  ) {
    super(details);
  }
}

const listed = ({ problems }: RefusedError) => problems.map(({ path, reason }) => `${path === "" ? "" : `${path}: `}${reason}`).join("\n");

/**
 * INTERNAL and UNKNOWN tell the engine that the resource's state is unknown; every other code that the old state still stands.
 * UNIMPLEMENTED makes it fall back on defaults of its own, so no error of ours is sent as that.
 */
const statuses: readonly (readonly [new (...args: never) => Error, status])[] = [
  [RefusedError, status.INVALID_ARGUMENT],
  [HostError, status.FAILED_PRECONDITION],
  [HostConnectionError, status.UNAVAILABLE],
  [ImageError, status.FAILED_PRECONDITION],
  [CancelledError, status.CANCELLED],
];

const bugMessage = (error: unknown) =>
  error instanceof BugError ? error.message : new BugError(`${error instanceof Error ? error.message : String(error)}.`).message;

export interface Failure {
  readonly error: WireError;
  /** For the log at debug: the stack of what should not have happened. */
  readonly bug?: string | undefined;
}

export const toFailure = (error: unknown, redact: Redact): Failure => {
  if (error instanceof WireError) return { error };
  const code = statuses.find(([type]) => error instanceof type)?.[1];
  if (code === undefined) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { error: new WireError(status.INTERNAL, redact(bugMessage(error))), bug: redact(stack) };
  }
  const message = error instanceof RefusedError ? listed(error) : (error as Error).message;
  return { error: new WireError(code, redact(message)) };
};

export interface InitFailure {
  readonly id: string;
  readonly properties: Struct;
  readonly inputs: Struct;
  readonly reasons: readonly string[];
  readonly refreshBeforeUpdate?: boolean | undefined;
}

/** "Initialization failed": the engine keeps the resource with this state and issues an update next time. */
export class InitFailedError extends WireError {
  constructor(
    /** What is known of the resource; the reasons are clean of secrets. */
    readonly failure: InitFailure,
    metadata: Metadata,
  ) {
    super(status.UNKNOWN, failure.reasons.join("\n"), metadata);
  }
}

export const initFailedError = (failure: InitFailure, redact: Redact): InitFailedError => {
  const { id, properties, inputs, reasons, refreshBeforeUpdate } = failure;
  const clean = reasons.map(redact);
  const detail = new ErrorResourceInitFailed()
    .setId(id)
    .setProperties(properties)
    .setInputs(inputs)
    .setReasonsList(clean)
    .setRefreshBeforeUpdate(refreshBeforeUpdate ?? false);
  const packed = new Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const message = clean.join("\n");
  const rich = new Status().setCode(status.UNKNOWN).setMessage(message);
  rich.addDetails(packed);
  const metadata = new Metadata();
  // The engine finds the details here: google.rpc.Status, with the same code and message as the call's own.
  metadata.set("grpc-status-details-bin", Buffer.from(rich.serializeBinary()));
  return new InitFailedError({ ...failure, reasons: clean }, metadata);
};
