// Image: contract and lifecycle together, as the registry holds them.
import type { ResourceDefinition } from "../resource";
import { check } from "./check";
import { description, inputs, outputs } from "./contract";
import { create } from "./create";
import { diff } from "./diff";
import { read } from "./read";
import { remove } from "./remove";
import { update } from "./update";

export const image: ResourceDefinition = {
  token: "kvm:index:Image",
  description,
  inputs,
  outputs,
  derivedFrom: { path: ["name", "pool"], volume: ["name"], capacity: [], fileSize: [], sha256: [] },
  lifecycle: { check, diff: (request) => Promise.resolve(diff(request)), create, read, update, remove },
};
