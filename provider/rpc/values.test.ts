// Property values over the wire and back: nothing lost, nothing invented, secrets always wrapped.
import fc from "fast-check";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { unknown, type Value } from "../resources/resource";
import { arbitraryValues } from "../testing/arbitrary-values";
import type { Path } from "./paths";
import { isList, isMap, valueAt } from "./plain-values";
import { decode, decodeOrRefuse, encode, kindKey, kinds, unknownSentinel } from "./values";

/** Every place of a value, containers included, the root not. */
const placesIn = (value: Value, path: Path = []): readonly Path[] => {
  const here = path.length === 0 ? [] : [path];
  if (isList(value)) return [...here, ...value.flatMap((item, index) => placesIn(item, [...path, index]))];
  if (isMap(value)) return [...here, ...Object.entries(value).flatMap(([name, item]) => placesIn(item, [...path, name]))];
  return here;
};

const arbitraryMarked = arbitraryValues.chain((values) => {
  const places = placesIn(values);
  const secrets: fc.Arbitrary<readonly Path[]> = fc.subarray([...places], { maxLength: Math.min(4, places.length) });
  return fc.record({ values: fc.constant(values), secrets });
});

const text = (path: Path) => JSON.stringify(path);
const isAbove = (upper: Path, lower: Path) => upper.length < lower.length && upper.every((step, depth) => step === lower[depth]);
const outermost = (secrets: readonly Path[]) => secrets.filter((path) => !secrets.some((other) => isAbove(other, path)));

const overTheWire = (struct: Struct) => Struct.deserializeBinary(struct.serializeBinary());

describe("encode, then decode", () => {
  test("gives the same values and the same secrets, through bytes", () => {
    fc.assert(
      fc.property(arbitraryMarked, ({ values, secrets }) => {
        const decoded = decode(overTheWire(encode(values, secrets)));
        expect(decoded.values).toEqual(values);
        expect(decoded.secrets.map(text).sort()).toEqual(outermost(secrets).map(text).sort());
        expect(decoded.problems).toEqual([]);
      }),
    );
  });

  test("leaves no secret value outside a secret wrapper", () => {
    const canary = "canary-of-the-test";
    /** Takes every secret wrapper out of the wire form. */
    const withoutSecrets = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(withoutSecrets);
      if (typeof value !== "object" || value === null) return value;
      if ((value as Record<string, unknown>)[kindKey] === kinds.secret) return null;
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutSecrets(item)]));
    };
    const plant = (value: Value, path: Path): Value => {
      const [step, ...rest] = path;
      if (step === undefined) return canary;
      if (isList(value)) return value.map((item, index): Value => (index === step ? plant(item, rest) : item));
      if (!isMap(value)) return value;
      const copy: Record<string, Value> = { ...value };
      copy[String(step)] = plant(value[String(step)] ?? null, rest);
      return copy;
    };
    fc.assert(
      fc.property(arbitraryMarked, ({ values, secrets }) => {
        const planted = outermost(secrets).reduce<Value>(plant, values);
        if (!isMap(planted)) throw new Error("The root is a map.");
        const wire = overTheWire(encode(planted, secrets)).toJavaScript();
        expect(JSON.stringify(withoutSecrets(wire))).not.toContain(canary);
        for (const path of outermost(secrets)) expect(valueAt(planted, path)).toBe(canary);
      }),
    );
  });
});

