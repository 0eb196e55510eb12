// Facts of a backing chain as one answer: QEMU opens every element with the disk's mode, so every element must allow direct I/O.
import type { StorageFacts } from "./facts";

export type Chain = readonly [StorageFacts, ...StorageFacts[]];

/** The chain's answer and the element that gives it: a "no" anywhere is a no, else an "unknown" anywhere is an unknown. */
export interface ChainDirectIo {
  readonly answer: StorageFacts["directIo"];
  readonly by: StorageFacts;
}

export function chainDirectIo(chain: Chain): ChainDirectIo {
  for (const answer of ["no", "unknown"] as const) {
    const by = chain.find((element) => element.directIo === answer);
    if (by !== undefined) return { answer, by };
  }
  return { answer: "yes", by: chain[0] };
}
