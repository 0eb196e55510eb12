// Network: contract and lifecycle together, as the registry holds them.
import type { ResourceDefinition } from "../resource";
import { check } from "./check";
import { description, inputs, outputs } from "./contract";
import { create } from "./create";
import { diff } from "./diff";
import { read } from "./read";
import { remove } from "./remove";
import { update } from "./update";

export const network: ResourceDefinition = {
  token: "kvm:index:Network",
  description,
  inputs,
  outputs,
  derivedFrom: { uuid: [], bridge: ["bridge"], pendingChanges: [] },
  lifecycle: {
    check: (request) => Promise.resolve(check(request)),
    diff: (request, call) => Promise.resolve(diff(request, call)),
    create,
    read,
    update,
    remove,
  },
};
