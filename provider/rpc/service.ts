// The ResourceProvider service: one table of verbs, and the one place where a verb meets gRPC.
import { Server, ServerCredentials, type handleUnaryCall, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { ResourceProviderService, type IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { toFailure } from "./failures";
import * as provider from "./provider-verbs";
import * as resource from "./resource-verbs";
import type { Verb } from "./resource-verbs";
import type { Session } from "./session";

/** The service's methods with one request and one answer, by name. */
type Methods = {
  [Name in keyof IResourceProviderServer as string extends Name ? never : Name]: IResourceProviderServer[Name] extends handleUnaryCall<
    infer Request,
    infer Response
  >
    ? Verb<Request, Response>
    : never;
};

/** The methods that grpc-js answers with UNIMPLEMENTED: the engine then knows that this provider has no such thing. */
type Absent = "parameterize" | "call" | "construct" | "list" | "getMapping" | "getMappings";

const verbs = {
  handshake: provider.handshake,
  attach: provider.attach,
  getPluginInfo: provider.getPluginInfo,
  getSchema: provider.getSchema,
  checkConfig: provider.checkConfig,
  diffConfig: provider.diffConfig,
  configure: provider.configure,
  check: resource.check,
  diff: resource.diff,
  create: resource.create,
  read: resource.read,
  update: resource.update,
  delete: resource.remove,
  invoke: provider.invoke,
  cancel: provider.cancel,
} as const satisfies Omit<Methods, Absent>;

const unredacted = (text: string) => text;

const answer = async <Request, Response>(
  verb: Verb<Request, Response>,
  session: Session,
  call: ServerUnaryCall<Request, Response>,
  callback: sendUnaryData<Response>,
) => {
  const hangup = new AbortController();
  call.on("cancelled", () => hangup.abort());
  try {
    callback(null, await verb(call.request, session, hangup.signal));
  } catch (error) {
    // What a resource threw has come through callResource, where its secrets are known; here are our own words about the request.
    const failure = toFailure(error, unredacted);
    if (failure.bug !== undefined) session.log().write({ severity: "debug", message: failure.bug });
    callback(failure.error);
  }
};

const handlerOf =
  <Request, Response>(verb: Verb<Request, Response>, session: Session): handleUnaryCall<Request, Response> =>
  (call, callback) =>
    void answer(verb, session, call, callback);

/** A stack's state can be large; the engine's own limit is the same. */
const longestMessageBytes = 400 * 1024 * 1024;

export interface RunningServer {
  readonly port: number;
  /** Takes no more calls; resolves when every answer is written. */
  finish(): Promise<void>;
}

/** Serves on a free port of the loopback address. */
export const serve = (session: Session): Promise<RunningServer> => {
  const server = new Server({
    "grpc.max_receive_message_length": longestMessageBytes,
    "grpc.max_send_message_length": longestMessageBytes,
  });
  server.addService(
    ResourceProviderService,
    Object.fromEntries(Object.entries(verbs).map(([name, verb]) => [name, handlerOf(verb as Verb<unknown, unknown>, session)])),
  );
  return new Promise((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error !== null) reject(error);
      else resolve({ port, finish: () => new Promise((finished) => server.tryShutdown(() => finished())) });
    }),
  );
};
