// The image that a new volume starts from: where it lies and what its format is. Reads the host.
import { RefusedError } from "../../errors";
import type { DiskFormat } from "../../plan/domain";
import { parseVolume } from "../../xml/storage-xml";
import { capacityAs } from "../capacity-as";
import { uploadedFormat } from "../image-name";
import type { Call } from "../resource";
import type { CloneImage } from "../volume-clone";

interface ImageQuestion {
  readonly image: string;
  readonly imageFormat?: DiskFormat | undefined;
  /** The pool that an image is looked for in by name. */
  readonly pool: string;
}

const isFormat = (format: string): format is DiskFormat => format === "raw" || format === "qcow2";

const refuse = (path: string, reason: string) => new RefusedError([{ path, reason }]);

/** Rejects with RefusedError where the image is not there, or its format must be said. */
export async function imageOf({ image, imageFormat, pool }: ImageQuestion, { services: { libvirt }, signal }: Call): Promise<CloneImage> {
  const isPath = image.startsWith("/");
  const ref = isPath ? { path: image } : { pool, name: image };
  const volume = await libvirt.findVolume(ref, { signal });
  if (volume === undefined && (!isPath || imageFormat === undefined)) {
    const place = isPath ? "in any active pool of the host" : `in the pool ${pool}`;
    const wayOut = `Bring it there with an Image${isPath ? ", or give `imageFormat` for a file outside of the pools" : ", or give its path"}.`;
    throw refuse("image", `is ${JSON.stringify(image)}, but there is no such volume ${place}. ${wayOut}`);
  }
  const path = volume?.path ?? image;
  const format = imageFormat ?? uploadedFormat(path);
  const capacityBytes = volume && capacityAs(format, volume);
  if (format !== undefined) return { path, format, capacityBytes };
  const seen = parseVolume(volume?.xml ?? "<volume/>");
  // libvirt goes by the file's first bytes, which a guest may have written: with a backing file of its choice, that would be read for it.
  if (seen.backingPath !== undefined) {
    throw refuse(
      "imageFormat",
      `must be given: ${path} looks like ${seen.format} on top of ${seen.backingPath}. Say qcow2 if that is so, raw if not.`,
    );
  }
  const known = seen.format === "iso" ? "raw" : seen.format;
  if (isFormat(known)) return { path, format: known, capacityBytes };
  throw refuse(
    "imageFormat",
    `must be given: libvirt takes ${path} for ${known}, which a volume cannot start from. Convert it to qcow2 or raw: qemu-img convert.`,
  );
}
