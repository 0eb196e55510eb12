// Messages to the user: to the engine's log service, where they show under their resource; to stderr where there is no engine.
import { credentials, Metadata } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import type { ResourceLog } from "../resources/resource";
import type { Redact } from "./redact";

const severities = {
  debug: LogSeverity.DEBUG,
  info: LogSeverity.INFO,
  warning: LogSeverity.WARNING,
  error: LogSeverity.ERROR,
} as const;

export interface LogEntry {
  readonly severity: keyof typeof severities;
  readonly message: string;
  /** The resource it is about; none: the whole run. */
  readonly urn?: string | undefined;
  /** The status line of long work: replaced by the next one. */
  readonly ephemeral?: boolean | undefined;
}

export interface EngineLog {
  write(entry: LogEntry): void;
  /** Resolves when everything written so far is with the engine: an answer that overtakes its warnings would hide them. */
  flush(): Promise<void>;
  close(): void;
}

/** An engine that does not take a message in this time is not listening. */
const sendTimeoutMs = 3000;

const writeToStderr = ({ severity, message, urn }: LogEntry) => {
  process.stderr.write(`${severity}: ${urn === undefined ? "" : `${urn}: `}${message}\n`);
};

/** Where there is no engine: a person runs the plugin by hand. */
export const stderrLog: EngineLog = {
  write: writeToStderr,
  flush: () => Promise.resolve(),
  close: () => undefined,
};

const requestOf = ({ severity, message, urn, ephemeral }: LogEntry) =>
  new LogRequest()
    .setSeverity(severities[severity])
    .setMessage(message)
    .setUrn(urn ?? "")
    .setEphemeral(ephemeral ?? false);

/** `address`: host:port of the engine. Connects with the first message; one after another, in order. */
export const connectEngineLog = (address: string): EngineLog => {
  let client: EngineClient | undefined;
  let sent = Promise.resolve();
  let isListening = true;

  const send = (entry: LogEntry) =>
    new Promise<void>((resolve) => {
      if (!isListening) {
        writeToStderr(entry);
        resolve();
        return;
      }
      client ??= new EngineClient(address, credentials.createInsecure());
      client.log(requestOf(entry), new Metadata(), { deadline: Date.now() + sendTimeoutMs }, (error) => {
        if (error !== null) {
          isListening = false;
          writeToStderr(entry);
        }
        resolve();
      });
    });

  return {
    write: (entry) => {
      sent = sent.then(() => send(entry));
    },
    flush: () => sent,
    close: () => client?.close(),
  };
};

/** What a resource sees of the log. */
export const resourceLog = (log: EngineLog, urn: string, redact: Redact): ResourceLog => ({
  info: (message) => log.write({ severity: "info", message: redact(message), urn }),
  warn: (message) => log.write({ severity: "warning", message: redact(message), urn }),
  status: (message) => log.write({ severity: "info", message: redact(message), urn, ephemeral: true }),
});
