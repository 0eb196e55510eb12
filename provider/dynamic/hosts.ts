// The hosts that one process of Pulumi's dynamic provider speaks with: a session of the wire for each, as the plugin has one.
import { ConfigureRequest } from "@pulumi/pulumi/proto/provider_pb";
import type { Values } from "../resources/resource";
import { checkConfig } from "../rpc/config";
import { configure } from "../rpc/provider-verbs";
import { createSession, type PluginParts, type Session } from "../rpc/session";
import { encode } from "../rpc/values";

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where messages to the user go; undefined: to stderr. */
  readonly engineAddress: string | undefined;
}

export interface Hosts {
  /** The stack's `kvm:uri` and `kvm:timeout`. */
  use(settings: Values): void;
  /** The host of a resource that does not say one: of the stack's configuration, else of the environment, as for the plugin. */
  defaultUri(): string;
  sessionFor(uri: string): Promise<Session>;
}

/** No engine hangs up inside our own process. */
export const neverHangsUp = (): AbortSignal => new AbortController().signal;

export const createHosts = (parts: PluginParts, { environment, engineAddress }: Surroundings): Hosts => {
  const sessions = new Map<string, Promise<Session>>();
  let settings: Values = {};

  const open = async (uri: string) => {
    const session = createSession({ ...parts, environment }, engineAddress);
    await configure(new ConfigureRequest().setArgs(encode({ ...settings, uri })), session, neverHangsUp());
    return session;
  };

  return {
    use: (next) => {
      settings = next;
    },
    defaultUri: () => {
      const { uri } = checkConfig(settings, environment).inputs;
      return typeof uri === "string" ? uri : "";
    },
    sessionFor: (uri) => {
      const session = sessions.get(uri) ?? open(uri);
      sessions.set(uri, session);
      return session;
    },
  };
};
