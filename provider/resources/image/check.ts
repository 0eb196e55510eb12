// check: validates an image's inputs and finds out what its content is, where that needs no download. Writes nothing.
import type { Problem } from "../../errors";
import { ImageError } from "../../errors";
import type { DiskFormat } from "../../plan/domain";
import { diskFormats } from "../../plan/domain";
import { xmlTextProblem } from "../../xml/xml-text";
import { contractProblems } from "../contract";
import { imageVolumeName, uploadedFormat } from "../image-name";
import type { Call, CheckRequest, CheckResult, Value, Values } from "../resource";
import { containsUnknown, defined, without } from "../values";
import type { ImageInputs } from "./contract";
import { defaultPool, inputs as contract } from "./contract";
import { baseName, checksumOf, isImported, isRemote } from "./source";

type NamedImage = ImageInputs & { readonly pool: string; readonly name: string };

/** What is known of an image's content. */
interface KnownContent {
  readonly sha256?: string | undefined;
  readonly format?: DiskFormat | undefined;
}

export async function check({ news, olds }: CheckRequest, call: Call): Promise<CheckResult> {
  const asked = without(news, "sha256", "volume");
  const inputs: Values = { ...asked, pool: asked["pool"] ?? defaultPool };
  const problems = [...contractProblems(contract, asked), ...sourceProblems(asked), ...textProblems(asked)];
  if (problems.length > 0 || typeof asked["source"] !== "string") return { inputs, problems };
  const named: Values = { ...inputs, name: inputs["name"] ?? nameOf(asked["source"], olds) };
  if (containsUnknown(named) || isImported(asked["source"])) return { inputs: named, problems };
  try {
    const content = await knownContent(named as unknown as NamedImage, olds, call);
    return { inputs: withContent(named, content), problems };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { inputs: named, problems: [{ path: "source", reason: error.message }] };
  }
}

const nameOf = (source: string, olds: Values | undefined): Value => (isImported(source) ? (olds?.["name"] ?? "image") : baseName(source));

/** A source that is none, and what comes over a network without a checksum. */
function sourceProblems({ source, checksum }: Values): Problem[] {
  if (typeof source !== "string" || source === "" || isImported(source)) return [];
  try {
    if (!isRemote(source) || checksum !== undefined) return [];
  } catch (error) {
    if (error instanceof ImageError) return [{ path: "source", reason: error.message }];
    throw error;
  }
  const reason =
    'is required for what comes over a network. Take it from the publisher (a file such as SHA256SUMS or SHA512SUMS beside the image) and write it as "sha256:…" or "sha512:…"; ' +
    'without one, get the image once, by a way you trust, and run sha256sum on it. "none" waives it: then whatever the server sends is taken.';
  return [{ path: "checksum", reason }];
}

function textProblems(values: Values): Problem[] {
  return Object.entries(values).flatMap(([path, value]) => {
    const reason = typeof value === "string" ? xmlTextProblem(value) : undefined;
    return reason === undefined ? [] : [{ path, reason }];
  });
}

/** A file of this machine is read (once: its checksum is remembered); of a download the checksum and a format that was asked for are all. */
async function knownContent(image: NamedImage, olds: Values | undefined, call: Call): Promise<KnownContent> {
  const { source, checksum, format } = image;
  const sum = checksum === undefined ? undefined : checksumOf(checksum);
  if (isRemote(source)) {
    const sha256 = sum !== undefined && sum !== "none" && sum.algorithm === "sha256" ? sum.hex : undefined;
    const known = format ?? formatOfSame(sha256, olds) ?? (await formatOnHost(image, sha256, call));
    return { sha256, format: known };
  }
  const { services, signal, log } = call;
  const file = await services.images.open({ source, checksum: sum, format, signal, status: (line) => log.status(line) });
  try {
    return { sha256: file.sha256, format: file.format };
  } finally {
    await file.close();
  }
}

/** The content of last time has the format of last time. */
function formatOfSame(sha256: string | undefined, olds: Values | undefined): DiskFormat | undefined {
  const volume = olds?.["volume"];
  return sha256 !== undefined && olds?.["sha256"] === sha256 && typeof volume === "string" ? uploadedFormat(volume) : undefined;
}

/** Another stack may have brought the same image there: its name tells the format. */
async function formatOnHost(
  { pool, name }: NamedImage,
  sha256: string | undefined,
  { services: { libvirt }, signal }: Call,
): Promise<DiskFormat | undefined> {
  const record = sha256 === undefined ? undefined : await libvirt.findPool(pool, { signal });
  if (sha256 === undefined || record?.active !== true) return undefined;
  for (const format of diskFormats) {
    const found = await libvirt.findVolume({ pool, name: imageVolumeName(name, sha256, format) }, { signal });
    if (found !== undefined) return format;
  }
  return undefined;
}

function withContent(inputs: Values, { sha256, format }: KnownContent): Values {
  const { name } = inputs;
  const volume =
    sha256 === undefined || format === undefined || typeof name !== "string" ? undefined : imageVolumeName(name, sha256, format);
  return { ...inputs, ...defined({ sha256, volume }) };
}
