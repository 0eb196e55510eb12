// VirtualMachine: contract and lifecycle together, as the registry holds them.
import type { ResourceDefinition } from "../resource";
import { check } from "./check";
import { description, inputs, outputs } from "./contract";
import { create } from "./create";
import { diff } from "./diff";
import { read } from "./read";
import { remove } from "./remove";
import { update } from "./update";

export const virtualMachine: ResourceDefinition = {
  token: "kvm:index:VirtualMachine",
  description,
  inputs,
  outputs,
  derivedFrom: {
    effectiveDisks: ["disks"],
    runningDisks: ["disks"],
    macAddresses: ["networks"],
    pendingChanges: ["disks", "networks", "directBoot", "serial"],
    volumes: ["disks", "name"],
  },
  lifecycle: { check, diff: (request) => Promise.resolve(diff(request)), create, read, update, remove },
};
