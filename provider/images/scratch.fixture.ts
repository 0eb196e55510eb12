// For the tests of images: a folder of their own, images made on the spot, and what an image was opened to.
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FetchTiming } from "./fetch";
import type { ImagePiece, ImageRequest, LocalImage } from "./image-source";

/** Made before the first test and removed after the last one. */
export function scratchFolder(): { readonly path: (...parts: readonly string[]) => string } {
  let folder = "";
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "kvm-images-"))));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return { path: (...parts) => join(folder, ...parts) };
}

/** No test waits for longer than it must. */
export const quickTiming: FetchTiming = { silenceMs: 1_500, retryDelaysMs: [5, 10, 20], pollMs: 20 };

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
export const sha512 = (bytes: Uint8Array): string => createHash("sha512").update(bytes).digest("hex");

/** A raw image that no two tests share: what is in the cache of one is not in that of another. */
export const rawImage = (bytes = 300_000): Buffer => randomBytes(bytes);

export const checksumOf = (bytes: Uint8Array) => ({ algorithm: "sha256", hex: sha256(bytes) }) as const;

/** A request that collects its progress lines. */
export function requestFor(source: string, rest: Partial<ImageRequest> = {}): ImageRequest & { readonly lines: string[] } {
  const lines: string[] = [];
  return { source, signal: new AbortController().signal, status: (line) => lines.push(line), ...rest, lines };
}

export async function bytesOf(pieces: AsyncIterable<ImagePiece>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push("data" in piece ? piece.data : Buffer.alloc(piece.holeBytes));
  return Buffer.concat(parts);
}

/** Reads it all and closes it. */
export async function contentOf(image: LocalImage): Promise<Buffer> {
  try {
    return await bytesOf(image.pieces());
  } finally {
    await image.close();
  }
}
