// The base class of every resource of the dynamic door: takes what the generated SDK would register with the plugin, and registers a dynamic resource.
import { createUrn, dynamic, runtime, type CustomResourceOptions, type Inputs } from "@pulumi/pulumi";
import { memoKey, type Memo } from "./memo";
import { stubOf } from "./stub";

/** kvm:index:VirtualMachine is pulumi-nodejs:dynamic/kvm:VirtualMachine in the state. */
const module = "kvm";

/** One stub a type: Pulumi serialises an object once. */
const stubs = new Map<string, dynamic.ResourceProvider>();

const stubFor = (token: string) => {
  const stub = stubs.get(token) ?? stubOf(token);
  stubs.set(token, stub);
  return stub;
};

export abstract class DynamicResource extends dynamic.Resource {
  constructor(token: string, name: string, props: Inputs, options: CustomResourceOptions = {}) {
    const type = token.slice(token.lastIndexOf(":") + 1);
    const opts = { ...options };
    // They name the plugin; the engine would look for Pulumi's dynamic provider in that version.
    delete opts.version;
    delete opts.pluginDownloadURL;
    const memo: Record<keyof Pick<Memo, "urn" | "preview">, unknown> = {
      urn: createUrn(name, `pulumi-nodejs:dynamic/${module}:${type}`, opts.parent),
      preview: runtime.isDryRun(),
    };
    super(stubFor(token), name, { ...props, [memoKey]: memo }, opts, module, type);
    // What isInstance of the generated classes looks at.
    Object.assign(this, { __pulumiType: token });
  }
}
