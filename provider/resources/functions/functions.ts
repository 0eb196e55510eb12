// All functions by token: what rpc serves and schema.json is made from.
import type { FunctionDefinition } from "../resource";
import { getAddresses } from "./get-addresses";
import { getHost } from "./get-host";
import { getNetwork } from "./get-network";
import { getPool } from "./get-pool";
import { getVirtualMachine } from "./get-virtual-machine";
import { getVolume } from "./get-volume";

export const functions: Readonly<Record<string, FunctionDefinition>> = Object.fromEntries(
  [getAddresses, getHost, getNetwork, getPool, getVirtualMachine, getVolume].map((definition) => [definition.token, definition]),
);
