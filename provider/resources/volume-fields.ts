// Contract pieces about volumes that several resources share, as documented zod types.
import { z } from "zod";
import { diskFormats } from "../plan/domain";
import { parseSize } from "../plan/size";

/** A size with its unit, in bytes when parsed: plan/size.ts. */
export const sizeField = z.string().superRefine((text, context) => {
  const parsed = parseSize(text);
  if ("problem" in parsed) context.addIssue({ code: "custom", message: parsed.problem });
});

export const diskFormat = z.enum(diskFormats).describe("Image format.").meta({ id: "DiskFormat" });

export const cloneKinds = ["linked", "full"] as const;
export const cloneKind = z.enum(cloneKinds).describe("How a volume starts from an image: `linked` or `full`.").meta({ id: "CloneKind" });

export const preallocations = ["off", "metadata", "full"] as const;
export const preallocation = z.enum(preallocations).meta({ id: "Preallocation" });

/** What libvirt takes as the name of a pool or a volume. */
export const objectName = z
  .string()
  .regex(/^[^/\n]+$/, { error: "may not be empty and may not hold a slash or a line end." })
  .regex(/^(?!\.\.?$)/, { error: "may not be a dot or two." })
  .max(200);

export const hostPath = z.string().startsWith("/", { error: "must be an absolute path on the host." });
