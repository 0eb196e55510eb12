// The documented contract of Volume: the source of its schema, its docs and its types.
import { z } from "zod";
import { cloneKind, diskFormat, hostPath, objectName, preallocation, sizeField } from "../volume-fields";

export const description =
  "A storage volume in a pool of a libvirt host, with a life of its own: VMs come and go, it stays. It grows in place, also under a running VM, whose guest sees it; it never shrinks. " +
  "It is never deleted while a running or saved VM uses it. Import by `pool/name` or by path: `pulumi import kvm:index:Volume data images/data.qcow2`.";

const backingStore = z
  .strictObject({
    path: hostPath.describe("The image below, by absolute path on the host. It must stay as it is while this volume is there."),
    format: diskFormat.describe("Its format."),
  })
  .describe("An image that a volume stores only its differences from.")
  .meta({ id: "BackingStore" });

export const inputs = z.strictObject({
  pool: objectName.meta({ replace: true }).describe("The storage pool. A change replaces the volume: its content is not moved."),
  name: objectName
    .optional()
    .meta({ replace: true })
    .describe(
      'Name in the pool. Default: the resource\'s name, a random suffix, and ".qcow2" or ".img" in pools of folders. A change replaces the volume.',
    ),
  size: sizeField
    .optional()
    .describe(
      'Capacity: "20GiB". Default where there is an `image` or a `backingStore`: as much as that has. It can grow; it never shrinks.',
    ),
  format: diskFormat
    .optional()
    .meta({ replace: true })
    .describe("Image format. Default: `qcow2` in pools of folders, `raw` elsewhere. A change replaces the volume."),
  preallocation: preallocation
    .optional()
    .describe(
      "Space taken when the volume is made: none (`off`, default), qcow2's tables (`metadata`), or all of it (`full`). Heard when it is made only.",
    ),
  backingStore: backingStore
    .optional()
    .meta({ replace: true })
    .describe("An image of any pool that this qcow2 volume stores its differences from. A change replaces the volume."),
  image: z
    .string()
    .min(1)
    .optional()
    .meta({ replace: true })
    .describe(
      "What the volume starts from: an image on the host, by its path (an Image's `path`) or by the name of a volume in the pool. A change replaces the volume.",
    ),
  imageFormat: diskFormat
    .optional()
    .describe("Format of `image`. Default: as its Image was uploaded, else as libvirt knows it. Heard when the volume is made only."),
  clone: cloneKind
    .optional()
    .describe(
      "How the volume starts from `image`: `linked` (only what differs is stored, the image must stay; default for qcow2 in pools of folders) or `full` (a copy).",
    ),
  keepOnDelete: z.boolean().optional().describe("Keep the volume on the host when the resource is deleted. Default: false."),
});

export const outputs = z.strictObject({
  path: z.string().describe("Path on the host: a VM's `file`. In network pools libvirt's name of the image."),
  key: z.string().optional().describe("libvirt's key of the volume, where it is not the path."),
  name: z.string().describe("Name in the pool."),
  format: diskFormat.describe("Image format."),
  capacity: z.string().describe('What a guest sees: "20GiB". A pool may round up what was asked for.'),
});

export type VolumeInputs = z.infer<typeof inputs>;
export type VolumeOutputs = z.infer<typeof outputs>;

/** The inputs after check at apply: what has a default that depends on the pool is there. */
export type CheckedVolume = VolumeInputs & { readonly name: string; readonly format: "raw" | "qcow2" };
