// What the generated SDK is given in the place of @pulumi/pulumi (tools/build.mjs): with it, its classes are dynamic resources and its functions run here.
import { Config, mergeOptions, output, secret, type Inputs } from "@pulumi/pulumi";
import type { DynamicRuntime } from "./dynamic-runtime";

export { Config, mergeOptions, output, secret };
export { DynamicResource as CustomResource } from "./dynamic-resource";

/** The base class of `kvm.Provider`, which dynamic resources do not have. */
export const ProviderResource = function refuseProvider(_package: string, name: string): never {
  throw new Error(
    `kvm.Provider "${name}": pulumi-kvm-provider/dynamic has no explicit providers. Set the host for the whole stack (pulumi config set kvm:uri …), ` +
      "or import the resources from pulumi-kvm, which uses the plugin.",
  );
};

/** The settings that the plugin would be configured with. */
const settings = (): Record<string, string> => {
  const config = new Config("kvm");
  const given = { uri: config.get("uri"), timeout: config.get("timeout") };
  return Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
};

const call = (token: string, args: Readonly<Record<string, unknown>>) =>
  // Loaded with the first call: the program has no other use of it.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  (require("pulumi-kvm-provider/dynamic-runtime") as DynamicRuntime).invoke(token, withoutAbsent(args), settings());

const withoutAbsent = (args: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));

const notRegistered = () => undefined;

export const runtime = {
  invoke: call,
  /** Known once its arguments are, and secret when one of them is. */
  invokeOutput: (token: string, args: Inputs) => output(args).apply((known) => call(token, known)),
  // The types and the package that the plugin serves; dynamic resources are none of them.
  registerResourceModule: notRegistered,
  registerResourcePackage: notRegistered,
};
