// The closed set of error classes: every error that leaves the provider is one of these.

/** A wrong or refused input: a value, never thrown. `path` is Pulumi's property path (`disks.root.cache`), `reason` says what is wrong and the ways out. */
export interface Problem {
  readonly path: string;
  readonly reason: string;
}

/** What a failure was about: what we were doing, to what, and what the user can do about it. */
export interface FailureContext {
  readonly doing: string;
  readonly what: string;
  readonly wayOut?: string;
}

const sentence = ({ doing, what, wayOut }: FailureContext, wrong: string) =>
  `${doing} ${what}: ${wrong}${wayOut === undefined ? "" : ` ${wayOut}`}`;

/** libvirt answered with an error; `code` is libvirt's number (virErrorNumber). */
export class HostError extends Error {
  override readonly name = "HostError";
  constructor(
    readonly code: number,
    readonly libvirtMessage: string,
    readonly context: FailureContext,
  ) {
    super(sentence(context, `libvirt says: ${libvirtMessage} (code ${code}).`));
  }
}

/** The host could not be asked: nothing is known of what it holds. Never to be taken for "gone". */
export class HostConnectionError extends Error {
  override readonly name = "HostConnectionError";
  constructor(
    readonly uri: string,
    readonly detail: string,
    readonly context: FailureContext,
  ) {
    super(sentence(context, `no answer from ${uri}: ${detail}`));
  }
}

/** An image cannot be had from its source: not there, not reachable, not what its checksum says, or of a kind that may not be used. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  constructor(
    readonly detail: string,
    readonly context: FailureContext,
  ) {
    super(sentence(context, detail));
  }
}

/** The object exists on the host, but is not as asked: Pulumi's "initialization failed". The engine keeps it and goes on next time. */
export class CreatedButFailedError extends Error {
  override readonly name = "CreatedButFailedError";
  constructor(
    readonly id: string,
    /** The state as far as it is known, as the resource's outputs. */
    readonly state: Readonly<Record<string, unknown>>,
    readonly inputs: Readonly<Record<string, unknown>>,
    readonly reasons: readonly string[],
  ) {
    super(reasons.join("\n"));
  }
}

/** A change that may not be made as asked; nothing was touched. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(({ path, reason }) => `${path}: ${reason}`).join("\n"));
  }
}

/** Stopped by Cancel or a custom time-out. */
export class CancelledError extends Error {
  override readonly name = "CancelledError";
  constructor(readonly context: FailureContext) {
    super(sentence(context, "stopped, because the run was cancelled or its time limit passed."));
  }
}

/** Our own mistake. */
export class BugError extends Error {
  override readonly name = "BugError";
  constructor(message: string) {
    super(`${message} This is a bug in the kvm provider: please report it.`);
  }
}
