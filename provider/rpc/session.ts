// What the verbs of one plugin process share: the engine's log, what is running, and the host once it is configured.
import { status } from "@grpc/grpc-js";
import type { FunctionDefinition, ProviderConfig, ResourceDefinition, Services } from "../resources/resource";
import { connectEngineLog, stderrLog, type EngineLog } from "./engine-log";
import { WireError } from "./failures";
import { createRunningVerbs, type RunningVerbs } from "./running";

export type Registry = Readonly<Record<string, ResourceDefinition>>;

/** What the entry points wire in; functions where loading costs time that the first answer should not wait for. */
export interface PluginParts {
  readonly version: string;
  /** A front door that nobody asks for its schema has none. */
  readonly loadSchema?: (() => string) | undefined;
  readonly loadRegistry: () => Registry;
  readonly loadFunctions: () => Readonly<Record<string, FunctionDefinition>>;
  readonly makeServices: (config: ProviderConfig) => Services;
  /** How long a stopped verb may go on to finish with what it has. */
  readonly cancelGraceMs?: number | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** "unknown": at preview, while the configuration depends on a resource that does not exist yet. */
export type Configured = { readonly services: Services; readonly secrets: readonly string[] } | "unknown";

export interface Session {
  readonly parts: PluginParts;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly running: RunningVerbs;
  readonly log: () => EngineLog;
  /** The engine's address: from the command line, Handshake or Attach. */
  attach(address: string): void;
  configure(configured: Configured): void;
  configured(): Configured;
  /** Throws for a type that this provider does not have. */
  definitionOf(token: string): ResourceDefinition;
  /** Throws for a function that this provider does not have. */
  functionOf(token: string): FunctionDefinition;
  close(): Promise<void>;
}

/** Long enough for a libvirt call to end and the state to be read again; the user is waiting. */
const defaultCancelGraceMs = 10_000;

const unknownToken = (token: string, what: "resource" | "function", version: string, known: readonly string[]) =>
  new WireError(
    status.INVALID_ARGUMENT,
    `${token} is no ${what} of the kvm provider ${version}: it has ${known.join(", ")}. Does the SDK belong to another version?`,
  );

const notConfigured = () =>
  new WireError(status.FAILED_PRECONDITION, "The kvm provider was asked for a resource before it was configured.");

export const createSession = (parts: PluginParts, engineAddress: string | undefined): Session => {
  let log = engineAddress === undefined ? stderrLog : connectEngineLog(engineAddress);
  let attachedTo = engineAddress;
  let configured: Configured | undefined;

  const closeHostOf = async (before: Configured | undefined) => {
    if (before !== undefined && before !== "unknown") await before.services.libvirt.close();
  };

  return {
    parts,
    environment: parts.environment ?? process.env,
    running: createRunningVerbs(parts.cancelGraceMs ?? defaultCancelGraceMs),
    log: () => log,
    attach: (address) => {
      if (address === "" || address === attachedTo) return;
      log.close();
      log = connectEngineLog(address);
      attachedTo = address;
    },
    configure: (next) => {
      // An engine that is attached to a running plugin configures it once a run: the host of the run before is done with.
      void closeHostOf(configured).catch(() => undefined);
      configured = next;
    },
    configured: () => {
      if (configured === undefined) throw notConfigured();
      return configured;
    },
    definitionOf: (token) => {
      const registry = parts.loadRegistry();
      const definition = Object.hasOwn(registry, token) ? registry[token] : undefined;
      if (definition === undefined) throw unknownToken(token, "resource", parts.version, Object.keys(registry));
      return definition;
    },
    functionOf: (token) => {
      const functions = parts.loadFunctions();
      const definition = Object.hasOwn(functions, token) ? functions[token] : undefined;
      if (definition === undefined) throw unknownToken(token, "function", parts.version, Object.keys(functions));
      return definition;
    },
    close: async () => {
      log.close();
      await closeHostOf(configured);
    },
  };
};
