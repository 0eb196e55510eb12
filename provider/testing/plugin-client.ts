// Starts a plugin executable and speaks Pulumi's protocol with it, in plain values: an engine for tests and benchmarks.
// It shares no code with rpc/, so that a mistake there is not made twice.
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { credentials, status, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { PluginAttach, type PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

/** Property values as they are on the wire: plain JSON, with what secret(), output() and resource() make of it. */
export type Properties = Record<string, unknown>;

const kindKey = "4dabf18193072939515e22adb298388d";
export const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
export const secret = (value: unknown) => ({ [kindKey]: "1b47061264138c4ac30d75fd1eb44270", value });
export const output = (fields: { value?: unknown; secret?: boolean; dependencies?: string[] }) => ({
  [kindKey]: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
  ...fields,
});
export const resource = (urn: string, id?: string) => ({
  [kindKey]: "5cf8f73096256a8f31e491e813e4eb8e",
  urn,
  ...(id === undefined ? {} : { id }),
});
export const asset = (text: string) => ({ [kindKey]: "c44067f5952c0a294b673a41bacd8c17", text });
export const archive = (path: string) => ({ [kindKey]: "0def7320c3a5731c473e5ecbe6d01bc7", path });

const struct = (values: Properties | undefined) => Struct.fromJavaScript((values ?? {}) as Record<string, JavaScriptValue>);
const plain = (values: Struct | undefined): Properties | undefined => values?.toJavaScript();

/** A refused call, with the details of an "initialization failed". */
export class PluginFailure extends Error {
  override readonly name = "PluginFailure";
  constructor(
    readonly code: string,
    readonly details: string,
    readonly initFailed?: {
      readonly id: string;
      readonly properties: Properties | undefined;
      readonly inputs: Properties | undefined;
      readonly reasons: readonly string[];
      readonly refreshBeforeUpdate: boolean;
    },
  ) {
    super(`${code}: ${details}`);
  }
}

const initFailedIn = (error: ServiceError): PluginFailure["initFailed"] => {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  if (!(bytes instanceof Buffer)) return undefined;
  const [detail] = Status.deserializeBinary(bytes).getDetailsList();
  const failed = detail?.unpack(
    (packed) => messages.ErrorResourceInitFailed.deserializeBinary(packed),
    "pulumirpc.ErrorResourceInitFailed",
  );
  if (failed === null || failed === undefined) return undefined;
  return {
    id: failed.getId(),
    properties: plain(failed.getProperties()),
    inputs: plain(failed.getInputs()),
    reasons: failed.getReasonsList(),
    refreshBeforeUpdate: failed.getRefreshBeforeUpdate(),
  };
};

const asFailure = (error: ServiceError) => new PluginFailure(status[error.code], error.details, initFailedIn(error));

type Answered<Response> = (error: ServiceError | null, response: Response) => void;

const settle = <Response>(start: (answered: Answered<Response>) => unknown): Promise<Response> =>
  new Promise((resolve, reject) => {
    start((error, response) => {
      if (error === null) resolve(response);
      else reject(asFailure(error));
    });
  });

const failuresOf = (response: messages.CheckResponse) =>
  response.getFailuresList().map((failure) => ({ path: failure.getProperty(), reason: failure.getReason() }));

const kindNames = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"] as const;
const changesNames = ["unknown", "none", "some"] as const;

const diffOf = (response: messages.DiffResponse) => {
  const detailed: Record<string, { readonly kind: (typeof kindNames)[number]; readonly inputDiff: boolean }> = {};
  response.getDetaileddiffMap().forEach((change, path) => {
    detailed[path] = { kind: kindNames[change.getKind()], inputDiff: change.getInputdiff() };
  });
  return {
    changes: changesNames[response.getChanges()],
    diffs: response.getDiffsList(),
    replaces: response.getReplacesList(),
    stables: response.getStablesList(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
    detailed,
  };
};

export interface DiffArguments {
  readonly urn: string;
  readonly id: string;
  readonly oldInputs?: Properties;
  readonly olds: Properties;
  readonly news: Properties;
  readonly ignoreChanges?: readonly string[];
}

export interface CheckArguments {
  readonly urn: string;
  readonly olds?: Properties;
  readonly news: Properties;
  readonly autoName?: { readonly proposed: string; readonly mode: "propose" | "enforce" | "disable" };
}

const { Mode } = messages.CheckRequest.AutonamingOptions;
const modes = { propose: Mode.PROPOSE, enforce: Mode.ENFORCE, disable: Mode.DISABLE } as const;
const seedBytes = 32;

const checkRequest = ({ urn, olds, news, autoName }: CheckArguments) => {
  const request = new messages.CheckRequest()
    .setUrn(urn)
    .setOlds(struct(olds))
    .setNews(struct(news))
    .setRandomseed(new Uint8Array(seedBytes));
  if (autoName === undefined) return request;
  return request.setAutonaming(
    new messages.CheckRequest.AutonamingOptions().setMode(modes[autoName.mode]).setProposedName(autoName.proposed),
  );
};

const diffRequest = ({ urn, id, oldInputs, olds, news, ignoreChanges }: DiffArguments) =>
  new messages.DiffRequest()
    .setUrn(urn)
    .setId(id)
    .setOldInputs(oldInputs === undefined ? undefined : struct(oldInputs))
    .setOlds(struct(olds))
    .setNews(struct(news))
    .setIgnorechangesList([...(ignoreChanges ?? [])]);

/** The engine's default limit is as large. */
const longestMessageBytes = 400 * 1024 * 1024;

/** The protocol's verbs towards a plugin that listens on `address` (host:port). */
export const connectPlugin = (address: string) => {
  const client = new ResourceProviderClient(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": longestMessageBytes,
    "grpc.max_send_message_length": longestMessageBytes,
    "grpc.max_metadata_size": longestMessageBytes,
  });
  return {
    close: () => client.close(),
    handshake: async (engineAddress = "") => {
      const request = new messages.ProviderHandshakeRequest().setEngineAddress(engineAddress);
      return (await settle((done: Answered<messages.ProviderHandshakeResponse>) => client.handshake(request, done))).toObject();
    },
    attach: (engineAddress: string) => settle((done: Answered<Empty>) => client.attach(new PluginAttach().setAddress(engineAddress), done)),
    version: async () => (await settle((done: Answered<PluginInfo>) => client.getPluginInfo(new Empty(), done))).getVersion(),
    schema: async (version = 0) => {
      const request = new messages.GetSchemaRequest().setVersion(version);
      return (await settle((done: Answered<messages.GetSchemaResponse>) => client.getSchema(request, done))).getSchema();
    },
    checkConfig: async (args: CheckArguments) => {
      const response = await settle((done: Answered<messages.CheckResponse>) => client.checkConfig(checkRequest(args), done));
      return { inputs: plain(response.getInputs()), failures: failuresOf(response) };
    },
    diffConfig: async (args: DiffArguments) =>
      diffOf(await settle((done: Answered<messages.DiffResponse>) => client.diffConfig(diffRequest(args), done))),
    configure: async (settings: Properties) => {
      const request = new messages.ConfigureRequest().setArgs(struct(settings)).setAcceptsecrets(true).setAcceptresources(true);
      return (await settle((done: Answered<messages.ConfigureResponse>) => client.configure(request, done))).toObject();
    },
    check: async (args: CheckArguments) => {
      const response = await settle((done: Answered<messages.CheckResponse>) => client.check(checkRequest(args), done));
      return { inputs: plain(response.getInputs()), failures: failuresOf(response) };
    },
    diff: async (args: DiffArguments) =>
      diffOf(await settle((done: Answered<messages.DiffResponse>) => client.diff(diffRequest(args), done))),
    create: async (args: {
      readonly urn: string;
      readonly inputs: Properties;
      readonly preview?: boolean;
      readonly timeoutSeconds?: number;
      /** The engine hangs up then. */
      readonly signal?: AbortSignal;
    }) => {
      const request = new messages.CreateRequest()
        .setUrn(args.urn)
        .setProperties(struct(args.inputs))
        .setPreview(args.preview ?? false)
        .setTimeout(args.timeoutSeconds ?? 0);
      const response = await settle((done: Answered<messages.CreateResponse>) => {
        const call = client.create(request, done);
        args.signal?.addEventListener("abort", () => call.cancel());
      });
      return {
        id: response.getId(),
        properties: plain(response.getProperties()),
        refreshBeforeUpdate: response.getRefreshBeforeUpdate(),
      };
    },
    read: async (args: { readonly urn: string; readonly id: string; readonly inputs?: Properties; readonly properties?: Properties }) => {
      const request = new messages.ReadRequest()
        .setUrn(args.urn)
        .setId(args.id)
        .setInputs(struct(args.inputs))
        .setProperties(struct(args.properties));
      const response = await settle((done: Answered<messages.ReadResponse>) => client.read(request, done));
      return {
        id: response.getId(),
        properties: plain(response.getProperties()),
        inputs: plain(response.getInputs()),
        refreshBeforeUpdate: response.getRefreshBeforeUpdate(),
      };
    },
    update: async (args: DiffArguments & { readonly preview?: boolean; readonly timeoutSeconds?: number }) => {
      const request = new messages.UpdateRequest()
        .setUrn(args.urn)
        .setId(args.id)
        .setOldInputs(args.oldInputs === undefined ? undefined : struct(args.oldInputs))
        .setOlds(struct(args.olds))
        .setNews(struct(args.news))
        .setIgnorechangesList([...(args.ignoreChanges ?? [])])
        .setPreview(args.preview ?? false)
        .setTimeout(args.timeoutSeconds ?? 0);
      const response = await settle((done: Answered<messages.UpdateResponse>) => client.update(request, done));
      return { properties: plain(response.getProperties()), refreshBeforeUpdate: response.getRefreshBeforeUpdate() };
    },
    delete: async (args: {
      readonly urn: string;
      readonly id: string;
      readonly inputs?: Properties;
      readonly properties: Properties;
      readonly timeoutSeconds?: number;
    }) => {
      const request = new messages.DeleteRequest()
        .setUrn(args.urn)
        .setId(args.id)
        .setOldInputs(args.inputs === undefined ? undefined : struct(args.inputs))
        .setProperties(struct(args.properties))
        .setTimeout(args.timeoutSeconds ?? 0);
      await settle((done: Answered<Empty>) => client.delete(request, done));
    },
    invoke: async (token: string, args: Properties) => {
      const request = new messages.InvokeRequest().setTok(token).setArgs(struct(args));
      const response = await settle((done: Answered<messages.InvokeResponse>) => client.invoke(request, done));
      const failures = response.getFailuresList().map((failure) => ({ path: failure.getProperty(), reason: failure.getReason() }));
      return { values: plain(response.getReturn()), failures };
    },
    cancel: async () => {
      await settle((done: Answered<Empty>) => client.cancel(new Empty(), done));
    },
    getMapping: (key: string) =>
      settle((done: Answered<messages.GetMappingResponse>) => client.getMapping(new messages.GetMappingRequest().setKey(key), done)),
    /** Resolves when the plugin answers on its port. */
    ready: (timeoutMs: number) =>
      new Promise<void>((resolve, reject) =>
        client.waitForReady(Date.now() + timeoutMs, (error) => {
          if (error === undefined) resolve();
          else reject(error);
        }),
      ),
  };
};

export type PluginClient = ReturnType<typeof connectPlugin>;

export interface StartedPlugin {
  readonly client: PluginClient;
  readonly port: number;
  readonly pid: number;
  /** Everything on stdout and stderr so far. */
  readonly printed: () => { readonly stdout: readonly string[]; readonly stderr: string };
  /** Ends it as the engine does; resolves with its exit code, null when a signal ended it. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

const exitOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once("exit", resolve);
  });

/** Starts a plugin: `command` is its executable and arguments, as the engine would call it. */
export const startPlugin = async (
  command: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>> = {},
): Promise<StartedPlugin> => {
  const [executable, ...args] = command;
  const child = spawn(executable, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const stdout: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on("line", (line) => {
      if (stdout.push(line) === 1) resolve(Number(line));
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`The plugin ended with code ${code} before it printed its port: ${stderr}`)));
  });
  const client = connectPlugin(`127.0.0.1:${port}`);
  return {
    client,
    port,
    pid: child.pid ?? 0,
    printed: () => ({ stdout, stderr }),
    stop: (signal = "SIGTERM") => {
      client.close();
      child.kill(signal);
      return exitOf(child);
    },
  };
};
