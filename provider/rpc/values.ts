// The only place where property values cross between Pulumi's wire (google.protobuf.Struct) and the plain values of resources/resource.ts.
import { ListValue, NullValue, Struct, Value as WireValue } from "google-protobuf/google/protobuf/struct_pb";
import { BugError, RefusedError, type Problem } from "../errors";
import { unknown, type Value, type Values } from "../resources/resource";
import { formatPath, type Path, type Step } from "./paths";

/** How the wire says "not known until apply". */
export const unknownSentinel = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** A struct with this key is not an object but a wrapped value; the key's value says of which kind. */
export const kindKey = "4dabf18193072939515e22adb298388d";
export const kinds = {
  secret: "1b47061264138c4ac30d75fd1eb44270",
  output: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
  resource: "5cf8f73096256a8f31e491e813e4eb8e",
  asset: "c44067f5952c0a294b673a41bacd8c17",
  archive: "0def7320c3a5731c473e5ecbe6d01bc7",
} as const;

/** Names that begin so are the engine's own (`__defaults`, `__internal`): never a resource's business. */
const engineNamePrefix = "__";
/** Deeper than this is nobody's program: refused before the stack is. */
const deepestNesting = 500;

/** What came over the wire, unwrapped: plain values, and the places whose values are secret. */
export interface Decoded {
  readonly values: Values;
  readonly secrets: readonly Path[];
  /** Values of a kind that no property of this provider takes. */
  readonly problems: readonly Problem[];
}

export const nothingDecoded: Decoded = { values: {}, secrets: [], problems: [] };

interface Findings {
  readonly secrets: Path[];
  readonly problems: Problem[];
}

type Unwrap = (fields: ReadonlyMap<string, WireValue>, path: Path, findings: Findings) => Value;

const textOf = (value: WireValue | undefined) => (value?.hasStringValue() === true ? value.getStringValue() : undefined);

const refuseKind =
  (what: string): Unwrap =>
  (_fields, path, { problems }) => {
    problems.push({ path: formatPath(path), reason: `${what} is not supported here: give the path or the text itself as a string.` });
    return null;
  };

/** What each kind of wrapped value is to a resource. */
const unwraps: Readonly<Record<string, Unwrap>> = {
  [kinds.secret]: (fields, path, findings) => {
    findings.secrets.push(path);
    return unwrapInner(fields, path, findings);
  },
  [kinds.output]: (fields, path, findings) => {
    if (fields.get("secret")?.getBoolValue() === true) findings.secrets.push(path);
    return unwrapInner(fields, path, findings);
  },
  // A resource stands for its id, a component (which has none) for its URN: so does the engine for providers that take no references.
  [kinds.resource]: (fields) => {
    const id = textOf(fields.get("id"));
    if (id === undefined) return textOf(fields.get("urn")) ?? unknown;
    return id === "" || id === unknownSentinel ? unknown : id;
  },
  [kinds.asset]: refuseKind("An asset"),
  [kinds.archive]: refuseKind("An archive"),
};

const unwrapInner = (fields: ReadonlyMap<string, WireValue>, path: Path, findings: Findings): Value => {
  const inner = fields.get("value");
  return inner === undefined ? unknown : decodeValue(inner, path, findings);
};

const fieldsOf = (struct: Struct): ReadonlyMap<string, WireValue> => {
  const fields = new Map<string, WireValue>();
  struct.getFieldsMap().forEach((value, name) => fields.set(name, value));
  return fields;
};

const decodeStruct = (struct: Struct, path: Path, findings: Findings): Value => {
  const fields = fieldsOf(struct);
  const kind = textOf(fields.get(kindKey));
  if (kind === undefined) return decodeFields(fields, path, findings);
  const unwrap = unwraps[kind] ?? refuseKind(`A value of the unknown kind ${kind}`);
  return unwrap(fields, path, findings);
};

const decodeFields = (fields: ReadonlyMap<string, WireValue>, path: Path, findings: Findings): Values =>
  Object.fromEntries(
    [...fields]
      .filter(([name]) => !name.startsWith(engineNamePrefix))
      .map(([name, value]) => [name, decodeValue(value, [...path, name], findings)]),
  );

