// Brings an image into a pool, once: whoever else brings the same one at the same time, and whatever a killed run left. Converges the host.
//
// How it is known that a volume is whole. libvirt cannot rename a volume, so an upload goes into its final name and must not look finished before it is. The
// volume is made with no size, and the stream is sequential: the file has the image's size only when the stream has come to its end. The first bytes are
// written after that, so that a broken upload is no image to anybody. Whole is: the size, and the first bytes. No marker beside the volume is needed that could
// outlive it, and whoever was cut off from a volume that somebody else has made anew cannot make that one look whole.
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError, HostError, ImageError, RefusedError } from "../../errors";
import type { LocalImage } from "../../images/image-source";
import { reportProgress } from "../../images/progress";
import { hostErrorCodes } from "../../libvirt/codes";
import type { VolumeRecord } from "../../libvirt/port";
import { parseVolume, volumeXml } from "../../xml/storage-xml";
import { poolLock } from "../pool-lock";
import { explainedBySpace, freeBytes, spaceReason } from "../pool-space";
import type { Call } from "../resource";
import { knownVolume } from "../known-volume";
import { shownMachineUse, volumeUses } from "../volume-uses";
import { bodyOf, dataBytesOf, headOf } from "./image-content";

export interface UploadRequest {
  readonly pool: string;
  readonly volume: string;
  readonly image: LocalImage;
}

export interface UploadTiming {
  /** How long another upload may stand still before it is taken for dead; with each turn twice as long, so that two slow ones do not take turns for ever. */
  readonly stallMs: number;
  readonly pollMs: number;
}

const defaultTiming: UploadTiming = { stallMs: 5000, pollMs: 500 };
const mostTurns = 6;

/** What there is of the volume. */
type Seen = { readonly is: "absent" | "whole" } | { readonly is: "part"; readonly sizeBytes: number };

/** Resolves when the volume is there and whole; rejects with ImageError, HostError, RefusedError and the port's other errors. Nothing half-made is left. */
export async function ensureUploaded(request: UploadRequest, call: Call, timing = defaultTiming): Promise<void> {
  const { pool, volume } = request;
  // Two resources of one program may have the same image; the pool itself stays free for other work meanwhile.
  await poolLock(call.services.libvirt.uri, `${pool}/${volume}`, async () => {
    const head = await headOf(request.image);
    for (let turn = 0; turn < mostTurns; turn++) {
      const isThere = await bringOnce(request, head, { ...timing, stallMs: timing.stallMs * 2 ** turn }, call);
      if (isThere) return;
    }
    const detail = "other uploads of the same image came in between again and again.";
    throw new ImageError(detail, { doing: "uploading", what: `${volume} to pool ${pool}`, wayOut: "Run again when they have ended." });
  });
}

/** One turn: true when the volume is whole then. */
async function bringOnce(request: UploadRequest, head: Buffer, timing: UploadTiming, call: Call): Promise<boolean> {
  const seen = await look(request, head, call);
  if (seen.is === "whole") return true;
  if (seen.is === "absent") return upload(request, head, call);
  const after = await watch(request, head, timing, call);
  if (after.is === "part") await clear(request, call);
  return after.is === "whole";
}

const sizeOf = (record: VolumeRecord): number => parseVolume(record.xml).physicalBytes ?? 0;

async function look({ pool, volume, image }: UploadRequest, head: Buffer, call: Call): Promise<Seen> {
  const { services, signal } = call;
  const record = await knownVolume({ pool, name: volume }, call);
  if (record === undefined) return { is: "absent" };
  const sizeBytes = sizeOf(record);
  if (sizeBytes !== image.fileBytes) return { is: "part", sizeBytes };
  const range = { offsetBytes: 0, lengthBytes: head.length };
  const begins = head.length === 0 ? head : await services.libvirt.readVolume({ pool, name: volume }, range, { signal });
  return head.equals(begins) ? { is: "whole" } : { is: "part", sizeBytes };
}

/** Another run may be uploading it: that is waited for as long as it goes on. */
async function watch(request: UploadRequest, head: Buffer, { stallMs, pollMs }: UploadTiming, call: Call): Promise<Seen> {
  const { pool, volume, image } = request;
  const progress = reportProgress(`waiting for another upload of ${volume} to pool ${pool}`, (line) => call.log.status(line));
  let last = await look(request, head, call);
  let movedAtMs = Date.now();
  while (last.is === "part" && Date.now() - movedAtMs < stallMs) {
    await pause(request, pollMs, call);
    const now = await look(request, head, call);
    if (now.is === "part" && now.sizeBytes !== last.sizeBytes) movedAtMs = Date.now();
    if (now.is === "part") progress(now.sizeBytes, image.fileBytes);
    last = now;
  }
  return last;
}

