// Whether disks that are to grow can: told at preview, before anything is touched.
import type { Problem } from "../../errors";
import { parsePool } from "../../xml/pool-xml";
import { ungrowableReason } from "../grow-volume";
import { propertyPath } from "../property-path";
import type { Call } from "../resource";
import { sizeBytes } from "../values";
import type { CheckedInputs } from "./contract";

/** A disk whose volume is the same and whose size is larger than last time. */
function grownDisks({ disks = {} }: CheckedInputs, before: CheckedInputs | undefined) {
  return Object.entries(disks).flatMap(([key, { pool, volume, size }]) => {
    const old = before?.disks?.[key];
    const [now, was] = [sizeBytes(size), sizeBytes(old?.size)];
    const isSame = pool !== undefined && pool === old?.pool && volume === old.volume;
    return isSame && now !== undefined && was !== undefined && now > was ? [{ key, pool, bytes: now }] : [];
  });
}

export async function growthProblems(
  inputs: CheckedInputs,
  before: CheckedInputs | undefined,
  { services: { libvirt }, signal }: Call,
): Promise<Problem[]> {
  const looked = await Promise.all(
    grownDisks(inputs, before).map(async ({ key, pool, bytes }): Promise<readonly Problem[]> => {
      const record = await libvirt.findPool(pool, { signal });
      const reason = record && ungrowableReason({ name: pool, type: parsePool(record.xml).type }, bytes);
      return reason === undefined ? [] : [{ path: propertyPath(["disks", key, "size"]), reason }];
    }),
  );
  return looked.flat();
}
