// The contract between the wire (rpc) and a resource: Pulumi's verbs in plain values. rpc knows this file and nothing else of a resource.
import type { z } from "zod";
import type { Problem } from "../errors";
import type { Libvirt } from "../libvirt/port";
import type { HostObserver } from "../host/observer";
import type { ImageSources } from "../images/image-source";

/** Stands for a value that is not known until another resource exists. Any value, at any depth, may be it in check, diff and preview. */
export const unknown: unique symbol = Symbol("unknown until apply");
export type Unknown = typeof unknown;

/** A property value as resources see it: secrets and outputs are taken off and put on again by rpc. */
export type Value = null | boolean | number | string | Unknown | readonly Value[] | Values;
export interface Values {
  readonly [name: string]: Value;
}

/** Messages to the user under this resource: at preview too. `status` is the ephemeral line of long work. */
export interface ResourceLog {
  info(message: string): void;
  warn(message: string): void;
  status(message: string): void;
}

/** The provider configuration, checked. */
export interface ProviderConfig {
  /** libvirt's connection URI. */
  readonly uri: string;
  /** Milliseconds for one libvirt call. */
  readonly timeoutMs: number;
}

/** What a verb works with: made by main.ts once the provider is configured. */
export interface Services {
  readonly config: ProviderConfig;
  readonly libvirt: Libvirt;
  readonly host: HostObserver;
  readonly images: ImageSources;
}

export interface Call {
  /** Pulumi's name of the resource: urn:pulumi:stack::project::kvm:index:VirtualMachine::web. */
  readonly urn: string;
  /** Ends with Cancel, or with the custom time-out of this verb. */
  readonly signal: AbortSignal;
  readonly log: ResourceLog;
  readonly services: Services;
}

export interface CheckRequest {
  /** The checked inputs of last time; undefined at create. */
  readonly olds?: Values | undefined;
  readonly news: Values;
  /** The resource's name in the program, the engine's proposal for `name` (autonaming), and the seed to make one from. */
  readonly resourceName: string;
  readonly autoName?: { readonly proposed: string; readonly mode: "propose" | "enforce" } | "disabled" | undefined;
  readonly randomSeed: Uint8Array;
}

export interface CheckResult {
  readonly inputs: Values;
  readonly problems: readonly Problem[];
}

export type PropertyChangeKind = "add" | "update" | "delete";

/** One changed property. `path` as in Pulumi: disks.root.cache; `inputDiff`: old and new are found in the inputs (else old is in the state). */
export interface PropertyChange {
  readonly path: string;
  readonly kind: PropertyChangeKind;
  readonly replace?: boolean | undefined;
  readonly inputDiff: boolean;
}

export interface DiffRequest {
  readonly id: string;
  readonly oldInputs: Values;
  readonly oldState: Values;
  readonly news: Values;
  readonly ignoreChanges: readonly string[];
}

export interface DiffResult {
  readonly changes: readonly PropertyChange[];
  /** Outputs that will not change: known to the dependants at preview. */
  readonly stables?: readonly string[] | undefined;
  readonly deleteBeforeReplace?: boolean | undefined;
}

export interface Stored {
  /** Outputs as they go to the state. In a preview: what is known, `unknown` for the rest. */
  readonly state: Values;
  readonly refreshBeforeUpdate?: boolean | undefined;
}

export interface Created extends Stored {
  /** "" in a preview. */
  readonly id: string;
}

export interface Observed extends Created {
  readonly inputs: Values;
  /** The object is there but not as asked (not started, say): reported as "initialization failed". */
  readonly initErrors?: readonly string[] | undefined;
}

/**
 * A resource's lifecycle. Obligations:
 * - `check` writes nothing anywhere and answers the same for the same inputs and facts; all problems at once.
 * - `diff` does no I/O.
 * - `create` and `update` do nothing in a preview but say what they would give; run twice, the second writes nothing.
 * - `create` that fails after the object exists throws CreatedButFailedError.
 * - `read` answers undefined only when the host says "gone"; for an import `oldInputs` is undefined and the id alone must do.
 * - `remove` of what is already gone succeeds.
 */
export interface Resource {
  check(request: CheckRequest, call: Call): Promise<CheckResult>;
  diff(request: DiffRequest, call: Call): Promise<DiffResult>;
  create(request: { readonly inputs: Values; readonly preview: boolean }, call: Call): Promise<Created>;
  read(
    request: { readonly id: string; readonly oldInputs?: Values | undefined; readonly oldState?: Values | undefined },
    call: Call,
  ): Promise<Observed | undefined>;
  update(request: DiffRequest & { readonly preview: boolean }, call: Call): Promise<Stored>;
  remove(request: { readonly id: string; readonly oldInputs: Values; readonly oldState: Values }, call: Call): Promise<void>;
}

/**
 * A function: asks the host something and changes nothing. `run` gets known arguments, checked against `inputs`; what cannot be found is refused
 * (RefusedError) by the argument that names it.
 */
export interface FunctionDefinition {
  /** "kvm:index:getVolume" */
  readonly token: `kvm:index:get${string}`;
  readonly description: string;
  readonly inputs: z.ZodObject;
  readonly outputs: z.ZodObject;
  run(args: Values, call: Pick<Call, "services" | "signal">): Promise<Values>;
}

/** A resource as the registry holds it: its documented contract, from which schema.json is made, and its lifecycle. */
export interface ResourceDefinition {
  /** "kvm:index:VirtualMachine" */
  readonly token: `kvm:index:${string}`;
  readonly description: string;
  readonly inputs: z.ZodObject;
  /** Outputs besides the inputs, which are outputs too. */
  readonly outputs: z.ZodObject;
  /** Output-only property <- inputs it is made from: an output is secret when one of these holds a secret. */
  readonly derivedFrom: Readonly<Record<string, readonly string[]>>;
  readonly lifecycle: Resource;
}
