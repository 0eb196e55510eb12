// What libvirt holds of a pool -> the outputs of a StoragePool. Pure.
import type { PoolRecord } from "../../libvirt/port";
import { formatSize } from "../../plan/size";
import { parsePool } from "../../xml/pool-xml";
import type { Values } from "../resource";
import { asValues } from "../values";
import type { CheckedInputs, PoolOutputs } from "./contract";

export function outputsOf({ uuid, xml, active, capacityBytes }: PoolRecord): PoolOutputs {
  const { path } = parsePool(xml);
  const hasSize = active && capacityBytes > 0;
  return { uuid, ...(path === undefined ? {} : { path }), ...(hasSize ? { capacity: formatSize(capacityBytes) } : {}) };
}

/** The whole state: what was asked, and what came of it. */
export const stateOf = (inputs: CheckedInputs, record: PoolRecord): Values => ({ ...asValues(inputs), ...asValues(outputsOf(record)) });
