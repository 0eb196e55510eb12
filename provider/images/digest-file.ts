// An open file -> its digests, in one pass.
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Checksum } from "./image-source";
import type { Progress } from "./progress";

/** One read, and one step of the hash: short enough (about a millisecond) that the plugin answers meanwhile. */
const readBytes = 1024 * 1024;

export type Algorithm = Checksum["algorithm"];

/** In lower case hexadecimal digits. sha256 is always there: names of uploaded images are made from it. */
export interface Digests {
  readonly sha256: string;
  readonly sha512?: string | undefined;
}

export interface DigestRequest {
  readonly file: FileHandle;
  readonly fileBytes: number;
  /** Besides sha256. */
  readonly algorithm: Algorithm;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export async function digestFile({ file, fileBytes, algorithm, signal, progress }: DigestRequest): Promise<Digests> {
  const sha256 = createHash("sha256");
  const sha512 = algorithm === "sha512" ? createHash("sha512") : undefined;
  const [first, second] = [Buffer.allocUnsafeSlow(readBytes), Buffer.allocUnsafeSlow(readBytes)];
  let [current, other] = [first, second];
  let offset = 0;
  let next = file.read(current, 0, readBytes, offset);
  for (;;) {
    const { bytesRead } = await next;
    if (bytesRead === 0) break;
    offset += bytesRead;
    const bytes = current.subarray(0, bytesRead);
    [current, other] = [other, current];
    // Read on while this part is hashed; there is no await in between, so that a failure is always heard.
    next = file.read(current, 0, readBytes, offset);
    sha256.update(bytes);
    sha512?.update(bytes);
    progress(offset, fileBytes);
    if (signal.aborted) {
      await next;
      signal.throwIfAborted();
    }
  }
  return { sha256: sha256.digest("hex"), sha512: sha512?.digest("hex") };
}