describe("decode", () => {
  const wrapped = (kind: string, fields: object) => ({ [kindKey]: kind, ...fields });
  const decodeJson = (values: object) => decode(Struct.fromJavaScript(values as Record<string, JavaScriptValue>));

  test.each([
    { because: "the sentinel is the wire's unknown", wire: unknownSentinel, value: unknown, isSecret: false },
    { because: "a secret is its value", wire: wrapped(kinds.secret, { value: "s" }), value: "s", isSecret: true },
    { because: "a secret may be unknown", wire: wrapped(kinds.secret, { value: unknownSentinel }), value: unknown, isSecret: true },
    { because: "an output with no value is unknown", wire: wrapped(kinds.output, { dependencies: [] }), value: unknown, isSecret: false },
    { because: "an output knows its value", wire: wrapped(kinds.output, { value: [1] }), value: [1], isSecret: false },
    { because: "an output may hold null", wire: wrapped(kinds.output, { value: null }), value: null, isSecret: false },
    { because: "an output may be secret", wire: wrapped(kinds.output, { value: 1, secret: true }), value: 1, isSecret: true },
    { because: "an unknown output may be secret", wire: wrapped(kinds.output, { secret: true }), value: unknown, isSecret: true },
    { because: "a resource is its id", wire: wrapped(kinds.resource, { urn: "u", id: "i" }), value: "i", isSecret: false },
    { because: "a component has only a URN", wire: wrapped(kinds.resource, { urn: "u" }), value: "u", isSecret: false },
    { because: "a resource to come has no id yet", wire: wrapped(kinds.resource, { urn: "u", id: "" }), value: unknown, isSecret: false },
    {
      because: "wrappers nest",
      wire: wrapped(kinds.secret, { value: wrapped(kinds.output, { value: { a: unknownSentinel } }) }),
      value: { a: unknown },
      isSecret: true,
    },
    {
      because: "the engine's own keys go, at any depth",
      wire: { __defaults: [], a: [{ __b: 1, c: 2 }] },
      value: { a: [{ c: 2 }] },
      isSecret: false,
    },
  ])("$because", ({ wire, value, isSecret }) => {
    expect(decodeJson({ property: wire })).toEqual({ values: { property: value }, secrets: isSecret ? [["property"]] : [], problems: [] });
  });

  test.each([
    { because: "an asset has no plain form", wire: { a: [{ b: wrapped(kinds.asset, { text: "x" }) }] }, path: "a[0].b" },
    { because: "nor has an archive", wire: { "a.b": wrapped(kinds.archive, { assets: {} }) }, path: '["a.b"]' },
    { because: "a kind of a later engine must not be taken for an object", wire: { a: wrapped("another", {}) }, path: "a" },
  ])("$because", ({ wire, path }) => {
    expect(decodeJson(wire).problems.map((problem) => problem.path)).toEqual([path]);
    expect(() => decodeOrRefuse(Struct.fromJavaScript(wire as never))).toThrow(path);
  });

  test("nothing sent is nothing", () => {
    expect(decode(undefined)).toEqual({ values: {}, secrets: [], problems: [] });
  });

  test("a value nested beyond reason is refused before the stack is full", () => {
    let nested: JavaScriptValue = 1;
    for (let depth = 0; depth < 600; depth++) nested = [nested];
    expect(() => decodeJson({ deep: nested })).toThrow("nested too deeply");
  });
});

describe("encode", () => {
  test("drops what is undefined, but keeps the places of a list", () => {
    expect(encode({ a: undefined, b: { c: undefined }, d: [undefined, 1] }).toJavaScript()).toEqual({ b: {}, d: [null, 1] });
  });

  test("a secret that is not there is not there", () => {
    expect(encode({ a: undefined }, [["a"], ["b", "c"]]).toJavaScript()).toEqual({});
  });

  test.each([
    { because: "JSON has no NaN", value: Number.NaN },
    { because: "nor infinity", value: Number.POSITIVE_INFINITY },
    { because: "a date would become an empty object", value: new Date(0) },
    { because: "so would a map", value: new Map([["a", 1]]) },
    { because: "a function is no value", value: () => 1 },
    { because: "a big integer would lose digits", value: 1n },
    { because: "a foreign symbol means nothing", value: Symbol("x") },
  ])("says where it cannot: $because", ({ value }) => {
    expect(() => encode({ a: [{ b: value }] })).toThrow(/a\[0\]\.b .*bug/);
  });
});
