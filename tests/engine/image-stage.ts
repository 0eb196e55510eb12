// What the tests of images and volumes need besides a scene: image files, a web server, pools of their own, and eyes for what lies on the host.
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { readGuestLog } from "../../tools/lab/guest-log";
import type { GuestView } from "../../tools/lab/guest-log";
import { addStorage, removeStorage, virsh, waitFor } from "../../tools/lab/lab";
import type { LabHost } from "../../tools/lab/lab";
import type { StagedPool } from "./scene";

const execute = promisify(execFile);

export const bytesPerKiB = 1024;
export const bytesPerMiB = 1024 ** 2;
export const bytesPerGiB = 1024 ** 3;

/** stat counts in blocks of this size. */
const statBlockBytes = 512;

/** The guest boots in 3 s on a free core; twenty times that is a guest that does not come. */
const bootMs = 60_000;

/** A folder of this machine with image files in it, and what serves and takes them; `close` takes all of it away. */
export interface Workshop {
  /** For projects: downloads are kept in the workshop, and no proxy stands before this machine's own server. */
  readonly env: Readonly<Record<string, string>>;
  path(name: string): string;
  /** A raw file with `dataMiB` of random bytes, in runs at its beginning, in its middle and at its end; the rest are holes. */
  raw(name: string, sizes: { readonly dataMiB: number; readonly sizeMiB: number }): Promise<string>;
  qemuImg(...args: readonly string[]): Promise<string>;
  /** Serves the workshop's files by their names. */
  serve(): Promise<FileServer>;
  /** A pool in a folder of its own ext4. */
  addPool(name: string, sizeMiB: number): Promise<StagedPool>;
  close(): Promise<void>;
}

export interface FileServer {
  /** "http://127.0.0.1:PORT" */
  readonly url: string;
  /** Paths that were asked for. */
  readonly seen: readonly string[];
}

export async function openWorkshop(lab: LabHost): Promise<Workshop> {
  const dir = await mkdtemp(join(tmpdir(), "kvm-images-"));
  const path = (name: string) => join(dir, name);
  const leftovers: (() => unknown)[] = [() => rm(dir, { recursive: true, force: true })];
  return {
    env: { XDG_CACHE_HOME: path("cache"), NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1" },
    path,
    raw: async (name, sizes) => {
      await writeRaw(path(name), sizes);
      return path(name);
    },
    qemuImg: async (...args) => (await execute("qemu-img", args)).stdout,
    serve: async () => {
      const server = serverOf(dir);
      leftovers.push(() => endServer(server.http));
      await new Promise<void>((resolve) => server.http.listen(0, "127.0.0.1", resolve));
      return { url: `http://127.0.0.1:${(server.http.address() as AddressInfo).port}`, seen: server.seen };
    },
    addPool: async (name, sizeMiB) => {
      leftovers.push(() => removeStorage(lab, name));
      const folder = await addStorage(lab, name, "ext4", sizeMiB);
      await virsh(lab, "pool-create-as", name, "dir", "--target", folder);
      leftovers.push(() => virsh(lab, "pool-destroy", name));
      return { name, path: folder };
    },
    close: async () => {
      for (const remove of leftovers.splice(0).reverse()) await remove();
    },
  };
}

async function writeRaw(path: string, { dataMiB, sizeMiB }: { readonly dataMiB: number; readonly sizeMiB: number }): Promise<void> {
  const runBytes = Math.ceil(dataMiB / 3) * bytesPerMiB;
  const sizeBytes = sizeMiB * bytesPerMiB;
  const file = await open(path, "w");
  try {
    await file.truncate(sizeBytes);
    const [middle, last] = [Math.floor(sizeBytes / 2), sizeBytes - runBytes];
    for (const offset of dataMiB >= sizeMiB ? [0, runBytes, last] : [0, middle, last]) {
      await file.write(randomBytes(runBytes), 0, runBytes, offset);
    }
  } finally {
    await file.close();
  }
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Bytes that a file takes on its disk. */
export const allocatedBytes = async (path: string): Promise<number> => (await stat(path)).blocks * statBlockBytes;

function serverOf(dir: string): { readonly http: Server; readonly seen: readonly string[] } {
  const seen: string[] = [];
  const http = createServer((request, response) => {
    const path = request.url ?? "/";
    seen.push(path);
    const file = join(dir, path.slice(1));
    stat(file).then(
      ({ size }) => {
        response.writeHead(200, { "content-length": size });
        createReadStream(file).pipe(response);
      },
      () => response.writeHead(404).end(),
    );
  });
  return { http, seen };
}

function endServer(server: Server): void {
  server.closeAllConnections();
  server.close();
}

/** The guest's last tick, once it is as awaited. */
export const guestSees = (log: string, accepts: (view: GuestView) => boolean = () => true): Promise<GuestView> =>
  waitFor(
    "the guest's tick",
    () => {
      const view = readGuestLog(log);
      return view !== undefined && accepts(view) ? view : undefined;
    },
    bootMs,
  );
