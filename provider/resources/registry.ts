// All resources by token: what rpc serves and schema.json is made from.
import { hostDefaults } from "./host-defaults/host-defaults";
import { image } from "./image/image";
import { network } from "./network/network";
import type { ResourceDefinition } from "./resource";
import { storagePool } from "./storage-pool/storage-pool";
import { virtualMachine } from "./virtual-machine/virtual-machine";
import { volume } from "./volume/volume";

export const registry: Readonly<Record<string, ResourceDefinition>> = Object.fromEntries(
  [hostDefaults, image, network, storagePool, virtualMachine, volume].map((definition) => [definition.token, definition]),
);
