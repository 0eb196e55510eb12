// StoragePool: contract and lifecycle together, as the registry holds them.
import type { ResourceDefinition } from "../resource";
import { check } from "./check";
import { description, inputs, outputs } from "./contract";
import { create } from "./create";
import { diff } from "./diff";
import { read } from "./read";
import { remove } from "./remove";
import { update } from "./update";

export const storagePool: ResourceDefinition = {
  token: "kvm:index:StoragePool",
  description,
  inputs,
  outputs,
  derivedFrom: { uuid: [], path: [], capacity: [] },
  lifecycle: {
    check: (request, call) => Promise.resolve(check(request, call)),
    diff: (request, call) => Promise.resolve(diff(request, call)),
    create,
    read,
    update,
    remove,
  },
};
