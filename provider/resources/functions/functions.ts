// All functions by token: what rpc serves and schema.json is made from.
import type { FunctionDefinition } from "../resource";
import { getHost } from "./get-host";
import { getPool } from "./get-pool";
import { getVirtualMachine } from "./get-virtual-machine";
import { getVolume } from "./get-volume";

export const functions: Readonly<Record<string, FunctionDefinition>> = Object.fromEntries(
  [getHost, getPool, getVirtualMachine, getVolume].map((definition) => [definition.token, definition]),
);
