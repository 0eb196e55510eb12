// check: validates a volume's inputs, and fills in what follows from its pool. Writes nothing.
import type { Problem } from "../../errors";
import type { DiskFormat } from "../../plan/domain";
import { formatSize } from "../../plan/size";
import { parsePool } from "../../xml/pool-xml";
import { xmlTextProblem } from "../../xml/xml-text";
import { autoName } from "../auto-name";
import { contractProblems } from "../contract";
import { propertyPath } from "../property-path";
import type { Call, CheckRequest, CheckResult, Value, Values } from "../resource";
import { defined, isValues, sameValue, sizeBytes, without } from "../values";
import { defaultClone, isFolderPool } from "../volume-clone";
import { inputs as contract } from "./contract";

const extensions = { qcow2: ".qcow2", raw: ".img" } as const satisfies Record<DiskFormat, string>;

export async function check(request: CheckRequest, call: Call): Promise<CheckResult> {
  const { news, olds } = request;
  const problems = [...contractProblems(contract, news), ...acrossFields(news), ...shrinkProblems(news, olds), ...textProblems(news)];
  if (problems.length > 0) return { inputs: news, problems };
  const poolType = await typeOfPool(news["pool"], call);
  const filled = withFormat(news, olds, poolType);
  const named = withName(filled, request, poolType);
  const found = [...named.problems, ...formatProblems(named.inputs, poolType)];
  return { inputs: named.inputs, problems: found };
}

/** undefined: not known, or not there yet (a pool of the same program). */
async function typeOfPool(pool: Value | undefined, { services: { libvirt }, signal }: Call): Promise<string | undefined> {
  const record = typeof pool === "string" ? await libvirt.findPool(pool, { signal }) : undefined;
  return record === undefined ? undefined : parsePool(record.xml).type;
}

const isGiven = (value: Value | undefined) => value !== undefined;

function acrossFields({ size, image, imageFormat, clone, backingStore, format, preallocation }: Values): Problem[] {
  const rules: readonly (readonly [boolean, string, string])[] = [
    [
      isGiven(image) && isGiven(backingStore),
      "backingStore",
      "cannot stand beside `image`: a linked volume's image is its backing store. Leave out one of the two.",
    ],
    [
      !isGiven(image) && !isGiven(backingStore) && !isGiven(size),
      "size",
      'is required: give a size such as "20GiB", or an `image` to start from.',
    ],
    [!isGiven(image) && isGiven(imageFormat), "imageFormat", "says nothing without an `image`: leave it out, or give the image."],
    [!isGiven(image) && isGiven(clone), "clone", "says nothing without an `image`: leave it out, or give the image."],
    [
      isGiven(backingStore) && format === "raw",
      "format",
      "is raw, but only a qcow2 volume has a backing store: set it to qcow2, or leave out `backingStore`.",
    ],
    [
      clone === "linked" && format === "raw",
      "clone",
      "is linked, but a raw volume has no backing file: set `format` to qcow2, or `clone` to full.",
    ],
    [isSpaceTaking(preallocation) && isGiven(image), "preallocation", "is not made for a volume that starts from an image: leave it out."],
    [
      isSpaceTaking(preallocation) && isGiven(backingStore),
      "preallocation",
      "is not made for a volume with a backing store: leave it out.",
    ],
    [
      preallocation === "metadata" && format === "raw",
      "preallocation",
      "is metadata, but a raw volume has no tables: set it to off or full.",
    ],
  ];
  return rules.filter(([isWrong]) => isWrong).map(([, path, reason]) => ({ path, reason }));
}

const isSpaceTaking = (preallocation: Value | undefined) => preallocation === "metadata" || preallocation === "full";

/** Fields whose change makes a new volume, which may be smaller. */
export const replacingFields = ["pool", "name", "format", "backingStore", "image"] as const;

