// The entry point of what runs inside Pulumi's dynamic provider, and of functions inside the program: the second front door over the real parts.
import { realParts } from "./compose";
import { createDynamicRuntime } from "./dynamic/dynamic-runtime";
import { engineAddressIn } from "./rpc/run-plugin";

/**
 * `resource(token)` answers a dynamic resource's verbs, `invoke` a function's call. The stubs that stacks hold in their states call this (dynamic/stub.ts):
 * it stays as it is, or what an older version made could no longer be read, updated or destroyed.
 */
export const { resource, invoke } = createDynamicRuntime(realParts, {
  environment: process.env,
  // Pulumi starts its dynamic provider as it starts every plugin: with the engine's address, where messages go, as the last argument.
  engineAddress: engineAddressIn(process.argv),
});
