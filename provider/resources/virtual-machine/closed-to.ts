// Facts of a backing chain -> which element QEMU's user cannot get to, and the way out. Pure.
import type { StorageFacts } from "../../plan/facts";

/** A sentence to follow "and"; undefined: QEMU may pass every folder, or nobody can tell. */
export function closedTo(chain: readonly StorageFacts[]): string | undefined {
  const closed = chain.find(({ impassable }) => impassable !== undefined);
  return (
    closed &&
    `QEMU cannot open ${closed.path}: ${closed.impassable}. Let others pass that folder (\`chmod o+x\`), or put the file elsewhere.`
  );
}
