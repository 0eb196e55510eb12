// Arbitrary property values for property tests of the wire.
import fc from "fast-check";
import { unknown, type Value, type Values } from "../resources/resource";

/** Any name but the engine's own, JavaScript's awkward ones included. */
const propertyName = fc
  .oneof(fc.string({ maxLength: 8 }), fc.constantFrom("constructor", "toString", "a.b", "", "value", "secret", "urn"))
  .filter((name) => !name.startsWith("__"));

const leaf: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
  fc.boolean(),
  fc.constant(null),
  fc.constant(unknown),
);

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(propertyName, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

export const arbitraryValues: fc.Arbitrary<Values> = fc.dictionary(propertyName, value, { maxKeys: 5, noNullPrototype: true });
