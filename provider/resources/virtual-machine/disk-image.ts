// The image that a disk's new volume starts from: where it lies, its format, and its storage, which becomes part of a linked volume's chain.
import type { ObserveOptions } from "../../host/observer";
import type { Problem } from "../../errors";
import type { DiskFormat } from "../../plan/domain";
import type { StorageFacts } from "../../plan/facts";
import { uploadedFormat } from "../image-name";
import { propertyPath } from "../property-path";
import { closedTo } from "./closed-to";
import type { EffectiveDisk } from "./contract";
import type { DiskLayout } from "./disk-layout";
import type { Asked } from "./disk-storage";

type LookedImage =
  | { readonly image: NonNullable<EffectiveDisk["image"]>; readonly chain: readonly StorageFacts[] }
  | { readonly problem: Problem }
  | { readonly unresolved: string };

const isPath = (image: string) => image.startsWith("/");

/** The path of an image that is named as a volume of the disk's pool; undefined: there is no such volume. */
async function pathOf(
  { services: { libvirt } }: Asked,
  image: string,
  pool: string,
  { signal }: ObserveOptions,
): Promise<string | undefined> {
  return isPath(image) ? image : (await libvirt.findVolume({ pool, name: image }, { signal }))?.path;
}

/** The storage of an image that is not there yet (an Image of the same program): that of the pool whose folder it will lie in. */
function poolStorage({ inputs }: Asked, path: string): readonly StorageFacts[] {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const pool = Object.values(inputs.host?.facts.pools ?? {}).find((each) => each.path.replace(/\/$/, "") === folder);
  return pool === undefined ? [] : [{ ...pool, path }];
}

/** undefined: the disk starts from no image. */
export async function lookAtImage(
  asked: Asked,
  { key, inputs }: DiskLayout,
  volume: { readonly pool: string; readonly format: DiskFormat },
  options: ObserveOptions,
): Promise<LookedImage | undefined> {
  const { image } = inputs;
  if (image === undefined) return undefined;
  const clone = inputs.clone ?? (volume.format === "qcow2" ? "linked" : "full");
  const place = propertyPath(["disks", key, "image"]);
  const path = await pathOf(asked, image, volume.pool, options);
  const told = inputs.imageFormat ?? uploadedFormat(path ?? "");
  const observed = path === undefined ? undefined : await asked.services.host.observeChain(path, { ...options, format: told });
  if (path === undefined || observed === undefined) {
    const reason = `is ${JSON.stringify(image)}, but the host has no such image${isPath(image) ? "" : ` in the pool ${volume.pool}`}. Bring it there with an Image, or give the path of a volume that is there.`;
    if (options.depth === "probe") return { problem: { path: place, reason } };
    const [format, chain] = [told, path === undefined ? [] : poolStorage(asked, path)];
    return path === undefined || format === undefined || chain.length === 0
      ? { unresolved: `${place} ${reason}` }
      : { image: { path, format, clone }, chain };
  }
  if ("needsProbe" in observed) return { unresolved: `${place}: direct I/O of ${observed.needsProbe.join(", ")} must be tried by QEMU` };
  const closed = clone === "linked" ? closedTo(observed.facts) : undefined;
  if (closed !== undefined) return { problem: { path: place, reason: `is ${JSON.stringify(image)}, and ${closed}` } };
  const [element] = observed.facts;
  const format = told ?? element.format;
  if (format === "other") {
    const reason = `must be given: ${path} is neither raw nor qcow2 as far as the host can tell.`;
    return { problem: { path: propertyPath(["disks", key, "imageFormat"]), reason } };
  }
  return { image: { path, format, clone }, chain: observed.facts };
}
