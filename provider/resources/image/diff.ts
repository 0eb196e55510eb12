// diff: whether the volume on the host is still the image that is asked for; no I/O.
import { uploadedFormat } from "../image-name";
import type { DiffRequest, DiffResult, PropertyChange, Value, Values } from "../resource";
import { sameValue } from "../values";

const fields = ["source", "checksum", "pool", "format", "name", "sha256", "keepOnDelete"] as const;

/** What the content is found by, where its own checksum is not known. */
const contentFields = ["source", "checksum", "format"] as const;

const absentMeans: Values = { keepOnDelete: false };

const withDefault = (field: string, value: Value | undefined): Value | undefined => value ?? absentMeans[field];

const kindOf = (before: Value | undefined, after: Value | undefined) =>
  before === undefined ? "add" : after === undefined ? "delete" : "update";

const same = (before: Value | undefined, after: Value | undefined) => sameValue(before ?? null, after ?? null);

/** The volume's name says what is in it: the first digits of its content's checksum, behind the name that was asked for. */
function isSameVolume({ oldInputs, oldState, news }: DiffRequest): boolean {
  const { volume } = oldState;
  const { name, sha256, format } = news;
  if (typeof volume !== "string" || !same(oldState["pool"], news["pool"])) return false;
  if (news["volume"] !== undefined) return news["volume"] === volume;
  if (typeof name !== "string" || !volume.startsWith(`${name}-`)) return false;
  if (format !== undefined && format !== uploadedFormat(volume)) return false;
  const isOfContent = (hex: string) => volume.slice(name.length + 1).startsWith(`${hex.slice(0, 16)}.`);
  if (typeof sha256 === "string") return isOfContent(sha256);
  return contentFields.every((field) => same(oldInputs[field], news[field]));
}

export function diff(request: DiffRequest): DiffResult {
  const { oldInputs, news } = request;
  const isSame = isSameVolume(request);
  const changes = fields.flatMap((field): PropertyChange[] => {
    const before = withDefault(field, oldInputs[field]);
    const after = withDefault(field, news[field]);
    // A name, a format or a checksum that is told or left out for the same volume changes nothing on the host.
    if (same(before, after) || (isSame && after === undefined)) return [];
    const replace = !isSame && field !== "keepOnDelete";
    return [{ path: field, kind: kindOf(before, after), inputDiff: true, ...(replace ? { replace } : {}) }];
  });
  return { changes, ...(isSame ? { stables: ["path", "volume", "pool", "format", "capacity", "fileSize"] } : {}) };
}
