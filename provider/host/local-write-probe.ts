// One folder of this machine -> whether its file system takes O_DIRECT: an aligned 4 KiB write to a file that never gets a name.
import { constants, promises as fs } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";

/** `notPermitted`: this user may not make a file there, or it is no folder here: nothing is known. `unsupported`: the file system knows no nameless files. */
export type LocalProbe =
  | { readonly directIo: "yes" | "no" | "unknown"; readonly why: string }
  | { readonly notTried: "notPermitted" | "unsupported"; readonly why: string };

/** The largest block that O_DIRECT is known to ask alignment for on disks of today. */
const blockBytes = 4096;
const probeMode = 0o600;

// Node's own constants leave O_TMPFILE out. Its bits are __O_TMPFILE | O_DIRECTORY, and the same on all of Node's architectures.
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** The part of WebAssembly that is used; TypeScript has its types with the browser's only. */
interface WasmMemory {
  readonly Memory: new (pages: { initial: number }) => { readonly buffer: ArrayBuffer };
}

/**
 * O_DIRECT wants the memory aligned too, and Buffers are not. WebAssembly's memory is made of whole pages by its definition.
 * Made once: it is 64 KiB of address space.
 */
let page: Buffer | undefined;
const alignedBlock = () => {
  const { Memory } = (globalThis as unknown as { WebAssembly: WasmMemory }).WebAssembly;
  return (page ??= Buffer.from(new Memory({ initial: 1 }).buffer, 0, blockBytes));
};

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error);

const notPermittedCodes = ["EACCES", "EPERM", "EROFS", "ENOENT", "ENOTDIR", "ELOOP"];
/** EISDIR: a kernel that takes the folder for the file. The others: a file system without nameless files. */
const namelessUnknownCodes = ["ENOTSUP", "EOPNOTSUPP", "EISDIR"];

type OpenFile = (flags: number) => Promise<FileHandle>;

/** The error's code, or undefined when the write worked. */
async function tryWrite(open: OpenFile, extraFlags: number): Promise<string | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(constants.O_WRONLY | extraFlags);
    await file.write(alignedBlock(), 0, blockBytes, 0);
    return undefined;
  } catch (error) {
    return codeOf(error);
  } finally {
    await file?.close();
  }
}

/** QEMU's way to tell "no O_DIRECT" from any other trouble: only what works without it, and not with it, is a no. */
async function compare(open: OpenFile): Promise<LocalProbe> {
  const direct = await tryWrite(open, constants.O_DIRECT);
  if (direct === undefined) return { directIo: "yes", why: "an aligned O_DIRECT write worked" };
  if (notPermittedCodes.includes(direct)) return { notTried: "notPermitted", why: `this user cannot write there (${direct})` };
  const plain = await tryWrite(open, 0);
  if (plain === undefined && direct === "EINVAL")
    return { directIo: "no", why: "a write with O_DIRECT was refused (EINVAL), the same write without it worked" };
  if (namelessUnknownCodes.includes(direct)) return { notTried: "unsupported", why: `its file system has no nameless files (${direct})` };
  const without = plain === undefined ? "worked" : `failed too (${plain})`;
  return { directIo: "unknown", why: `an aligned O_DIRECT write failed (${direct}), the same write without O_DIRECT ${without}` };
}

/** A file with a name, taken away whatever happens. */
async function compareWithNamedFile(folder: string): Promise<LocalProbe> {
  const path = join(folder, `.pulumi-kvm-probe-${randomBytes(6).toString("hex")}`);
  try {
    return await compare((flags) => fs.open(path, flags | constants.O_CREAT, probeMode));
  } finally {
    await fs.rm(path, { force: true });
  }
}

/** With `mayNameFiles`, a file system without nameless files is tried with a temporary one. Never rejects. */
export async function probeLocalWrite(folder: string, { mayNameFiles }: { mayNameFiles: boolean }): Promise<LocalProbe> {
  const nameless = await compare((flags) => fs.open(folder, flags | O_TMPFILE, probeMode));
  const isUnsupported = "notTried" in nameless && nameless.notTried === "unsupported";
  return isUnsupported && mayNameFiles ? compareWithNamedFile(folder) : nameless;
}
