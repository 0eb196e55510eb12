// The second front door as a whole: each resource's methods, made once a process, and functions as plain calls.
import { InvokeRequest } from "@pulumi/pulumi/proto/provider_pb";
import { RefusedError } from "../errors";
import { invoke as invokeVerb } from "../rpc/provider-verbs";
import type { PluginParts } from "../rpc/session";
import { bagOf, structOf, type Bag } from "./hidden-properties";
import { createHosts, neverHangsUp, type Surroundings } from "./hosts";
import { createResourceProvider, type ResourceProvider } from "./resource-provider";

export interface DynamicRuntime {
  /** The methods of a resource: "kvm:index:VirtualMachine". */
  readonly resource: (token: string) => ResourceProvider;
  /** Calls a function ("kvm:index:getHost") from inside a program. `settings`: the stack's `uri` and `timeout`. Throws what is wrong. */
  readonly invoke: (token: string, args: Bag, settings: Readonly<Record<string, string>>) => Promise<Bag>;
}

export const createDynamicRuntime = (parts: PluginParts, surroundings: Surroundings): DynamicRuntime => {
  const hosts = createHosts(parts, surroundings);
  const resources = new Map<string, ResourceProvider>();
  return {
    resource: (token) => {
      const provider = resources.get(token) ?? createResourceProvider(token, hosts);
      resources.set(token, provider);
      return provider;
    },
    invoke: async (token, args, settings) => {
      const host = createHosts(parts, surroundings);
      host.use(settings);
      const session = await host.sessionFor(host.defaultUri());
      try {
        const response = await invokeVerb(new InvokeRequest().setTok(token).setArgs(structOf(args)), session, neverHangsUp());
        const problems = response.getFailuresList().map((failure) => ({ path: failure.getProperty(), reason: failure.getReason() }));
        if (problems.length > 0) throw new RefusedError(problems);
        return bagOf(response.getReturn());
      } finally {
        // An open connection would keep the program from ending.
        await session.close();
      }
    },
  };
};
