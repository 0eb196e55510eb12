// create: gets the image from its source and brings it to the host, unless it is there already. Converges the host.
import { BugError, ImageError, RefusedError } from "../../errors";
import type { LocalImage } from "../../images/image-source";
import type { VolumeRecord } from "../../libvirt/port";
import { parsePool } from "../../xml/pool-xml";
import { imageVolumeName, uploadedFormat } from "../image-name";
import type { Call, Created, Values } from "../resource";
import { unknown } from "../resource";
import { isFolderPool } from "../volume-clone";
import { claimVolume } from "./claimed";
import type { CheckedImage } from "./contract";
import { checksumOf, isImported } from "./source";
import { idOf, stateOf } from "./state";
import { ensureUploaded } from "./upload-image";

interface CreateRequest {
  readonly inputs: Values;
  readonly preview: boolean;
}

export async function create({ inputs, preview }: CreateRequest, call: Call): Promise<Created> {
  if (preview) return { id: "", state: await previewed(inputs, call) };
  const { record, sha256 } = await bring(inputs as unknown as CheckedImage, call);
  return { id: idOf(record), state: stateOf(inputs, record, sha256) };
}

/** With the checksum of the content its place on the host is known. */
export async function previewed(inputs: Values, { services: { libvirt }, signal }: Call): Promise<Values> {
  const { pool, volume, sha256 = unknown } = inputs;
  const open: Values = {
    ...inputs,
    path: unknown,
    volume: volume ?? unknown,
    format: unknown,
    capacity: unknown,
    fileSize: unknown,
    sha256,
  };
  if (typeof pool !== "string") return open;
  const record = await libvirt.findPool(pool, { signal });
  if (record !== undefined) requireFolder(pool, record.xml);
  if (typeof volume !== "string") return open;
  const known: Values = { ...open, format: uploadedFormat(volume) ?? unknown };
  const folder = record === undefined ? undefined : parsePool(record.xml).path;
  return folder === undefined ? known : { ...known, path: `${folder}/${volume}` };
}

/** Without a file there is no telling how far an upload came; and only files can lie below other volumes. */
function requireFolder(pool: string, xml: string): void {
  const { type } = parsePool(xml);
  if (isFolderPool(type)) return;
  const reason = `is ${JSON.stringify(pool)}, a pool of type ${type}, but images are kept in pools of files (dir, fs, netfs). Take such a pool: a disk or Volume in ${pool} is then copied from the image (\`clone: full\`).`;
  throw new RefusedError([{ path: "pool", reason }]);
}

async function requirePool(pool: string, { services: { libvirt }, signal }: Call): Promise<void> {
  const record = await libvirt.findPool(pool, { signal });
  if (record?.active === true) {
    requireFolder(pool, record.xml);
    return;
  }
  const reason =
    record === undefined
      ? `is ${JSON.stringify(pool)}, but the host has no such storage pool. Make it with a StoragePool (and take its name as this input), or name one that \`virsh pool-list --all\` shows.`
      : `is ${JSON.stringify(pool)}, a pool that is not started. Start it: virsh pool-start ${pool}, or a StoragePool with \`active: true\`.`;
  throw new RefusedError([{ path: "pool", reason }]);
}

/** The image, whole on the host. `expected`: it must be this volume and no other. */
export async function bring(
  inputs: CheckedImage,
  call: Call,
  expected?: string,
): Promise<{ readonly record: VolumeRecord; readonly sha256: string }> {
  const { source, checksum, format, pool } = inputs;
  if (isImported(source)) {
    throw new RefusedError([
      { path: "source", reason: `is ${source}, which stands for an image that was imported. Give the path or URL that it comes from.` },
    ]);
  }
  await requirePool(pool, call);
  const { services, signal, log } = call;
  const sum = checksum === undefined ? undefined : checksumOf(checksum);
  const image = await services.images.open({ source, checksum: sum, format, signal, status: (line) => log.status(line) });
  try {
    const volume = volumeOf(inputs, image);
    if (expected !== undefined && volume !== expected) throw changed(source, "it is not what the image on the host was made from.");
    await ensureUploaded({ pool, volume, image }, call);
    claimVolume(services.libvirt.uri, idOf({ pool, name: volume }));
    const record = await services.libvirt.findVolume({ pool, name: volume }, { signal });
    if (record === undefined) throw new BugError(`The volume ${pool}/${volume} is gone right after its upload.`);
    return { record, sha256: image.sha256 };
  } finally {
    await image.close();
  }
}

const changed = (source: string, detail: string) =>
  new ImageError(detail, { doing: "opening", what: source, wayOut: "Run again: it is then looked at anew." });

function volumeOf({ source, name, sha256 }: CheckedImage, image: LocalImage): string {
  if (sha256 !== undefined && sha256 !== image.sha256) throw changed(source, "its content has changed since it was looked at.");
  return imageVolumeName(name, image.sha256, image.format);
}
