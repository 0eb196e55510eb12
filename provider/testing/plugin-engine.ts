// The engine's side of the log service, for tests: keeps what a plugin told the user.
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";

const severities = ["debug", "info", "warning", "error"] as const;

export interface LoggedMessage {
  readonly severity: (typeof severities)[number];
  readonly message: string;
  readonly urn: string;
  readonly ephemeral: boolean;
}

export interface LogEngine {
  /** host:port: the argument that a plugin is started with. */
  readonly address: string;
  readonly messages: LoggedMessage[];
  close(): void;
}

export const startLogEngine = (): Promise<LogEngine> => {
  const messages: LoggedMessage[] = [];
  const server = new Server();
  server.addService(EngineService, {
    log: ({ request }: ServerUnaryCall<LogRequest, Empty>, answer: sendUnaryData<Empty>) => {
      messages.push({
        severity: severities[request.getSeverity()],
        message: request.getMessage(),
        urn: request.getUrn(),
        ephemeral: request.getEphemeral(),
      });
      answer(null, new Empty());
    },
  });
  return new Promise((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error !== null) reject(error);
      else resolve({ address: `127.0.0.1:${port}`, messages, close: () => server.forceShutdown() });
    }),
  );
};