function shrinkProblems(news: Values, olds: Values | undefined): Problem[] {
  if (olds === undefined) return [];
  const isNew = replacingFields.some((field) => news[field] !== undefined && !sameValue(news[field], olds[field]));
  const [before, after] = [sizeBytes(olds["size"]), sizeBytes(news["size"])];
  if (isNew || before === undefined || after === undefined || after >= before) return [];
  return [{ path: "size", reason: shrinkReason(after, before) }];
}

export const shrinkReason = (asked: number, has: number): string =>
  `is ${formatSize(asked)}, but the volume has ${formatSize(has)} and never shrinks, for what lies behind the new end would be lost. ` +
  `Set the size to ${formatSize(has)}; for a smaller volume make a new one (another \`name\`) and copy the data.`;

/** Text that XML cannot hold (control characters). */
function textProblems(values: Values, path: readonly string[] = []): Problem[] {
  return Object.entries(values).flatMap(([key, value]) => {
    if (isValues(value)) return textProblems(value, [...path, key]);
    const reason = typeof value === "string" ? xmlTextProblem(value) : undefined;
    return reason === undefined ? [] : [{ path: propertyPath([...path, key]), reason }];
  });
}

/** The format is decided once, and the clone with it; without a pool that can be looked at they stay open. */
function withFormat(news: Values, olds: Values | undefined, poolType: string | undefined): Values {
  const isSamePool = olds !== undefined && sameValue(olds["pool"], news["pool"]);
  const usual = poolType === undefined ? undefined : isFolderPool(poolType) ? "qcow2" : "raw";
  const needed = news["backingStore"] !== undefined || news["clone"] === "linked" ? "qcow2" : usual;
  const format = news["format"] ?? (isSamePool ? olds["format"] : undefined) ?? needed;
  const clone = news["clone"] ?? (isSamePool && news["image"] !== undefined ? olds["clone"] : undefined) ?? cloneOf(news, poolType, format);
  return defined({ ...news, format, clone });
}

function cloneOf(news: Values, poolType: string | undefined, format: Value | undefined): Value | undefined {
  if (news["image"] === undefined || poolType === undefined || (format !== "raw" && format !== "qcow2")) return undefined;
  return defaultClone(poolType, format);
}

function withName(
  inputs: Values,
  { olds, resourceName, autoName: proposal, randomSeed }: CheckRequest,
  poolType: string | undefined,
): { readonly inputs: Values; readonly problems: readonly Problem[] } {
  const given = inputs["name"] ?? olds?.["name"];
  if (given !== undefined) return { inputs: { ...inputs, name: given }, problems: [] };
  const made = autoName({ resourceName, proposal, randomSeed });
  if ("problem" in made) return { inputs, problems: [made.problem] };
  if (typeof proposal === "object" && proposal.mode === "enforce") return { inputs: { ...inputs, name: made.name }, problems: [] };
  const { format } = inputs;
  if (poolType === undefined || (format !== "raw" && format !== "qcow2")) return { inputs: without(inputs, "name"), problems: [] };
  const name = `${made.name}${isFolderPool(poolType) ? extensions[format] : ""}`;
  return { inputs: { ...inputs, name }, problems: [] };
}

/** What the pool's type does not let be. */
function formatProblems({ format, clone, backingStore, pool }: Values, poolType: string | undefined): Problem[] {
  if (poolType === undefined || isFolderPool(poolType) || typeof pool !== "string") return [];
  const where = `the pool ${pool} is of type ${poolType}`;
  if (backingStore !== undefined)
    return [{ path: "backingStore", reason: `cannot be: ${where}, whose volumes have none. Take a pool of files.` }];
  if (clone === "linked")
    return [{ path: "clone", reason: `cannot be linked: ${where}, whose volumes have no backing files. Set it to full.` }];
  if (format === "qcow2")
    return [{ path: "format", reason: `cannot be qcow2: ${where}, whose volumes are raw devices or images. Leave it out.` }];
  return [];
}
