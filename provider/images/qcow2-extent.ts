// An open qcow2 file -> where its last used cluster begins, by its own reference counts: a file that ends before that was cut off.
// Layout: https://gitlab.com/qemu-project/qemu/-/blob/v7.2.0/docs/interop/qcow2.txt
import type { FileHandle } from "node:fs/promises";
import type { Qcow2Layout } from "../plan/image-header";
import { readFully } from "./read-fully";

const entryBytes = 8;
/** The low bits of a table's entry are reserved. */
const offsetMask = ~0x1ffn;
/** QEMU's own limit of the table of reference counts: 8 MiB. */
const mostTableBytes = 8 * 1024 * 1024;

/** The last entry that is not zero: its place in the table, and what it says. */
function lastEntry(table: Buffer): { readonly index: number; readonly offset: number } | undefined {
  for (let index = Math.floor(table.length / entryBytes) - 1; index >= 0; index -= 1) {
    const offset = table.readBigUInt64BE(index * entryBytes) & offsetMask;
    if (offset !== 0n) return { index, offset: Number(offset) };
  }
  return undefined;
}

/**
 * In bytes from the file's start; at least the block of reference counts itself. A counter that is smaller than a byte shares one with its neighbours: then the
 * first cluster of that byte is answered, so that the answer is never too high.
 */
export async function lastUsedOffset(file: FileHandle, layout: Qcow2Layout): Promise<number> {
  const clusterBytes = 2 ** layout.clusterBits;
  const tableBytes = Math.min(layout.refcountTableClusters * clusterBytes, mostTableBytes);
  const last = lastEntry(await readFully(file, layout.refcountTableOffset, tableBytes));
  if (last === undefined) return layout.refcountTableOffset;
  const block = await readFully(file, last.offset, clusterBytes);
  let lastByte = block.length - 1;
  while (lastByte >= 0 && block[lastByte] === 0) lastByte -= 1;
  if (lastByte < 0) return last.offset;
  const bitsPerCounter = 2 ** layout.refcountOrder;
  const countersPerBlock = (clusterBytes * 8) / bitsPerCounter;
  const counter = Math.floor((lastByte * 8) / bitsPerCounter);
  return Math.max(last.offset, (last.index * countersPerBlock + counter) * clusterBytes);
}
