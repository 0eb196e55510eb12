// Volume: contract and lifecycle together, as the registry holds them.
import type { ResourceDefinition } from "../resource";
import { check } from "./check";
import { description, inputs, outputs } from "./contract";
import { create } from "./create";
import { diff } from "./diff";
import { read } from "./read";
import { remove } from "./remove";
import { update } from "./update";

export const volume: ResourceDefinition = {
  token: "kvm:index:Volume",
  description,
  inputs,
  outputs,
  derivedFrom: { path: ["pool", "name"], key: ["pool", "name"], capacity: ["size"] },
  lifecycle: { check, diff: (request, call) => Promise.resolve(diff(request, call)), create, read, update, remove },
};