async function pause({ pool, volume }: UploadRequest, pollMs: number, { signal }: Call): Promise<void> {
  try {
    await sleep(pollMs, undefined, { signal });
  } catch {
    throw new CancelledError({ doing: "waiting for another upload of", what: `${volume} to pool ${pool}` });
  }
}

/** What a killed run left goes; a volume that somebody lives on stays, whatever is the matter with it. */
async function clear({ pool, volume }: UploadRequest, call: Call): Promise<void> {
  const { services, signal, log } = call;
  const ref = { pool, name: volume };
  await poolLock(services.libvirt.uri, pool, async () => {
    const record = await knownVolume(ref, call);
    if (record === undefined) return;
    const { machines, overlays } = await volumeUses(record.path, call);
    const users = [...machines.map(shownMachineUse), ...overlays.map((overlay) => `the backing file of ${overlay}`)];
    if (users.length > 0) {
      const reason = `${pool}/${volume} is there, but is not the image of that checksum (any more), and it is ${users.join(", ")}. Take it out of use and delete it, or give another \`name\`.`;
      throw new RefusedError([{ path: "name", reason }]);
    }
    log.status(`clearing away an unfinished upload of ${volume} in pool ${pool}`);
    await services.libvirt.deleteVolume(ref, { signal });
  });
}

/** false: somebody else has made the volume, or has taken it from us. */
async function upload(request: UploadRequest, head: Buffer, call: Call): Promise<boolean> {
  await requireRoom(request, call);
  if (!(await makeEmpty(request, call))) return false;
  try {
    return await fill(request, head, call);
  } catch (error) {
    await unmake(request, call);
    if (!(error instanceof HostError)) throw error;
    throw await explainedBySpace(error, { pool: request.pool, neededBytes: await dataBytesOf(request.image) }, call);
  }
}

async function makeEmpty({ pool, volume }: UploadRequest, { services: { libvirt }, signal }: Call): Promise<boolean> {
  // Raw whatever the image is: of another format, libvirt would write a header of its own.
  const xml = volumeXml({ name: volume, capacityBytes: 0, allocationBytes: 0, format: "raw" });
  try {
    await poolLock(libvirt.uri, pool, () => libvirt.createVolume(pool, xml, { signal }));
    return true;
  } catch (error) {
    if (error instanceof HostError && error.code === hostErrorCodes.volumeExists) return false;
    throw error;
  }
}

async function fill(request: UploadRequest, head: Buffer, call: Call): Promise<boolean> {
  const { pool, volume, image } = request;
  const { services, signal, log } = call;
  const { libvirt } = services;
  const ref = { pool, name: volume };
  const progress = reportProgress(`uploading ${image.fileName} to pool ${pool}`, (line) => log.status(line));
  log.status(`uploading ${image.fileName} to pool ${pool}`);
  await libvirt.uploadVolume(ref, bodyOf(image.pieces()), {
    lengthBytes: image.fileBytes,
    onProgress: (doneBytes) => progress(doneBytes, image.fileBytes),
    signal,
  });
  const body = await libvirt.findVolume(ref, { signal });
  if (body === undefined || sizeOf(body) !== image.fileBytes) return false;
  if (head.some((byte) => byte !== 0)) await libvirt.uploadVolume(ref, once(head), { lengthBytes: head.length, offsetBytes: 0, signal });
  await rescan(pool, call);
  return (await look(request, head, call)).is === "whole";
}

// eslint-disable-next-line @typescript-eslint/require-await -- there is nothing to wait for
async function* once(data: Uint8Array): AsyncGenerator<{ readonly data: Uint8Array }> {
  yield { data };
}

/** libvirt is to know the volume for what it is now. Work in the pool forbids a rescan: then libvirt's own, at the end of the stream, must do. */
async function rescan(pool: string, { services: { libvirt }, signal }: Call): Promise<void> {
  await poolLock(libvirt.uri, pool, async () => {
    try {
      await libvirt.refreshPool(pool, { signal });
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
    }
  });
}

async function unmake({ pool, volume }: UploadRequest, { services: { libvirt }, log }: Call): Promise<void> {
  try {
    await libvirt.deleteVolume({ pool, name: volume }, { signal: new AbortController().signal });
  } catch (error) {
    log.warn(`an unfinished upload of ${volume} is left in pool ${pool}; the next run clears it away: ${(error as Error).message}`);
  }
}

/** Holes take no room: they are counted where the file as a whole would not fit. */
async function requireRoom({ pool, image }: UploadRequest, call: Call): Promise<void> {
  const available = await poolLock(call.services.libvirt.uri, pool, () => freeBytes(pool, call));
  if (available === undefined || available >= image.fileBytes) return;
  const neededBytes = await dataBytesOf(image);
  if (available >= neededBytes) return;
  throw new RefusedError([{ path: "pool", reason: `has no room for ${image.fileName}. ${spaceReason({ pool, neededBytes }, available)}` }]);
}
