// What Pulumi serialises into the state with every dynamic resource: a few lines that load this package when they run, wherever that is.
import type { dynamic } from "@pulumi/pulumi";
import type { DynamicRuntime } from "./dynamic-runtime";
import type { Bag } from "./hidden-properties";

/*
 * Pulumi serialises a function with all that it refers to. These refer to the token and to `require`, and so hold no code of ours that could age, no
 * path, no setting and no secret. The package is found from the project's folder, where Pulumi runs its dynamic provider. Nothing here may be
 * shortened into a helper: a helper would be serialised too.
 */
/* eslint-disable @typescript-eslint/no-require-imports */
export const stubOf = (token: string): dynamic.ResourceProvider<Bag, Bag> => ({
  configure: (request) => (require("pulumi-kvm-provider/dynamic-runtime") as DynamicRuntime).resource(token).configure(request),
  check: (olds, news) => (require("pulumi-kvm-provider/dynamic-runtime") as DynamicRuntime).resource(token).check(olds, news),
  diff: (id, olds, news) => (require("pulumi-kvm-provider/dynamic-runtime") as DynamicRuntime).resource(token).diff(id, olds, news),
  create: (inputs) => (require("pulumi-kvm-provider/dynamic-runtime") as DynamicRuntime).resource(token).create(inputs),
  read: (id, props) => (require("pulumi-kvm-provider/dynamic-runtime") as DynamicRuntime).resource(token).read(id, props),
  update: (id, olds, news) => (require("pulumi-kvm-provider/dynamic-runtime") as DynamicRuntime).resource(token).update(id, olds, news),
  delete: (id, props) => (require("pulumi-kvm-provider/dynamic-runtime") as DynamicRuntime).resource(token).delete(id, props),
});
