// getHost: what a host is and what its storage can do, without a resource.
import { z } from "zod";
import { hostFacts } from "../common-contract";
import { asValues } from "../values";
import { defineFunction } from "./define-function";

export const getHost = defineFunction({
  token: "kvm:index:getHost",
  description:
    "What the host is and what each of its storage pools can do: the facts of `HostDefaults`, without a policy. It changes nothing, so that of storage of which only a probe can tell it says `unknown`.",
  inputs: z.strictObject({}),
  outputs: z.strictObject({
    hostname: z.string().describe("The host's name."),
    uri: z.string().describe("libvirt's URI by which it was reached."),
    facts: hostFacts.describe("The facts."),
  }),
  run: async (_args, { services: { libvirt, host }, signal }) => {
    const [{ hostname }, observed] = await Promise.all([
      libvirt.identify({ signal }),
      host.observeHost({ depth: "look", withoutProbe: "unknown", signal }),
    ]);
    return { hostname, uri: libvirt.uri, facts: asValues("facts" in observed ? observed.facts : {}) };
  },
});
