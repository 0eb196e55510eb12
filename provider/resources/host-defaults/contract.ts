// The documented contract of HostDefaults: the source of its schema, its docs and its types.
import { z } from "zod";
import { cacheMode, hostSettings, ioMode, policyFields } from "../common-contract";

export const description =
  "The host-wide policy for virtual disks (cache mode and its neighbours) and other VM defaults, together with the facts: what each storage of the host can really do. " +
  "It changes nothing on the host. Hand its `settings` to every VirtualMachine on the host.";

export const inputs = z.strictObject(policyFields);

const poolDefault = z
  .strictObject({
    cache: cacheMode.optional().describe("The cache mode a new disk in the pool gets; absent where the policy refuses it."),
    io: ioMode.optional().describe("The I/O mode a new disk in the pool gets."),
    reason: z.string().describe("Why, in a sentence."),
  })
  .describe("The default that follows from policy and facts for a new disk in a pool.")
  .meta({ id: "PoolDefault" });

export const outputs = z.strictObject({
  settings: hostSettings.describe("Policy and facts, by value: the `host` of VirtualMachines."),
  poolDefaults: z.record(z.string(), poolDefault).describe("What a new disk in each pool gets, and why, by pool name."),
});

export type HostDefaultsOutputs = z.infer<typeof outputs>;
