// The documented contract of Image: the source of its schema, its docs and its types.
import { z } from "zod";
import { diskFormat, objectName } from "../volume-fields";

export const description =
  "An image that VMs start from, brought to a libvirt host: from a file of this machine, a web server or an SFTP server. It is uploaded once per host and kept under a name that carries its checksum; " +
  "VMs and Volumes link to it (`clone: linked`) or copy it, so it is never deleted while one of them needs it. A change of its content makes a new image beside the old one. " +
  "Import by `pool/volume`: `pulumi import kvm:index:Image debian default/debian-12-0123456789abcdef.qcow2`.";

/** "sha256:HEX", "sha512:HEX" or "none". */
export const checksumPattern = /^(?:none|sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/i;

export const inputs = z.strictObject({
  source: z
    .string()
    .min(1)
    .describe(
      "Where the image comes from: a path of the machine that runs Pulumi, or a `file:`, `http:`, `https:` or `sftp:` URL. " +
        "Downloads go on where they were cut off and are kept in a cache; `sftp:` uses the user's own ssh, with its keys and known hosts.",
    ),
  checksum: z
    .string()
    .regex(checksumPattern, {
      error: 'must be "sha256:" and 64 hexadecimal digits, "sha512:" and 128, or "none".',
    })
    .optional()
    .describe(
      'Checksum of the file: "sha256:…" or "sha512:…"; "none" waives it. Needed for what comes over a network. With a SHA-256 the image\'s name is known at preview.',
    ),
  pool: objectName
    .optional()
    .meta({ replace: true })
    .describe("The pool of files that keeps the image. Default: `default`. A change makes a new image."),
  format: diskFormat
    .optional()
    .meta({ replace: true })
    .describe(
      "What the image is. Default: by its header, once, at the upload. `raw` takes the bytes as they are, whatever they look like. A change makes a new image.",
    ),
  name: objectName
    .optional()
    .meta({ replace: true })
    .describe("First part of the volume's name. Default: the source's file name without its extension. A change makes a new image."),
  keepOnDelete: z.boolean().optional().describe("Keep the image on the host when the resource is deleted. Default: false."),
});

export const outputs = z.strictObject({
  path: z.string().describe("Path on the host: the `image` of VM disks and Volumes."),
  volume: z.string().describe("Name of the volume: the name, the first 16 digits of its SHA-256, and the format."),
  pool: z.string().describe("The pool."),
  format: diskFormat.describe("Image format."),
  capacity: z.string().describe('What a guest sees: "10GiB".'),
  fileSize: z.string().describe('Size of the image file: "432MiB".'),
  sha256: z.string().optional().describe("SHA-256 of the file. Absent for an imported image until it is updated."),
});

export type ImageInputs = z.infer<typeof inputs>;
export type ImageOutputs = z.infer<typeof outputs>;

export const defaultPool = "default";

/** The inputs after check. What is known of the content before it is opened stands beside them, so that a diff compares it. */
export type CheckedImage = ImageInputs & {
  readonly pool: string;
  readonly name: string;
  readonly sha256?: string;
  readonly volume?: string;
};