const decodeValue = (value: WireValue, path: Path, findings: Findings): Value => {
  if (path.length > deepestNesting) throw new RefusedError([{ path: String(path[0]), reason: "is nested too deeply." }]);
  switch (value.getKindCase()) {
    case WireValue.KindCase.STRING_VALUE:
      return value.getStringValue() === unknownSentinel ? unknown : value.getStringValue();
    case WireValue.KindCase.NUMBER_VALUE:
      return value.getNumberValue();
    case WireValue.KindCase.BOOL_VALUE:
      return value.getBoolValue();
    case WireValue.KindCase.STRUCT_VALUE:
      return decodeStruct(value.getStructValue() ?? new Struct(), path, findings);
    case WireValue.KindCase.LIST_VALUE:
      return (value.getListValue() ?? new ListValue()).getValuesList().map((item, index) => decodeValue(item, [...path, index], findings));
    case WireValue.KindCase.NULL_VALUE:
    case WireValue.KindCase.KIND_NOT_SET:
      return null;
  }
};

/** Unwraps a property bag; undefined (the field was not sent) is an empty one. Problems are values: see decodeOrRefuse. */
export const decode = (struct: Struct | undefined): Decoded => {
  if (struct === undefined) return nothingDecoded;
  const findings: Findings = { secrets: [], problems: [] };
  const values = decodeFields(fieldsOf(struct), [], findings);
  return { values, ...findings };
};

/** As decode, for the verbs that cannot answer with problems: throws RefusedError. */
export const decodeOrRefuse = (struct: Struct | undefined): Decoded => {
  const decoded = decode(struct);
  if (decoded.problems.length > 0) throw new RefusedError(decoded.problems);
  return decoded;
};

/** The secret places as a tree, so that encoding visits each value once. */
interface SecretTree {
  secret: boolean;
  readonly below: Map<Step, SecretTree>;
}

const newTree = (): SecretTree => ({ secret: false, below: new Map() });

const treeOf = (paths: readonly Path[]): SecretTree => {
  const root = newTree();
  for (const path of paths) {
    let node = root;
    for (const step of path) {
      const next = node.below.get(step) ?? newTree();
      node.below.set(step, next);
      node = next;
    }
    node.secret = true;
  }
  return root;
};

const wireText = (text: string) => new WireValue().setStringValue(text);

const wrapSecret = (value: WireValue): WireValue => {
  const struct = new Struct();
  struct.getFieldsMap().set(kindKey, wireText(kinds.secret)).set("value", value);
  return new WireValue().setStructValue(struct);
};

const notEncodable = (path: Path, what: string) =>
  new BugError(`The property ${formatPath(path)} cannot be sent to the engine: it is ${what}.`);

/** The value without its own secret wrapper; undefined is nothing at all (the protobuf encoder throws on it). */
const encodeBare = (value: unknown, path: Path, tree: SecretTree | undefined): WireValue | undefined => {
  if (value === unknown) return wireText(unknownSentinel);
  if (value === null) return new WireValue().setNullValue(NullValue.NULL_VALUE);
  if (Array.isArray(value)) {
    // A hole in a list must keep its place, or the elements after it would move.
    const items = value.map((item: unknown, index) =>
      encodeValue(item === undefined ? null : item, [...path, index], tree?.below.get(index)),
    );
    return new WireValue().setListValue(new ListValue().setValuesList(items.filter((item) => item !== undefined)));
  }
  switch (typeof value) {
    case "undefined":
      return undefined;
    case "string":
      return wireText(value);
    case "boolean":
      return new WireValue().setBoolValue(value);
    case "number":
      if (!Number.isFinite(value)) throw notEncodable(path, `the number ${value}`);
      return new WireValue().setNumberValue(value);
    case "object":
      return new WireValue().setStructValue(encodeFields(value, path, tree));
    case "bigint":
    case "function":
    case "symbol":
      break;
  }
  throw notEncodable(path, `a ${typeof value}`);
};

const encodeValue = (value: unknown, path: Path, tree: SecretTree | undefined): WireValue | undefined => {
  if (tree?.secret !== true) return encodeBare(value, path, tree);
  // All of it is secret: wrappers further in would say nothing new.
  const bare = encodeBare(value, path, undefined);
  return bare === undefined ? undefined : wrapSecret(bare);
};

const isPlainObject = (value: object) => [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null);

const encodeFields = (values: object, path: Path, tree: SecretTree | undefined): Struct => {
  if (!isPlainObject(values)) throw notEncodable(path, `an object of the class ${values.constructor.name}`);
  const struct = new Struct();
  const fields = struct.getFieldsMap();
  for (const [name, value] of Object.entries(values)) {
    const encoded = encodeValue(value, [...path, name], tree?.below.get(name));
    if (encoded !== undefined) fields.set(name, encoded);
  }
  return struct;
};

/** Wraps plain values for the wire, the values at `secrets` as secrets. Throws BugError for what the wire has no form for. */
export const encode = (values: Readonly<Record<string, unknown>>, secrets: readonly Path[] = []): Struct =>
  encodeFields(values, [], treeOf(secrets));
