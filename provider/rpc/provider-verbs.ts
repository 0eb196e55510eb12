// The verbs about the provider itself: Handshake, schema and version, its configuration, Invoke, Attach, Cancel.
import { status } from "@grpc/grpc-js";
import { PluginInfo, type PluginAttach } from "@pulumi/pulumi/proto/plugin_pb";
import {
  CheckResponse,
  ConfigureResponse,
  GetSchemaResponse,
  ProviderHandshakeResponse,
  type CheckRequest,
  type ConfigureRequest,
  type DiffRequest,
  type DiffResponse,
  type GetSchemaRequest,
  InvokeResponse,
  type InvokeRequest,
  type ProviderHandshakeRequest,
} from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { BugError, RefusedError } from "../errors";
import type { Values } from "../resources/resource";
import type * as ConfigVerbs from "./config";
import { diffResponse } from "./diff-response";
import { toFailure, WireError } from "./failures";
import { formatPath } from "./paths";
import { unknownPlaces } from "./plain-values";
import { redactor } from "./redact";
import { checkFailures, type Verb } from "./resource-verbs";
import { carrySecrets, secretStrings, type Marked } from "./secrets";
import { decode, decodeOrRefuse, encode } from "./values";

/** zod takes longer to load than all the rest of the wire: only the verbs that need it wait for it. Under CommonJS, import() has another resolution. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const configVerbs = () => require("./config") as typeof ConfigVerbs;

export const handshake: Verb<ProviderHandshakeRequest, ProviderHandshakeResponse> = (request, session) => {
  session.attach(request.getEngineAddress());
  return new ProviderHandshakeResponse()
    .setAcceptSecrets(true)
    .setAcceptResources(true)
    .setAcceptOutputs(true)
    .setSupportsAutonamingConfiguration(true);
};

export const attach: Verb<PluginAttach, Empty> = (request, session) => {
  session.attach(request.getAddress());
  return new Empty();
};

export const getPluginInfo: Verb<Empty, PluginInfo> = (_request, { parts }) => new PluginInfo().setVersion(parts.version);

const schemaVersion = 0;

export const getSchema: Verb<GetSchemaRequest, GetSchemaResponse> = (request, { parts }) => {
  if (request.getVersion() !== schemaVersion) {
    throw new WireError(
      status.INVALID_ARGUMENT,
      `The kvm provider has no schema of format version ${request.getVersion()}: only ${schemaVersion}.`,
    );
  }
  const schema = parts.loadSchema?.() ?? "";
  if (!schema.includes('"name"')) throw new BugError("The plugin was built without its schema.");
  return new GetSchemaResponse().setSchema(schema);
};

export const checkConfig: Verb<CheckRequest, CheckResponse> = (request, { environment }) => {
  const { values, secrets, problems: undecodable } = decode(request.getNews());
  const redact = redactor(secretStrings({ values, secrets }));
  if (undecodable.length > 0) return new CheckResponse().setFailuresList(checkFailures(undecodable, redact));
  const { inputs, problems } = configVerbs().checkConfig(values, environment);
  return new CheckResponse().setInputs(encode(inputs, secrets)).setFailuresList(checkFailures(problems, redact));
};

export const diffConfig: Verb<DiffRequest, DiffResponse> = (request, { environment }) => {
  const olds = decodeOrRefuse(request.hasOldInputs() ? request.getOldInputs() : request.getOlds());
  const news = decodeOrRefuse(request.getNews());
  return diffResponse(configVerbs().diffConfig(olds.values, news.values, environment), request.getIgnorechangesList());
};

/** Engines before 3.0 send the settings only as kvm:config:uri texts. */
const settingsOf = (request: ConfigureRequest): Marked => {
  if (request.hasArgs()) return decodeOrRefuse(request.getArgs());
  const values: Values = Object.fromEntries(
    request
      .getVariablesMap()
      .getEntryList()
      .map(([name, value]) => [name.slice(name.lastIndexOf(":") + 1), value]),
  );
  return { values, secrets: [] };
};

export const configure: Verb<ConfigureRequest, ConfigureResponse> = (request, session) => {
  const settings = settingsOf(request);
  const resolved = configVerbs().resolveConfig(settings.values, session.environment);
  if (resolved !== "unknown" && "problems" in resolved) {
    const redact = redactor(secretStrings(settings));
    throw new RefusedError(resolved.problems.map(({ path, reason }) => ({ path: `kvm:${path}`, reason: redact(reason) })));
  }
  session.configure(
    resolved === "unknown" ? "unknown" : { services: session.parts.makeServices(resolved.config), secrets: secretStrings(settings) },
  );
  return new ConfigureResponse()
    .setAcceptsecrets(true)
    .setAcceptresources(true)
    .setAcceptoutputs(true)
    .setSupportspreview(true)
    .setSupportsAutonamingConfiguration(true);
};

/** A function changes nothing, and so has no preview: what it needs must be known. */
export const invoke: Verb<InvokeRequest, InvokeResponse> = async (request, session, hangup) => {
  const token = request.getTok();
  const args = decodeOrRefuse(request.getArgs());
  const unknowns = unknownPlaces(args.values).map(formatPath);
  if (unknowns.length > 0) {
    throw new WireError(status.INVALID_ARGUMENT, `${token} needs known arguments, but these are not known yet: ${unknowns.join(", ")}.`);
  }
  const definition = session.functionOf(token);
  const host = session.configured();
  if (host === "unknown") {
    throw new WireError(status.FAILED_PRECONDITION, `${token} cannot ask a host while the provider's configuration is not known yet.`);
  }
  const redact = redactor([...host.secrets, ...secretStrings(args)]);
  try {
    const { services } = host;
    const answer = await session.running.run({ context: { doing: "calling", what: token }, hangup }, (signal) =>
      definition.run(args.values, { services, signal }),
    );
    return new InvokeResponse().setReturn(encode(answer, carrySecrets(args, answer)));
  } catch (error) {
    if (error instanceof RefusedError) return new InvokeResponse().setFailuresList(checkFailures(error.problems, redact));
    throw toFailure(error, redact).error;
  }
};

export const cancel: Verb<Empty, Empty> = (_request, { running }) => {
  running.cancelAll();
  return new Empty();
};
